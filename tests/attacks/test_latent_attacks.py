"""What GMI, KED-MI, PLG-MI and VMI share: made once, the best start, priors that are trained, a loss of LOMMA's."""

import math
from typing import Any

import pytest
import torch
from quarters import SIZE, FlatPrior, Quarters, public_images
from test_every_attack import SETTINGS, attack, prior_of

from mia_kit.access import WhiteBox
from mia_kit.attacks import cross_entropy, kedmi, lomma, margin, plgmi
from mia_kit.attacks.descent import descend
from mia_kit.attacks.latent_search import answers, on_images
from mia_kit.attacks.prior_to_target import as_seen
from mia_kit.models.convolutional_gan import ClassDiscriminator, ConvolutionalPrior, ProjectionCritic
from mia_kit.models.priors import sample_latents
from mia_kit.training.seeds import turn_generator
from mia_kit.training.wasserstein import AdversarySettings

LATENT = ("gmi", "kedmi", "plgmi")


@pytest.mark.parametrize("name", LATENT)
def test_images_are_synthesised_once_for_every_measure(name: str) -> None:
    prior = prior_of(name)
    attack(name, prior=prior, changes={"steps": 4})
    searches = 2 if name == "kedmi" else 6
    assert prior.made == 2 + 4 * searches + 6  # the first two tell whether prior and target fit


@pytest.mark.parametrize("name", LATENT)
def test_the_best_start_by_the_targets_confidence_is_selected(name: str) -> None:
    model = Quarters(scale=1)
    result = attack(name, WhiteBox(model), changes={"steps": 1})
    confidences = model(result.images).softmax(dim=1).gather(1, result.targets[:, None]).squeeze(1)
    torch.testing.assert_close(result.scores, confidences, atol=1e-5, rtol=1e-5)
    best = confidences.view(2, 3).argmax(dim=1)
    assert result.selected.view(2, 3).nonzero()[:, 1].tolist() == best.tolist()
    assert confidences.view(2, 3).std(dim=1).min() > 1e-3  # there was something to choose


@pytest.mark.parametrize(("name", "weight"), [("kedmi", {"identity_weight": 3.0}), ("vmi", {"divergence_weight": 0.3})])
def test_a_distribution_against_a_plain_loop(name: str, weight: dict[str, float]) -> None:
    """Both terms, the noise of a step and Adam's rate, written out for two starts."""
    model, prior = Quarters(), FlatPrior()
    found = attack(name, targets=[1], seed=0, changes={"steps": 6, "samples": 1, "starts": 2} | weight)
    mean, log_variance = torch.zeros(2, 4, requires_grad=True), torch.zeros(2, 4, requires_grad=True)
    adam = torch.optim.Adam([mean, log_variance], lr=0.02)
    for step in range(6):
        noise = torch.randn(2, 4, generator=turn_generator(1, step))
        told = cross_entropy(model(prior.synthesise(mean + (log_variance / 2).exp() * noise)), torch.tensor([1, 1]))
        nats = 0.5 * (log_variance.exp() + mean**2 - 1 - log_variance).sum(dim=1)
        losses = 3 * told + math.log(5 / 4) if name == "kedmi" else told + 0.3 * nats  # four classes against one
        torch.testing.assert_close(found.trace.losses[step], losses.detach(), atol=1e-4, rtol=1e-4)
        adam.zero_grad()
        losses.sum().backward()
        adam.step()
    expected = mean + (log_variance / 2).exp() * sample_latents(prior, 2, seed=0)
    torch.testing.assert_close(found.codes, expected.detach(), atol=1e-4, rtol=1e-4)


def train(name: str, access: Any, *, checkpoint=None) -> int:
    """Train a tiny GAN as the attack does, and count the queries."""
    options = {"image_size": (1, *SIZE), "width": 4}
    settings = AdversarySettings(steps=6, batch_size=5, critic_steps=2)
    more = {"seed": 3, "settings": settings, "input_size": SIZE, "progress": False, "checkpoint": checkpoint}
    generator = ConvolutionalPrior(seed=0, latent_size=3, classes=4 if name == "plgmi" else 0, **options)
    if name == "kedmi":
        discriminator = ClassDiscriminator(4, seed=1, **options)
        return kedmi.train(access, public_images(), generator=generator, discriminator=discriminator, **more)
    critic = ProjectionCritic(4, seed=1, **options)
    return plgmi.train(access, public_images(), generator=generator, critic=critic, per_class=3, **more)


@pytest.mark.parametrize(("name", "expected"), [("kedmi", 40), ("plgmi", 40 + 6 * 5)])
def test_training_counts_its_queries_and_teaches_the_target_nothing(name: str, expected: int, tmp_path) -> None:
    model = Quarters().train()
    access = WhiteBox(model)
    queries = train(name, access, checkpoint=tmp_path / "gan.pt")
    assert queries == expected == access.queries == sum(model.log.batches)
    again = train(name, access, checkpoint=tmp_path / "gan.pt")  # is finished: asks for labels alone
    assert again == expected and sum(model.log.batches) == expected + 40
    norm = access.model.body[2]
    assert norm.num_batches_tracked == 0 and norm.running_mean.tolist() == [0] * 4


def test_lomma_is_an_option_of_both_inversions() -> None:
    model = Quarters()
    access = WhiteBox(model)
    loss = lomma.prepare(access, [], public_images(), seed=0, penalty=0.01)
    for name in ("gmi", "kedmi"):
        asked = sum(model.log.batches)
        result = attack(name, access, loss=loss)
        searches = 6 if name == "gmi" else 2
        assert result.queries == 1 + searches * SETTINGS[name].steps + 6 == sum(model.log.batches) - asked
        assert torch.equal(model(result.images).argmax(dim=1), result.targets)


@pytest.mark.parametrize("scale", [1.0, 1e-12])  # a target with negative labels has gradients as short
def test_records_of_a_descent_by_hand(scale: float) -> None:
    """x^2 + 3 y from (2, 0) with a rate of 0.1: gradients (4, 3), (3.2, 3)."""
    x, y = torch.tensor([[2.0]], requires_grad=True), torch.zeros(1, 1, requires_grad=True)
    bar, walk = type("Bar", (), {"update": lambda self, count: None})(), torch.optim.SGD([x, y], lr=0.1 / scale)
    records = descend([x, y], lambda _: scale * (x.square() + 3 * y)[:, 0], walk, 2, bar=bar)
    cosine = (4 * 3.2 + 9) / (5 * (3.2**2 + 9) ** 0.5)
    assert (records[0, :, 0] / scale).tolist() == pytest.approx([4.0, 1.6**2 - 0.9])
    assert (records[1, :, 0] / scale).tolist() == pytest.approx([5.0, (3.2**2 + 9) ** 0.5])
    assert records[2, 0].isnan().all() and records[2, 1, 0].item() == pytest.approx(cosine)
    with pytest.raises(ValueError, match=r"losses, one a search, must have the shape \(1,\), got \(1, 1\) instead"):
        descend([x, y], lambda _: x + y, torch.optim.SGD([x, y], lr=0.1), 1, bar=bar)


def test_images_are_shown_as_the_target_takes_them() -> None:
    """Grey for a grey target, the mean of the colours, and of its size; the loss is of its logits then."""
    model = Quarters()
    model.channels = 1
    grey = public_images() / 2
    colour = grey + torch.tensor([0.5, 0.0, -0.5]).view(1, 3, 1, 1)
    access = WhiteBox(model)
    torch.testing.assert_close(answers(access, colour, SIZE), model(grey).softmax(dim=1), atol=1e-6, rtol=1e-5)
    assert as_seen(access, colour, (16, 12)).shape == (40, 1, 16, 12)
    told = on_images(access, margin)(grey[:4], torch.arange(4))
    torch.testing.assert_close(told, margin(model(grey[:4]), torch.arange(4)))
