"""MID: the divergence, the noise that repeats itself, the loss that beta reaches, the face of a classifier."""

import torch
from torch.nn.functional import cross_entropy

from mia_kit.access import WhiteBox
from mia_kit.defences import BottleneckClassifier, MidObjective
from mia_kit.defences.mid import divergence
from mia_kit.models import SmallClassifier
from tests.defences.tiny_task import task


def bottleneck(seed=0):
    return BottleneckClassifier(SmallClassifier(1, 2, seed=0, width=4), seed=seed)


def test_divergence_is_pytorchs_and_its_gradient_is_right():
    mean, raw = torch.randn(2, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    normal = torch.distributions.Normal
    expected = torch.distributions.kl_divergence(normal(mean, raw.exp()), normal(0.0, 1.0)).sum(dim=1)
    torch.testing.assert_close(divergence(mean, raw.exp()), expected, atol=1e-12, rtol=1e-12)
    inputs = (mean.requires_grad_(), raw.requires_grad_())
    assert torch.autograd.gradcheck(lambda mean, raw: divergence(mean, raw.exp()), inputs)


def test_a_deviation_that_underflows_still_has_a_divergence_and_a_gradient():
    model, (images, labels) = bottleneck(), task()
    with torch.no_grad():
        model.bottleneck.bias[16:] = -300.0
    loss = MidObjective(0.0)(model, images, labels, 0)
    loss.backward()
    torch.testing.assert_close(loss, cross_entropy(model.head(model.code(images)[0]), labels))
    assert all(weight.grad is None or weight.grad.isfinite().all() for weight in model.parameters())


def test_the_bottleneck_halves_the_features_and_begins_with_small_deviations():
    model = bottleneck()
    mean, deviation = model.code(task()[0])
    assert mean.shape == deviation.shape == (12, 16) and model.head.in_features == 16  # of 32
    raw = model.bottleneck(model.inner.features(task()[0]))[:, 16:]
    torch.testing.assert_close(deviation, (1 + (raw - 5).exp()).log(), atol=1e-6, rtol=1e-3)
    assert deviation.max() < 0.05


def test_evaluation_is_noisy_and_begins_anew_with_eval():
    model, images = bottleneck(5).eval(), task()[0]
    with torch.no_grad():
        model.bottleneck.bias[16:] = 5.0  # deviations of about 0.7
    first, second = model.logits(images), model.logits(images)
    torch.rand(3)  # global random numbers do not matter
    model.eval()
    assert torch.equal(model.logits(images), first) and torch.equal(model.logits(images), second)
    assert (first - second).abs().max() > 0.01
    assert not torch.equal(WhiteBox(bottleneck(6)).logits(images), first)
    many = model.features(images[:1].expand(4000, -1, -1, -1))
    mean, deviation = model.code(images[:1])
    torch.testing.assert_close(many.mean(dim=0), mean[0], atol=0.06, rtol=0)
    torch.testing.assert_close(many.std(dim=0), deviation[0], atol=0, rtol=0.08)


def test_objective_is_cross_entropy_plus_beta_times_the_divergence():
    model, (images, labels) = bottleneck(), task()
    torch.manual_seed(3)
    mean, deviation = model.code(images)
    noise = torch.randn(12, 16)
    plain = cross_entropy(model.head(mean + deviation * noise), labels)
    extra = divergence(mean, deviation).mean()
    for beta in (0.0, 0.003, 2.0):
        torch.manual_seed(3)
        loss = MidObjective(beta)(model.train(), images, labels, 0)
        torch.testing.assert_close(loss, plain + beta * extra, atol=1e-4, rtol=1e-4)
