"""The attacks of the zoo by their names in a recipe: what each is given, and where each could have begun.

Every attack is held against two starts of its own: pictures of random latents of its prior, and the best of as many
sampled pictures as Plug & Play's pool has, chosen with the access that the attack has. An attack that does not beat
both has found nothing by searching.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn

from mia_kit.access import Access, ConfidenceAPI, LabelAPI, WhiteBox
from mia_kit.attacks import Reconstructions, brep, fredrikson, gmi, kedmi, mirror, plgmi
from mia_kit.attacks.latent_search import ImageLoss
from mia_kit.attacks.losses import Loss
from mia_kit.attacks.prior_to_target import asker, synthesise
from mia_kit.attacks.reconstructions import comparable
from mia_kit.data.pictures import to_bytes
from mia_kit.models import Prior, sample_latents

# The attacks that need less than the whole model; the others get a white box.
LESS: dict[str, str] = {"mirror_black": "confidences", "brep": "labels"}
BOXES: dict[str, Callable[[nn.Module], Access]] = {
    "white box": WhiteBox,
    "confidences": ConfidenceAPI,
    "labels": LabelAPI,
}
BLANK = 128  # the shade of a picture that is none


@dataclass(frozen=True, eq=False)
class Tools:
    """What an attacker has besides the access.

    prior : generator of pictures; not used by Fredrikson's attack
    critic : GMI's critic or KED-MI's discriminator
    loss : in place of the attack's own
    seconds, queries : what it took to make these
    """

    prior: Prior
    critic: nn.Module | None = None
    loss: Loss | ImageLoss | None = None
    seconds: float = 0.0
    queries: int = 0


@dataclass(frozen=True)
class Kind:
    """An attack's settings, the names of the tools that its `run` takes, and that function."""

    settings: Callable[..., Any]
    takes: dict[str, str]  # of `run` -> of Tools
    run: Callable[..., Reconstructions]


KINDS: dict[str, Kind] = {
    "gmi": Kind(gmi.Settings, {"prior": "prior", "critic": "critic"}, gmi.run),
    "kedmi": Kind(kedmi.Settings, {"prior": "prior", "discriminator": "critic"}, kedmi.run),
    "plgmi": Kind(plgmi.Settings, {"prior": "prior"}, plgmi.run),
    "mirror": Kind(mirror.Settings, {"prior": "prior"}, mirror.run),
    "mirror_black": Kind(mirror.GeneticSettings, {"prior": "prior"}, mirror.run_black),
    "brep": Kind(brep.Settings, {"prior": "prior"}, brep.run),
    "fredrikson": Kind(fredrikson.Settings, {}, fredrikson.run),
}


class Pixels:
    """A prior that knows nothing: every number of a picture is drawn by itself, evenly in [-1, 1]."""

    def __init__(self, image_size: tuple[int, int, int]) -> None:
        self.image_size = image_size
        self.latent_size = image_size[0] * image_size[1] * image_size[2]

    def map(self, latents: Tensor) -> Tensor:
        """The latents themselves."""
        return latents

    def synthesise(self, codes: Tensor) -> Tensor:
        """The normal distribution function, from -1 to 1."""
        return torch.erf(codes / 2**0.5).unflatten(1, self.image_size)


def access_name(attack: str) -> str:
    """What an attack is given: "white box", "confidences" or "labels"."""
    return LESS.get(attack, "white box")


def give_access(attack: str, model: nn.Module) -> Access:
    """That access to a model, and no more."""
    return BOXES[access_name(attack)](model)


def run_attack(
    attack: str,
    access: Access,
    target_classes: Sequence[int],
    tools: Tools,
    settings: dict[str, Any],
    *,
    image_size: tuple[int, int, int],
    seed: int,
    progress: bool = True,
) -> Reconstructions:
    """Attack the classes of a target that takes pictures of `image_size` = (channels, h, w).

    `settings` are those of the attack's own Settings. Raises ValueError for an unknown attack, or one that hands in
    more than a picture of each class, and as the attack does.
    """
    if attack not in KINDS:
        raise ValueError(f"attack must be ppa or one of {', '.join(KINDS)}, got {attack!r} instead")
    if settings.get("keep", 1) != 1:
        raise ValueError(
            f"an attack of the zoo hands in one picture of each person, got keep {settings['keep']} instead"
        )
    kind = KINDS[attack]
    seen = {"image_size": image_size} if attack == "fredrikson" else {"input_size": image_size[1:]}
    more = {name: getattr(tools, own) for name, own in kind.takes.items()}
    if tools.loss is not None:
        more["loss"] = tools.loss
    return kind.run(
        access, target_classes, settings=kind.settings(**seen, **settings), seed=seed, progress=progress, **more
    )


def handed_in(found: Reconstructions) -> tuple[Tensor, Tensor]:
    """One picture of each class, in the order of the classes, and whether the attack found anything: blank if not.

    Returns uint8 of shape (people, channels, h, w) and bool of shape (people,).
    """
    classes = found.targets.unique_consecutive()
    pictures = to_bytes(found.images)
    result = torch.full((len(classes), *pictures.shape[1:]), BLANK, dtype=torch.uint8)
    reached = torch.zeros(len(classes), dtype=torch.bool)
    for row, own in enumerate(classes):
        place = (found.selected & (found.targets == own)).nonzero().flatten()
        if len(place):
            result[row], reached[row] = pictures[place[0]], True
    return result, reached


def random_start(prior: Prior, people: int, *, seed: int) -> Tensor:
    """A picture of each person from the latents that Plug & Play's pool begins with: uint8 (people, channels, h, w)."""
    latents = sample_latents(prior, people, seed=seed)
    return to_bytes(synthesise(prior, _codes(prior, latents, torch.arange(people))))


def best_start(
    access: Access, prior: Prior, people: int, *, pool: int, size: tuple[int, int], seed: int
) -> tuple[Tensor, Tensor]:
    """The best sampled picture of each person, for 2 * `pool` queries; shapes as from `handed_in`.

    With confidences the latent whose image and mirror image the target is surest of, as in the first stage of Plug &
    Play; a prior that knows classes draws each its share of the pool. With labels alone the first of 2 * `pool` latents
    that gets the label, and a blank picture if none does.
    """
    if isinstance(access, LabelAPI):
        return _first_with_label(access, prior, people, pool=pool, size=size, seed=seed)

    def confidences(images: Tensor) -> Tensor:
        return (access.confidences(images) + access.confidences(images.flip(3))) / 2

    ask = asker(torch.no_grad()(confidences), access, prior, size=size, batch_size=100)
    if knows_classes(prior):
        own = torch.arange(people).repeat_interleave(max(1, pool // people))
        codes = _codes(prior, sample_latents(prior, len(own), seed=seed), own)
        scores = ask(codes).gather(1, own[:, None]).view(people, -1)  # (people, share of the pool)
        best = comparable(scores).max(dim=1)
        places = best.indices + torch.arange(people) * scores.shape[1]
    else:
        codes = prior.map(sample_latents(prior, pool, seed=seed))
        best = comparable(ask(codes)[:, :people]).max(dim=0)
        places = best.indices
    pictures, reached = to_bytes(synthesise(prior, codes[places])), best.values.isfinite()
    pictures[~reached] = BLANK
    return pictures, reached


def knows_classes(prior: Prior) -> TypeGuard[plgmi.ClassPrior]:
    """Whether it is PLG-MI's kind of generator."""
    return bool(getattr(prior, "classes", 0))


def _first_with_label(
    access: LabelAPI, prior: Prior, people: int, *, pool: int, size: tuple[int, int], seed: int
) -> tuple[Tensor, Tensor]:
    ask = asker(access.labels, access, prior, size=size, batch_size=100)
    settings = brep.Settings(start_batch=pool, start_batches=2)
    places, latents = brep.first_hits(
        lambda drawn: ask(prior.map(drawn)), prior.latent_size, torch.arange(people), settings, seed=seed
    )
    reached = places >= 0
    pictures = torch.full((people, *prior.image_size), BLANK, dtype=torch.uint8)
    if reached.any():
        pictures[reached] = to_bytes(synthesise(prior, prior.map(latents[reached])))
    return pictures, reached


def _codes(prior: Prior, latents: Tensor, classes: Tensor) -> Tensor:
    """Codes of the classes if the prior knows any."""
    return prior.codes(latents, classes) if knows_classes(prior) else prior.map(latents)
