"""What some attacks of the zoo make before they begin: GANs of public faces, and LOMMA's surrogates.

GMI's GAN learns from public faces alone, so that one serves all targets; those of KED-MI and PLG-MI learn from what the
target says of these faces as well. All see the same faces, drawn from `public_people`. A recipe trains them from
nothing, with a `width`, or begins with the style-based prior (`start: style`), which is all that GMI needs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor, nn

from mia_kit.access import WhiteBox
from mia_kit.attacks import kedmi, lomma, plgmi
from mia_kit.attacks.latent_search import GanTraining
from mia_kit.attacks.prior_to_target import in_channels
from mia_kit.data.pictures import to_floats
from mia_kit.experiments.face_people import public_people
from mia_kit.experiments.zoo_attacks import Tools
from mia_kit.models import Classifier, SmallClassifier
from mia_kit.models.convolutional_gan import ClassDiscriminator, ConvolutionalPrior, Critic, ProjectionCritic
from mia_kit.models.style_players import ClassStylePrior, StyleClassDiscriminator, StyleProjectionCritic
from mia_kit.models.style_prior import Discriminator, StylePrior, load_discriminator, load_style_prior
from mia_kit.training.wasserstein import AdversarySettings, AnyGenerator, Wasserstein, fit_adversaries

# The attacks that train a GAN: its critic for a number of classes, and how many steps that takes for one of the other.
CRITICS: dict[str, tuple[Callable[..., nn.Module], int]] = {
    "gmi": (lambda classes, **own: Critic(**own), 5),
    "kedmi": (ClassDiscriminator, 1),
    "plgmi": (ProjectionCritic, 1),
}
LEARNS_FROM_TARGET = ("kedmi", "plgmi")


def public_faces(count: int, *, channels: int, size: int) -> Tensor:
    """`count` public photographs, the same at every call: floats in [-1, 1] of shape (count, channels, size, size).

    ValueError if there are fewer; DataError as `public_people`.
    """
    images, _ = public_people(size)
    if count > len(images):
        raise ValueError(f"there are {len(images)} public photographs, got {count} asked for instead")
    chosen = torch.randperm(len(images), generator=Generator().manual_seed(0))[:count]
    return in_channels(channels, to_floats(images[chosen]))


def players(
    kind: str, width: int | None, *, image_size: tuple[int, int, int], classes: int, seed: int
) -> tuple[AnyGenerator, nn.Module]:
    """A generator and a critic of the kind "gmi", "kedmi" or "plgmi", untrained.

    Without a width they are made from the style-based prior and its discriminator, whose images have their own size.
    """
    if width is None:
        return style_players(kind, load_style_prior(truncation=1.0), load_discriminator(), classes=classes)
    own: dict[str, Any] = {"image_size": image_size, "width": width}
    critic, _ = CRITICS[kind]
    known = classes if kind == "plgmi" else 0
    return ConvolutionalPrior(seed=seed, classes=known, **own), critic(classes, seed=seed + 1, **own)


def style_players(
    kind: str, prior: StylePrior, discriminator: Discriminator, *, classes: int
) -> tuple[StylePrior | ClassStylePrior, nn.Module]:
    """The two networks as players of a kind; both are taken over."""
    if kind == "gmi":
        return prior, discriminator
    if kind == "kedmi":
        return prior, StyleClassDiscriminator(discriminator, classes)
    return ClassStylePrior(prior, classes), StyleProjectionCritic(discriminator, classes)


def train_players(
    kind: str,
    generator: AnyGenerator,
    critic: nn.Module,
    images: Tensor,
    settings: dict[str, Any],
    *,
    target: nn.Module | None,
    seed: int,
    checkpoint: Path | None = None,
    progress: bool = True,
) -> GanTraining:
    """Train both in place as their attack does; GMI's need no `target`.

    `settings` has numbers of `AdversarySettings`, and for PLG-MI optionally per_class, public photographs a person.
    """
    _, critic_steps = CRITICS[kind]
    numbers: dict[str, Any] = {name: value for name, value in settings.items() if name != "per_class"}
    own = AdversarySettings(critic_steps=critic_steps, **numbers)
    size = (generator.image_size[1], generator.image_size[2])
    more: dict[str, Any] = {"settings": own, "seed": seed, "checkpoint": checkpoint, "progress": progress}
    if kind == "gmi":
        return GanTraining(fit_adversaries(generator, critic, (images,), game=Wasserstein(), **more), 0)
    assert target is not None
    access = WhiteBox(target)
    if isinstance(critic, ClassDiscriminator | StyleClassDiscriminator):
        assert not isinstance(generator, ClassStylePrior)
        return kedmi.train(access, images, generator=generator, discriminator=critic, input_size=size, **more)
    assert not isinstance(generator, StylePrior)
    more |= {"per_class": settings["per_class"]} if "per_class" in settings else {}
    return plgmi.train(access, images, generator=generator, critic=critic, input_size=size, **more)


def packed(generator: AnyGenerator, critic: nn.Module, training: GanTraining) -> dict[str, Any]:
    """Both players and what they took, for the store."""
    weights = {f"generator.{name}": weight for name, weight in generator.state_dict().items()}
    weights |= {f"critic.{name}": weight for name, weight in critic.state_dict().items()}
    return weights | {"took": training.seconds, "queries": training.queries}


def unpacked(generator: AnyGenerator, critic: nn.Module, stored: dict[str, Any]) -> Tools:
    """The stored weights in these fresh players, in evaluation mode and frozen."""
    for name, player in (("generator.", generator), ("critic.", critic)):
        own = {key.removeprefix(name): torch.as_tensor(w) for key, w in stored.items() if key.startswith(name)}
        player.load_state_dict(own)
        player.eval().requires_grad_(False)
    return Tools(generator, critic, seconds=stored["took"], queries=stored["queries"])


def surrogates(settings: dict[str, Any], *, channels: int, classes: int, seed: int) -> list[Classifier]:
    """Fresh surrogates for LOMMA, small plain networks of the widths in `settings`."""
    return [
        SmallClassifier(channels, classes, seed=seed + place, width=width)
        for place, width in enumerate(settings["widths"], start=1)
    ]


def distilled(
    settings: dict[str, Any], target: nn.Module, images: Tensor, *, classes: int, seed: int, progress: bool = True
) -> dict[str, Any]:
    """Distil the surrogates: their weights, the target's mean features, and the queries, for the store."""
    made = surrogates(settings, channels=images.shape[1], classes=classes, seed=seed)
    own = lomma.Settings(**{name: value for name, value in settings.items() if name != "widths"})
    loss = lomma.prepare(WhiteBox(target), made, images, seed=seed, settings=own, progress=progress)
    weights = {f"{place}.{name}": w for place, one in enumerate(made) for name, w in one.state_dict().items()}
    return weights | {"reference": loss.reference, "queries": loss.queries}


def logit_loss(
    settings: dict[str, Any], access: WhiteBox, stored: dict[str, Any], *, channels: int, classes: int, seed: int
) -> lomma.IdentityLoss:
    """LOMMA's loss for this access, from what `distilled` gave; queries of the surrogates are nobody's."""
    made = surrogates(settings, channels=channels, classes=classes, seed=seed)
    for place, one in enumerate(made):
        prefix = f"{place}."
        one.load_state_dict(
            {name.removeprefix(prefix): torch.as_tensor(w) for name, w in stored.items() if name.startswith(prefix)}
        )
    models = (access, *(WhiteBox(one) for one in made))
    reference = torch.as_tensor(stored["reference"])
    return lomma.IdentityLoss(models, reference, settings.get("penalty", 1.0), stored["queries"])
