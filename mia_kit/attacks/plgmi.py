"""PLG-MI, Pseudo Label-Guided Model Inversion (Yuan et al., AAAI 2023): a conditional GAN that knows the classes.

The target labels public images: the 30 of which it is surest become the training images of a class. A conditional GAN
learns them, and the target's max-margin loss on what it makes pulls each class towards the target's. The inversion then
searches inside one class, with the same loss, on two augmentations a step.

Differences from the paper. Networks are plain convolutions (see `mia_kit.models.convolutional_gan`). An augmentation is
a crop and a mirror. The weight of the margin in training, 0.2, and one step of the critic for each of the generator
are ours, not read in the paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import relu

from mia_kit import check
from mia_kit.access import WhiteBox
from mia_kit.attacks.crops import Crop, cut
from mia_kit.attacks.descent import descend
from mia_kit.attacks.latent_search import Group, ImageLoss, SearchSettings, answers, check_classes, invert, on_images
from mia_kit.attacks.losses import Loss, margin
from mia_kit.attacks.prior_to_target import in_channels
from mia_kit.attacks.reconstructions import Reconstructions
from mia_kit.models.class_conditional import ClassConditional
from mia_kit.models.convolutional_gan import ConvolutionalPrior
from mia_kit.models.priors import Prior
from mia_kit.training.checkpoints import fingerprint
from mia_kit.training.seeds import turn_generator
from mia_kit.training.wasserstein import AdversarySettings, draw_latents, fit_adversaries, make

AUGMENTATION = Crop(area=(0.8, 1.0), mirror=0.5)
TRAINING = AdversarySettings(critic_steps=1)
ClassGenerator = ConvolutionalPrior | ClassConditional


class ClassPrior(Prior, Protocol):
    """A prior that can be asked for one of `classes` classes."""

    classes: int

    def codes(self, latents: Tensor, classes: Tensor) -> Tensor:
        """Codes of the given classes, int64 of shape (n,)."""


@dataclass(frozen=True)
class Settings(SearchSettings):
    """The paper's numbers; `views` are the augmentations a step."""

    steps: int = 600
    learning_rate: float = 0.1
    views: int = 2
    crop: Crop = AUGMENTATION

    def __post_init__(self) -> None:
        super().__post_init__()
        check.whole_fields(self, views=1)


@dataclass(frozen=True)
class PseudoLabelGame:
    """The losses of both players on batches of (images, their pseudo-labels): hinge losses, plus the target's margin.

    `target` tells two models apart in the names of checkpoints.
    """

    access: WhiteBox = field(repr=False)
    margin_weight: float = 0.2
    input_size: tuple[int, int] = (64, 64)
    crop: Crop = AUGMENTATION
    target: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "target", fingerprint(self.access.model.state_dict()))

    def critic_loss(
        self, critic: nn.Module, generator: ClassGenerator, batch: tuple[Tensor, ...], random: Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        """E[max(0, 1 - D(real))] + E[max(0, 1 + D(made))]: real images of a class above 1, made ones below -1."""
        real, labels = batch
        codes, wanted = self._codes(generator, real, random)
        on_real, on_made = critic(real, labels), critic(make(generator, codes), wanted)
        return relu(1 - on_real).mean() + relu(1 + on_made).mean(), on_real, on_made

    def generator_loss(
        self, critic: nn.Module, generator: ClassGenerator, batch: tuple[Tensor, ...], random: Generator
    ) -> Tensor:
        """Minus the critic's verdict, plus margin_weight times the target's margin on an augmented view of each."""
        codes, wanted = self._codes(generator, batch[0], random)
        made = generator(codes)
        views = cut(made, self.crop.boxes(len(made), random), self.input_size)
        margins = margin(self.access.logits(in_channels(self.access.channels, views)), wanted)
        verdicts: Tensor = critic(made, wanted)
        return self.margin_weight * margins.mean() - verdicts.mean()

    def _codes(self, generator: ClassGenerator, like: Tensor, random: Generator) -> tuple[Tensor, Tensor]:
        """Codes to make as many images as there are, of classes drawn alike often, and the classes."""
        wanted = torch.randint(generator.classes, (len(like),), generator=random).to(like.device)
        return generator.codes(draw_latents(generator, like, random), wanted), wanted


def train(
    access: WhiteBox,
    images: Tensor,
    *,
    generator: ClassGenerator,
    critic: nn.Module,
    seed: int,
    per_class: int = 30,
    margin_weight: float = 0.2,
    crop: Crop = AUGMENTATION,
    settings: AdversarySettings = TRAINING,
    input_size: tuple[int, int] = (64, 64),
    checkpoint: Path | None = None,
    progress: bool = True,
) -> int:
    """Train generator and critic in place on public images that the target labels; returns the queries.

    images : Tensor of shape (n, channels, h, w) in [-1, 1], of the generator's size; each is one query
    generator : with as many classes as the target
    critic : verdicts of shape (n,) for images and classes
    per_class : public images for each class
    margin_weight : of the target's margin against the critic's verdict, in the generator's loss
    crop : how the target is shown made images; without mirrors where a mirror image is another class

    Queries are told for the whole training, also where a killed run went on.
    """
    confidences = answers(access, images, input_size)  # (n, classes)
    check_classes("generator", generator.classes, confidences)
    places, labels = pseudo_labels(confidences, per_class)
    game = PseudoLabelGame(access, margin_weight=margin_weight, input_size=input_size, crop=crop)
    fit_adversaries(
        generator,
        critic,
        (images[places], labels),
        game=game,
        seed=seed,
        settings=settings,
        checkpoint=checkpoint,
        device=access.device,
        progress=progress,
    )
    return len(images) + settings.steps * settings.batch_size


def run(
    access: WhiteBox,
    target_classes: Sequence[int],
    *,
    prior: ClassPrior,
    seed: int,
    settings: Settings | None = None,
    loss: Loss | ImageLoss = margin,
    progress: bool = True,
) -> Reconstructions:
    """Attack all `target_classes` at once, as `mia_kit.attacks.gmi.run` does, inside the classes that `prior` knows."""
    settings = settings or Settings()
    identity = on_images(access, loss)

    def search(group: Group) -> tuple[Tensor, Tensor]:
        check.count("the number of the prior's classes", prior.classes, int(group.targets.max()) + 1)
        z = group.latents[:, 0].clone().requires_grad_()
        optimiser = torch.optim.Adam([z], lr=settings.learning_rate)
        seen = group.targets.repeat(settings.views)

        def losses(step: int) -> Tensor:
            boxes = settings.crop.boxes(settings.views * group.searches, turn_generator(seed + 1, step))
            boxes = boxes.view(settings.views, group.searches, 2, 3)[:, group.places].flatten(0, 1)
            images = prior.synthesise(prior.codes(z, group.targets)).repeat(settings.views, 1, 1, 1)
            views = in_channels(access.channels, cut(images, boxes, settings.input_size))
            return identity(views, seen).view(settings.views, -1).mean(dim=0)

        records = descend([z], losses, optimiser, settings.steps, bar=group.bar)
        return prior.codes(z.detach(), group.targets), records

    return invert(access, target_classes, prior, settings, search, seed=seed, progress=progress)


def pseudo_labels(confidences: Tensor, per_class: int) -> tuple[Tensor, Tensor]:
    """The images of which the target is surest for each class, by confidences of shape (n, classes).

    Returns places of images and their pseudo-labels, each int64 of shape (classes * per_class,), class after class,
    surest first. An image may serve several classes.
    """
    check.finite("confidences", check.floats("confidences", confidences, ("n", "classes")))
    per_class = check.count("per_class, at most the number of images,", per_class, most=len(confidences))
    places = confidences.topk(per_class, dim=0).indices.T  # (classes, per_class)
    return places.flatten(), torch.arange(len(places)).repeat_interleave(per_class)
