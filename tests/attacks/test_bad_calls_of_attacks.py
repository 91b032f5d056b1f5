"""What an attack does not take: a prior that does not fit, less access in training, losses and settings of nonsense."""

from collections.abc import Callable

import pytest
import torch
from quarters import SIZE, FlatPrior, Quarters, public_images
from test_every_attack import Silent, attack
from test_latent_attacks import train
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from mia_kit.access import AccessError, ConfidenceAPI, LabelAPI, WhiteBox
from mia_kit.attacks import Settings, inversion_model, kedmi, lomma, plgmi
from mia_kit.attacks.adaptive_losses import Boundary, Tempered, adapted
from mia_kit.attacks.crops import Crop
from mia_kit.attacks.latent_search import answers
from mia_kit.attacks.losses import cross_entropy
from mia_kit.models import SmallClassifier
from mia_kit.models.convolutional_gan import ClassDiscriminator, ConvolutionalPrior, ProjectionCritic
from mia_kit.models.priors import DCGAN, Framed, HalfPrecision

TINY = SmallClassifier(1, 3, seed=0, width=4)
LOGITS = torch.zeros(2, 3)
NETWORKS = {"image_size": (1, *SIZE), "width": 8}
TRAINING, CLASSLESS = Framed(DCGAN(width=4), (0, 8), (0, 8)), ConvolutionalPrior(seed=0, **NETWORKS).eval()


class Grey32Prior(FlatPrior):
    """The same pictures at 32 x 32, though `image_size` still says 8 x 8."""

    def synthesise(self, codes: Tensor) -> Tensor:
        return super().synthesise(codes).repeat_interleave(4, 2).repeat_interleave(4, 3)


class Mixed(FlatPrior):
    """Codes of one prior, images of another."""

    def synthesise(self, codes: Tensor) -> Tensor:
        return DCGAN(width=4).synthesise(codes)


def discriminated(classes: int) -> object:
    generator, critic = ConvolutionalPrior(seed=0, **NETWORKS), ClassDiscriminator(classes, seed=1, **NETWORKS)
    return kedmi.train(WhiteBox(Quarters()), public_images(), generator=generator, discriminator=critic, seed=0)


def projected(classes: int) -> object:
    generator, critic = ConvolutionalPrior(seed=0, classes=classes, **NETWORKS), ProjectionCritic(3, seed=1, **NETWORKS)
    return plgmi.train(WhiteBox(Quarters()), public_images(), generator=generator, critic=critic, seed=0)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: attack("ppa", WhiteBox(TINY)), r"h and w at least 16, got"),
        (lambda: attack("ppa", prior=Mixed()), r"\(n, 100\), got \(1, 4\)"),
        (lambda: attack("ppa", prior=Grey32Prior()), r"image_size is \(1, 8, 8\), got images of \(1, 32, 32\) from it"),
        (lambda: Settings(pool=100), "candidates, at most pool, must be from 1 to 100, got 200"),
        (lambda: Settings(betas=(0.1, 1.0)), "each of betas must lie in"),
        (lambda: Settings(steps=6, film=(2, 1)), "film must be rising numbers of steps, got"),
        (lambda: Settings(steps=6, film=(7,)), "each step of film must be from 0 to 6, got 7"),
        (lambda: Crop(area=(0.9, 0.5)), "the greatest area must lie in"),
        (lambda: Crop(area=(0.5, 0.9), mirror=2), "mirror must lie in"),
        (lambda: attack("gmi", prior=ConvolutionalPrior(seed=0, latent_size=4, **NETWORKS).train()), "evaluation mode"),
        (lambda: attack("gmi", prior=HalfPrecision(TRAINING)), "prior must be in evaluation mode, got BatchNorm2d"),
        (lambda: attack("gmi", critic=spectral_norm(nn.Linear(8, 1))), "critic must be in evaluation mode, got Param"),
        (lambda: attack("plgmi", prior=CLASSLESS), "the prior's classes must be at least 3, got 0"),
        (lambda: attack("gmi", critic=lambda images: images.mean(dim=(2, 3))), r"losses, .* \(6,\), got \(6, 6\)"),
        (lambda: train("plgmi", LabelAPI(Quarters())), "LabelAPI gives no confidences"),
        (lambda: attack("gmi", Quarters()), "access must be a WhiteBox, ConfidenceAPI or LabelAPI, got Quarters"),
        (lambda: discriminated(3), "the discriminator must have the target's 4 classes, got 3"),
        (lambda: projected(3), "the generator must have the target's 4 classes, got 3"),
        (lambda: plgmi.pseudo_labels(torch.rand(4, 3), 5), "per_class.* must be from 1 to 4, got 5"),
        (lambda: plgmi.pseudo_labels(torch.full((4, 3), torch.nan), 2), "confidences must be finite"),
        (lambda: answers(WhiteBox(Silent()), public_images(), SIZE), "answers to public images must be finite"),
        (lambda: inversion_model.ask(ConfidenceAPI(Silent()), torch.zeros(4, 1, 8, 8)), "answers must be finite"),
        (lambda: inversion_model.ask(LabelAPI(Quarters()), torch.zeros(4, 1, 8, 8)), "LabelAPI gives no confidences"),
        (lambda: lomma.prepare(LabelAPI(nn.Identity()), [], LOGITS, seed=0), "LabelAPI gives no model"),
        (lambda: lomma.prepare(WhiteBox(nn.Identity()), [], LOGITS, seed=0), "Identity has no head: give a classifier"),
        (lambda: adapted(WhiteBox(TINY), "depth"), "loss must be one of boundary, poincare, .* got 'depth'"),
        (lambda: adapted(WhiteBox(TINY), "poincare", temperature=3), "the Poincare loss has no temperature, got 3"),
        (lambda: adapted(WhiteBox(nn.Flatten()), "boundary"), "no head"),
        (lambda: Boundary(torch.ones(2, 3)), "classes that differ in weight must be at least 2, got 1"),
        (lambda: Tempered(cross_entropy, -1.0), "temperature must be above 0"),
    ],
)
def test_what_does_not_fit(call: Callable[[], object], sentence: str) -> None:
    with pytest.raises((AccessError, TypeError, ValueError), match=sentence):
        call()
