"""LOMMA: its loss by hand, the mean over surrogates, and surrogates that learn from the target's answers."""

import pytest
import torch
from torch import nn

from mia_kit.access import WhiteBox
from mia_kit.attacks import lomma
from mia_kit.models import SmallClassifier


class TwoNumbers(nn.Module):
    """Features are the two pixels times `scale`; logits these times a matrix."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.head = nn.Linear(2, 3, bias=False, dtype=torch.float64)
        with torch.no_grad():
            self.head.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]]))

    def features(self, images):
        return self.scale * images.flatten(1)

    def forward(self, images):
        return self.head(self.features(images))


IMAGES = torch.tensor([[1.0, 2.0], [3.0, -1.0]], dtype=torch.float64).view(2, 1, 1, 2)
TARGETS = torch.tensor([0, 2])


def boxes(*scales: float) -> tuple[WhiteBox, ...]:
    return tuple(WhiteBox(TwoNumbers(scale)) for scale in scales)


def test_the_loss_by_hand() -> None:
    """Features (1, 2) and (3, -1); logits of the targets 1 and 2; squares off (1, 1): 1 and 8, halved."""
    reference = torch.tensor([1.0, 1.0], dtype=torch.float64)
    models = boxes(1.0)
    assert lomma.IdentityLoss(models, reference, 1.0).of_images(IMAGES, TARGETS).tolist() == [-0.5, 2.0]
    assert lomma.IdentityLoss(models, reference, 0.5).of_images(IMAGES, TARGETS).tolist() == [-0.75, 0.0]
    assert models[0].queries == 4  # one an image and call


def test_the_mean_over_the_target_and_its_surrogates() -> None:
    """The surrogate's features are twice as large, its logits 2 and 4; the penalty, 0.5 and 4, is the target's."""
    reference = torch.tensor([1.0, 1.0], dtype=torch.float64)
    both = lomma.IdentityLoss(boxes(1.0, 2.0), reference, 1.0).of_images(IMAGES, TARGETS)
    assert both.tolist() == [(-1 - 2) / 2 + 0.5, (-2 - 4) / 2 + 4.0]


def faces(count: int = 48) -> torch.Tensor:
    random = torch.Generator().manual_seed(0)
    shades = torch.rand(count, 1, 2, 2, generator=random) * 2 - 1
    return shades.repeat_interleave(8, 2).repeat_interleave(8, 3)


def target() -> WhiteBox:
    """An untrained classifier with opinions: its logits are spread out."""
    model = SmallClassifier(1, 3, seed=4, width=4)
    with torch.no_grad():
        model.head.weight.mul_(30)
    return WhiteBox(model)


@pytest.mark.slow
def test_surrogates_learn_the_targets_answers_at_one_query_an_image() -> None:
    access, images = target(), faces()
    surrogates = [SmallClassifier(1, 3, seed=seed, width=4) for seed in (1, 2)]
    settings = {"epochs": 15, "learning_rate": 0.1, "batch_size": 8}
    wanted = access.confidences(images)
    access.queries = 0

    def apart(model) -> float:
        with torch.no_grad():
            return lomma.divergence(model.eval(), images, wanted, 0).item()

    before = [apart(model) for model in surrogates]
    loss = lomma.prepare(access, surrogates, images, seed=0, progress=False, **settings)
    assert loss.queries == 48 == access.queries
    assert all(apart(model) < 0.5 * first for model, first in zip(surrogates, before, strict=True))
    assert len(loss.models) == 3 and loss.models[0] is access and loss.penalty == 1
    torch.testing.assert_close(loss.reference, access.features(images).mean(dim=0), atol=1e-5, rtol=1e-4)
    for model in loss.models:
        assert not any(weight.requires_grad for weight in model.model.parameters())


def test_divergence_by_hand() -> None:
    """From (1/2, 1/2) to (1/4, 3/4): the target's confidences come first."""
    logits, answers = torch.tensor([[0.25, 0.75]]).log(), torch.tensor([[0.5, 0.5]])
    expected = 0.5 * torch.tensor(2.0).log() + 0.5 * torch.tensor(2 / 3).log()
    assert lomma.divergence(lambda images: logits, torch.zeros(1), answers, 0).item() == pytest.approx(expected.item())
