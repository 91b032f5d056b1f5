"""What no attack takes: other classes, another kind of access, a prior that does not fit, losses of nonsense."""

from collections.abc import Callable

import pytest
import torch
from quarters import SIZE, no_classes, public_images
from quarters import Quarters as Layered
from test_latent_attacks import attack as latent
from test_latent_attacks import train
from test_not_numbers import ATTACKS, COMMON, PPA, Silent
from tiny_target import FlatPrior, Quarters
from torch import Tensor, nn

from mia_kit.access import AccessError, ConfidenceAPI, LabelAPI, WhiteBox
from mia_kit.attacks import Settings, gmi, inversion_model, kedmi, lomma, plgmi, ppa
from mia_kit.attacks.adaptive_losses import Boundary, Tempered, adapted
from mia_kit.attacks.crops import Crop
from mia_kit.attacks.latent_search import answers
from mia_kit.attacks.losses import cross_entropy
from mia_kit.models import SmallClassifier
from mia_kit.models.convolutional_gan import ClassDiscriminator, ConvolutionalPrior, ProjectionCritic
from mia_kit.models.priors import DCGAN

LESS = {"mirror black": LabelAPI, "brep": None}  # the kinds of access that are not enough; labels are for BREP-MI
TINY = SmallClassifier(1, 3, seed=0, width=4)
LOGITS = torch.zeros(2, 3)
NETWORKS = {"image_size": (1, *SIZE), "width": 8}


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("targets", [[4], [-1], [0, 0], []])
def test_targets_that_do_not_fit(name: str, targets: list[int]) -> None:
    if name == "brep" and targets == [4]:
        pytest.skip("an attacker with labels alone cannot know how many there are")
    with pytest.raises(ValueError, match="target_classes must be"):
        ATTACKS[name](WhiteBox(Layered()), targets)


@pytest.mark.parametrize("name", [name for name in ATTACKS if name != "brep"])
def test_less_access_is_not_enough(name: str) -> None:
    model = Layered()
    with pytest.raises(AccessError, match="(gives no|needs the gradients of a WhiteBox, got)"):
        ATTACKS[name](LESS.get(name, ConfidenceAPI)(model), [0])
    assert not model.log.batches


@pytest.mark.parametrize("name", [name for name in ATTACKS if name != "fredrikson"])
def test_a_grey_prior_for_a_colour_target(name: str) -> None:
    access = WhiteBox(SmallClassifier(3, 4, seed=0, width=4))
    with pytest.raises(ValueError, match="the target expects images of 3 channels, got a prior of 1 instead"):
        ATTACKS[name](access, [0])
    assert access.queries == 0


class Mixed(FlatPrior):
    """Codes of one prior, images of another."""

    def synthesise(self, codes: Tensor) -> Tensor:
        return DCGAN(width=4).synthesise(codes)


def discriminated(classes: int) -> object:
    generator, critic = ConvolutionalPrior(seed=0, **NETWORKS), ClassDiscriminator(classes, seed=1, **NETWORKS)
    return kedmi.train(WhiteBox(Layered()), public_images(), generator=generator, discriminator=critic, seed=0)


def projected(classes: int) -> object:
    generator, critic = ConvolutionalPrior(seed=0, classes=classes, **NETWORKS), ProjectionCritic(3, seed=1, **NETWORKS)
    return plgmi.train(WhiteBox(Layered()), public_images(), generator=generator, critic=critic, seed=0)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: ppa.run(WhiteBox(TINY), [0], prior=FlatPrior(), settings=PPA, **COMMON), r"h and w at least 16, got"),
        (
            lambda: ppa.run(WhiteBox(Quarters()), [0], prior=Mixed(), settings=PPA, **COMMON),
            r"\(n, 100\), got \(1, 4\)",
        ),
        (lambda: Settings(pool=100), "candidates, at most pool, must be from 1 to 100, got 200"),
        (lambda: Settings(betas=(0.1, 1.0)), "each of betas must lie in"),
        (lambda: Settings(steps=6, film=(2, 1)), "film must be rising numbers of steps, got"),
        (lambda: Settings(steps=6, film=(7,)), "each step of film must be from 0 to 6, got 7"),
        (lambda: Crop(area=(0.9, 0.5)), "the greatest area must lie in"),
        (lambda: Crop(area=(0.5, 0.9), mirror=2), "mirror must lie in"),
        (lambda: latent("gmi", prior=ConvolutionalPrior(seed=0, latent_size=4, **NETWORKS).train()), "evaluation mode"),
        (lambda: latent("gmi", critic=lambda images: images.mean(dim=(2, 3))), r"verdicts .* \(6,\), got \(6, 1\)"),
        (lambda: kedmi.run(LabelAPI(TINY), [0], prior=FlatPrior(), discriminator=no_classes, seed=0), "got LabelAPI"),
        (lambda: train("plgmi", LabelAPI(Quarters())), "PLG-MI needs the gradients of a WhiteBox, got LabelAPI"),
        (lambda: gmi.white_box(Quarters(), "GMI"), "GMI needs the gradients of a WhiteBox, got Quarters"),
        (lambda: discriminated(3), "the discriminator must have the target's 4 classes, got 3"),
        (lambda: projected(3), "the generator must have the target's 4 classes, got 3"),
        (lambda: plgmi.pseudo_labels(torch.rand(4, 3), 5), "per_class.* must be from 1 to 4, got 5"),
        (lambda: plgmi.pseudo_labels(torch.full((4, 3), torch.nan), 2), "confidences must be finite"),
        (lambda: answers(WhiteBox(Silent()), public_images(), SIZE), "answers to public images must be finite"),
        (lambda: inversion_model.ask(ConfidenceAPI(Silent()), torch.zeros(4, 1, 8, 8)), "answers must be finite"),
        (lambda: inversion_model.ask(LabelAPI(Quarters()), torch.zeros(4, 1, 8, 8)), "LabelAPI gives no confidences"),
        (lambda: lomma.prepare(LabelAPI(nn.Identity()), [], LOGITS, seed=0), "LOMMA needs the gradients"),
        (lambda: lomma.prepare(WhiteBox(nn.Identity()), [], LOGITS, seed=0), "Identity has no head: give a classifier"),
        (lambda: adapted(WhiteBox(TINY), "depth"), "loss must be one of boundary, poincare, .* got 'depth'"),
        (lambda: adapted(WhiteBox(TINY), "margin", temperature=0), "temperature must be above 0, got 0"),
        (lambda: adapted(WhiteBox(TINY), "poincare", temperature=3), "the Poincare loss has no temperature, got 3"),
        (lambda: adapted(WhiteBox(nn.Flatten()), "boundary"), "no head"),
        (lambda: Boundary(torch.ones(2, 3)), "classes that differ in weight must be at least 2, got 1"),
        (lambda: Tempered(cross_entropy, -1.0), "temperature must be above 0"),
    ],
)
def test_what_does_not_fit(call: Callable[[], object], sentence: str) -> None:
    with pytest.raises((AccessError, TypeError, ValueError), match=sentence):
        call()
