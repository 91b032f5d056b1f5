"""Chapter 10 live: a few drawn people who protect themselves, and what was measured of many, as tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from torch import Generator, Tensor

from mia_kit.attacks.prior_to_target import resize
from mia_kit.models import Prior, in_batches, load_dcgan
from mia_kit.runs.compare import intervals
from mia_kit.studies.inversion.people import identities, photograph_latents

SIZE, SPREAD = 32, 0.6
# The order of a table: none, the defence itself, its rivals, and then its parts.
FIRST = ("none", "dcd", "dp_sgd", "mid")


@dataclass(frozen=True, eq=False)
class Scene:
    """Drawn people, of whom the first protect themselves, and a stranger for each of those.

    images, labels : what the people hand in, floats in [-1, 1] of shape (n, 3, 32, 32)
    test_images, test_labels : other photographs of the same people
    strangers : protected person -> as many photographs of their stranger as they have of themselves
    truth : pictures of the protected people's and of their strangers' latents, each of shape (protected, 3, 32, 32)
    latents : theirs, each of shape (protected, d)
    """

    images: Tensor
    labels: Tensor
    test_images: Tensor
    test_labels: Tensor
    strangers: dict[int, Tensor]
    truth: tuple[Tensor, Tensor]
    latents: tuple[Tensor, Tensor]
    prior: Prior


def set_up(*, people: int = 40, photographs: int = 20, protected: int = 4) -> Scene:
    """Draw everybody. Raises DataError if the DCGAN's weights are absent."""
    prior, generator = load_dcgan(), Generator().manual_seed(0)

    def draw(latents: Tensor) -> Tensor:
        return in_batches(lambda part: resize(prior.synthesise(part), (SIZE, SIZE)), latents)

    known = identities(people, prior.latent_size)
    others = identities(protected, prior.latent_size, strangers=True)
    wanted = ((known, photographs), (known, photographs // 4), (others, photographs))
    images, tests, theirs = (draw(photograph_latents(who, count, SPREAD, generator)) for who, count in wanted)
    labels, test_labels = (torch.arange(people).repeat_interleave(count) for _, count in wanted[:2])
    strangers, latents = dict(enumerate(theirs.split(photographs))), (known[:protected], others)
    truth = (draw(known[:protected]), draw(others))
    return Scene(images, labels, tests, test_labels, strangers, truth, latents, prior)


def as_seen(images: Tensor) -> Tensor:
    """Pictures of the prior at the size in which targets take them."""
    return resize(images, (SIZE, SIZE))


def shares(table: pd.DataFrame, by: str, *, measure: str | list[str], **where: Any) -> pd.DataFrame:
    """The share of people and seeds for each defence and each value of the column `by`, with 95 % intervals in [0, 1].

    Columns defence, `by`, value, low and high; `where` holds for all, see `mia_kit.runs.table.select`.
    """

    def place(defence: str) -> int:
        return FIRST.index(defence) if defence in FIRST else len(FIRST)

    frame = intervals(table, measure, ["defence", by], where).sort_values(["defence", by])
    frame = frame.assign(low=frame["low"].clip(0), high=frame["high"].clip(None, 1)).drop(columns=["units", "seeds"])
    return frame.sort_values("defence", key=lambda names: names.map(place), kind="stable", ignore_index=True)
