"""DP-SGD: clipping, noise, the epsilon against closed forms and published numbers, runs that repeat and go on."""

import math
import sys
from dataclasses import replace

import pytest
import torch
from torch import nn

from mia_kit.access import WhiteBox
from mia_kit.defences import (
    BidoObjective,
    DropoutObjective,
    MixupObjective,
    PrivateSettings,
    fit_private,
    with_group_norm,
)
from mia_kit.defences.dp_sgd import _Stepper, spent
from mia_kit.models import SmallClassifier
from mia_kit.smoothing import smoothed_cross_entropy
from mia_kit.training import CheckpointError, SmoothedObjective, flip_and_shift
from tests.defences.tiny_task import linear, task
from tests.training.test_resume import StoppedError, stops_after


@pytest.fixture
def opacus():
    return pytest.importorskip("opacus", reason='needs Opacus: pip install "mia_kit[dp]"')


def model(seed=0):
    return with_group_norm(SmallClassifier(1, 2, seed=seed, width=4))


def one_step(network, pictures=12, smoothing=0.0, **settings):
    """The gradient that a step with so many pictures hands to plain SGD at rate 1, as one vector."""
    before = nn.utils.parameters_to_vector(network.parameters()).detach()
    private = PrivateSettings(batch_size=8, learning_rate=1.0, **settings)
    stepper = _Stepper(network, private, torch.optim.SGD(network.parameters(), lr=1.0))
    stepper.noise.manual_seed(0)
    images, labels = task()
    stepper.step(SmoothedObjective(smoothing, 1), images[:pictures], labels[:pictures], 0)
    stepper.close()
    return before - nn.utils.parameters_to_vector(network.parameters()).detach()


@pytest.mark.parametrize(("kind", "smoothing"), [(model, 0.0), (linear, 0.0), (model, 0.3)])
@pytest.mark.parametrize("clip", [1e-2, 1e6])
def test_without_noise_a_step_is_the_mean_of_clipped_gradients(kind, smoothing, clip, opacus):
    network, each = kind(), []
    for image, label in zip(*task(), strict=True):
        loss = smoothed_cross_entropy(network(image[None]), label[None], smoothing)
        each.append(torch.cat([part.flatten() for part in torch.autograd.grad(loss, list(network.parameters()))]))
    norms = torch.stack(each).norm(dim=1, keepdim=True)
    assert (norms > 1e-2).any() and (norms < 1e6).all()
    expected = (torch.stack(each) * (clip / norms).clamp(max=1)).sum(dim=0) / 8  # the expected size of a batch, not 12
    step = one_step(network, smoothing=smoothing, noise_multiplier=0.0, clip_norm=clip)
    torch.testing.assert_close(step, expected, atol=2e-5, rtol=2e-3)
    assert step.norm() <= 12 / 8 * clip * 1.001


@pytest.mark.parametrize(
    "objective", [MixupObjective(1.0), BidoObjective(), DropoutObjective(0.5, MixupObjective(1.0))]
)
def test_objectives_that_mix_pictures_are_refused(objective):
    kind = type(objective).__name__
    with pytest.raises(ValueError, match=f"promises nothing with {kind}: it (mixes|compares) the pictures of a batch"):
        trained(objective=objective)


@pytest.mark.parametrize("pictures", [12, 0])
def test_noise_has_the_stated_deviation_also_in_a_step_without_pictures(pictures, opacus):
    quiet = one_step(linear(), noise_multiplier=0.0, clip_norm=0.5) if pictures else 0
    noise = one_step(linear(), pictures, noise_multiplier=3.0, clip_norm=0.5) - quiet
    deviation = 3.0 * 0.5 / 8  # 514 weights: the deviation's own is 3 %, the mean's 4 %
    assert noise.std().item() == pytest.approx(deviation, rel=0.15) and abs(noise.mean()) < 0.2 * deviation


def test_every_picture_is_drawn_with_the_same_probability(opacus):
    """Batches of n = 200 at q = 0.1 have 20 pictures on average, with variance n q (1 - q) = 18."""
    sizes = []

    def count(images, generator):
        sizes.append(len(images))
        return images

    network, images = linear(), torch.zeros(200, 1, 16, 16)
    nn.init.zeros_(network[1].bias)
    settings = PrivateSettings(0.0, epochs=12, batch_size=20, learning_rate=0.0)
    labels = torch.zeros(200, dtype=torch.long)
    options = {"augment": count, "optimiser": torch.optim.SGD, "progress": False}
    result = fit_private(network, images, labels, seed=0, settings=settings, **options)
    assert len(sizes) == result.privacy.steps == 120 and result.privacy.epsilon == math.inf
    found = torch.tensor(sizes).double()
    assert found.mean().item() == pytest.approx(20, abs=1.2) and found.var().item() == pytest.approx(18, rel=0.4)
    assert [epoch.loss for epoch in result.history] == pytest.approx([math.log(2)] * 12, rel=1e-5)


def test_epsilon_of_the_whole_data_is_the_gaussian_mechanisms(opacus):
    """q = 1: T steps have the divergence T alpha / (2 sigma^2); epsilon as in Balle et al. (2020), theorem 21."""
    sigma, steps, delta = 4.0, 10, 1e-5
    orders = [1 + x / 10 for x in range(1, 100)] + list(range(12, 64))
    closed = min(
        steps * a / (2 * sigma**2) + math.log((a - 1) / a) - (math.log(delta) + math.log(a)) / (a - 1) for a in orders
    )
    found = spent(PrivateSettings(sigma), delta=delta, sample_rate=1.0, steps=steps)
    assert found.epsilon == pytest.approx(closed, abs=1e-6)


@pytest.mark.parametrize(("sigma", "epochs", "published"), [(1.3, 15, 1.19), (1.1, 60, 3.01), (0.7, 45, 7.10)])
def test_epsilon_is_just_below_the_published_one(sigma, epochs, published, opacus):
    """The table of TensorFlow Privacy's MNIST tutorial (60,000 pictures, 256 a batch, delta 1e-5), which turns
    divergences into epsilon by Mironov's looser rule: it is reproduced with that rule, and ours lies below it."""
    steps = epochs * 60_000 // 256
    orders = [1 + x / 10 for x in range(1, 100)] + list(range(12, 64))
    divergences = opacus.accountants.analysis.rdp.compute_rdp(
        q=256 / 60_000, noise_multiplier=sigma, steps=steps, orders=orders
    )
    loose = min(d - math.log(1e-5) / (a - 1) for a, d in zip(orders, divergences, strict=True))
    assert loose == pytest.approx(published, rel=0.01)
    found = spent(PrivateSettings(sigma), delta=1e-5, sample_rate=256 / 60_000, steps=steps)
    assert 0.75 * published < found.epsilon < published


SETTINGS = PrivateSettings(0.5, epochs=3, batch_size=4, learning_rate=0.01)


def trained(seed=0, settings=SETTINGS, **options):
    network = model()
    return network, fit_private(network, *task(), seed=seed, settings=settings, progress=False, **options)


def test_the_seed_decides_the_weights_and_the_price_is_in_the_result(opacus):
    state = torch.get_rng_state()
    (first, result), (again, _), (other, _) = trained(), trained(), trained(seed=1)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first.head.weight, again.head.weight) and not torch.equal(first.head.weight, other.head.weight)
    assert not first.training and not hasattr(first.head.weight, "grad_sample")
    privacy = result.privacy
    assert (privacy.steps, privacy.sample_rate, privacy.delta) == (9, 4 / 12, pytest.approx(0.1 / 12))
    expected = spent(SETTINGS, delta=0.1 / 12, sample_rate=4 / 12, steps=9)
    assert privacy == expected and 0 < privacy.epsilon < math.inf
    assert f"epsilon {privacy.epsilon:.3g} at delta 8.3e-03" in str(privacy)
    images = task()[0].requires_grad_()
    for scores in (WhiteBox(first).logits(images), WhiteBox(first).features(images)):
        assert torch.autograd.grad(scores.square().sum(), images)[0].abs().max() > 0


def test_of_the_head_alone_the_rest_stays_as_it_is_batch_norm_included(opacus):
    images, labels = task()
    settings = PrivateSettings(0.01, epochs=25, batch_size=6, learning_rate=0.05, head_only=True)
    network = SmallClassifier(1, 2, seed=0, width=4)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    result = fit_private(network, images, labels, seed=0, settings=settings, progress=False)
    moved = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert moved == {"head.weight", "head.bias"}
    assert all(weight.requires_grad and weight.grad is None for weight in network.parameters())
    by_hand = nn.Sequential(nn.Flatten(), nn.Linear(32, 2))  # a linear layer on features that never change
    by_hand[1].load_state_dict({name.removeprefix("head."): before[name] for name in moved})
    features = SmallClassifier(1, 2, seed=0, width=4).eval().features(images).detach()
    features = features.view(12, 1, 8, 4)
    assert features.max() <= 1
    settings = replace(settings, head_only=False)
    again = fit_private(by_hand, features, labels, seed=0, settings=settings, progress=False)
    assert again.privacy == result.privacy
    torch.testing.assert_close(by_hand[1].weight, network.head.weight, atol=1e-5, rtol=1e-4)
    assert (network(images).argmax(dim=1) == labels).all()


def test_a_stopped_run_goes_on_to_the_same_end(tmp_path, opacus):
    alone, result = trained(augment=flip_and_shift)
    with pytest.raises(StoppedError):
        trained(augment=stops_after(1), checkpoint=tmp_path / "dp.pt")
    resumed, again = trained(augment=flip_and_shift, checkpoint=tmp_path / "dp.pt")
    assert torch.equal(alone.head.weight, resumed.head.weight) and result.history == again.history
    with pytest.raises(CheckpointError, match="other settings"):
        trained(seed=5, augment=flip_and_shift, checkpoint=tmp_path / "dp.pt")


def test_without_opacus_there_is_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "opacus", None)
    with pytest.raises(ImportError, match=r'DP-SGD needs Opacus: run pip install "mia_kit\[dp\]"'):
        trained()


def test_noise_and_pictures_have_streams_of_their_own(opacus):
    stepper = _Stepper(network := linear(), SETTINGS, torch.optim.SGD(network.parameters(), lr=1.0))
    pictures = stepper.begin(1)
    assert not torch.equal(torch.randn(5, generator=pictures), torch.randn(5, generator=stepper.noise))
    stepper.close()


def test_epsilon_is_never_negative(opacus):
    """At a delta of 0.9 and great noise the conversion goes below 0, where 0 can be promised."""
    assert spent(PrivateSettings(50.0), delta=0.9, sample_rate=0.01, steps=1).epsilon == 0


@pytest.mark.parametrize("noise", [1e-7, 1e-155, 1e-200])
def test_next_to_no_noise_guarantees_nothing(noise):
    assert spent(PrivateSettings(noise), delta=1e-5, sample_rate=0.1, steps=10).epsilon == math.inf
