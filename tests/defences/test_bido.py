"""BiDO: the criterion against explicit inverses and closed forms, the layers, the weights that reach the loss."""

import pytest
import torch
from torch.nn.functional import cross_entropy, one_hot

from mia_kit.defences import BidoObjective
from mia_kit.defences.bido import gaussian_kernel, hidden_layers, linear_kernel, normalised_hsic, weighted_dependence
from mia_kit.models import ResidualClassifier, SmallClassifier


def rows(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def explicit(kernel):
    """R as it is printed, of a kernel matrix that is centred on one side only."""
    m = len(kernel)
    kernel = kernel @ (torch.eye(m, dtype=kernel.dtype) - 1 / m)
    return kernel @ torch.linalg.inv(kernel + 1e-5 * m * torch.eye(m, dtype=kernel.dtype))


def plain_gaussian(x):
    x = x.flatten(1)
    distances = (x[:, None] - x[None]).square().sum(dim=2)
    return torch.exp(-distances / (2 * 25 * x.shape[1]))


@pytest.mark.parametrize("m", [2, 5, 30])
def test_equals_the_printed_form_with_explicit_inverses(m):
    x, y = rows(m, 3, 4), one_hot(torch.arange(m) % 3, 3).double()
    ours = normalised_hsic(gaussian_kernel(x), linear_kernel(y))
    printed = (explicit(plain_gaussian(x)) * explicit(y @ y.T).T).sum()
    torch.testing.assert_close(ours, printed, atol=1e-7, rtol=1e-7)


def test_two_rows_by_hand():
    """Centred, a kernel with 1 and c is (1 - c) / 2 [[1, -1], [-1, 1]]: one eigenvalue, 1 - c, against 2e-5."""
    x = torch.tensor([[0.0], [10.0]], dtype=torch.float64)
    c = torch.tensor(-2.0).double().exp()  # 100 / (2 * 25)
    top = (1 - c) / (1 - c + 2e-5)
    torch.testing.assert_close(normalised_hsic(gaussian_kernel(x), gaussian_kernel(x)), top**2, atol=1e-12, rtol=0)
    labels = torch.eye(2, dtype=torch.float64)  # a linear kernel with 1 and 0
    expected = top / (1 + 2e-5)
    torch.testing.assert_close(normalised_hsic(gaussian_kernel(x), linear_kernel(labels)), expected, atol=1e-12, rtol=0)


def test_the_sum_over_layers_is_the_printed_one():
    hidden, images, labels = [rows(6, 4, seed=1), rows(6, 2, 2, seed=2)], rows(6, 9), torch.tensor([0, 1, 2, 0, 1, 1])
    ours = weighted_dependence(hidden, images, labels, 3, picture_weight=0.05, label_weight=0.5)
    targets = one_hot(labels).double()
    on_images, on_labels = explicit(plain_gaussian(images)), explicit(targets @ targets.T)
    layers = [explicit(plain_gaussian(layer)) for layer in hidden]
    printed = sum(0.05 * (layer * on_images.T).sum() - 0.5 * (layer * on_labels.T).sum() for layer in layers)
    torch.testing.assert_close(ours, printed, atol=1e-7, rtol=1e-7)


@pytest.mark.parametrize("kind", [SmallClassifier, ResidualClassifier])
def test_five_layers_and_the_last_is_the_features(kind):
    model, images = kind(3, 4, seed=0, width=4).eval(), rows(2, 3, 32, 32).float()
    names, sizes = hidden_layers(model), []
    parts = dict(model.named_modules())
    hooks = [parts[name].register_forward_hook(lambda _, __, out: sizes.append(tuple(out.shape))) for name in names]
    features = model.features(images)
    assert len(names) == 5 and sizes[-1] == tuple(features.shape)
    assert [size[2] for size in sizes[:4]] == [16, 8, 4, 2]
    assert all(hooks)


def test_both_weights_reach_the_loss_and_the_weights_of_the_model():
    """A public version trains no defence by default: its weights never get to the loss."""
    labels, model = torch.arange(12) % 2, SmallClassifier(1, 2, seed=0, width=4)
    images = (0.3 * rows(12, 1, 16, 16) + labels[:, None, None, None] - 0.5).clamp(-1, 1).float()
    plain = cross_entropy(model(images), labels)
    losses = {pair: BidoObjective(*pair)(model, images, labels, 0) for pair in ((0, 0), (1, 0), (0, 1), (0.05, 0.5))}
    torch.testing.assert_close(losses[0, 0], plain)
    on_picture, on_label = losses[1, 0] - plain, losses[0, 1] - plain
    assert on_picture > 0.1 and on_label < -0.1
    torch.testing.assert_close(losses[0.05, 0.5], plain + 0.05 * on_picture + 0.5 * on_label, atol=1e-3, rtol=1e-3)
    assert torch.equal(BidoObjective()(model, images, labels, 0), losses[0.05, 0.5])  # the paper's are the default
    first = model.body[0][0].weight
    gradients = [torch.autograd.grad(losses[pair], first)[0] for pair in ((0, 0), (0.05, 0.5))]
    assert (gradients[0] - gradients[1]).abs().max() > 1e-4
    assert not model.body[0]._forward_hooks
