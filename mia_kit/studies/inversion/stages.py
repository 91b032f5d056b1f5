"""Every stage of an attack with every shipped target: the mixtures that chapter 4 lets one choose from.

Sampling and optimisation are done with each pair of targets; each target then selects among the same candidates. So
three factors give 27 mixtures for the price of nine attacks. All share latents and crops: what differs is the target.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from mia_kit.access import WhiteBox
from mia_kit.attacks import Settings, run
from mia_kit.attacks.losses import cross_entropy
from mia_kit.attacks.ppa import score_candidates, select
from mia_kit.data.pictures import to_bytes
from mia_kit.models import load_dcgan
from mia_kit.seeds import stream
from mia_kit.studies.inversion import shipped

STAGES = ("sampling", "optimisation", "selection")
RATE, SEED = 0.03, 1


@dataclass(frozen=True, eq=False)
class Mixtures:
    """What every mixture of targets hands in. The first three axes are the factors of the three stages, in order.

    factors : of the targets, ascending
    pictures : uint8 array of shape (factors, factors, factors, people, 3, h, w)
    ranks, identity_ranks : what the two judges say of them, of shape (factors, factors, factors, people)
    """

    factors: tuple[float, ...]
    pictures: np.ndarray
    ranks: np.ndarray
    identity_ranks: np.ndarray

    def place(self, stages: Mapping[str, float]) -> tuple[int, int, int]:
        """Where the mixture with these factors lies; a stage that is not named has hard labels."""
        first, second, third = (self.factors.index(stages.get(stage, 0.0)) for stage in STAGES)
        return first, second, third


def single_swaps(factors: Sequence[float]) -> dict[str, dict[str, float]]:
    """The usual attack, on hard labels, and each stage with each other factor: names and the stages that differ."""
    swaps: dict[str, dict[str, float]] = {"hard labels": {}}
    for factor in factors:
        if factor != 0:
            swaps |= {f"{stage} {factor:+g}": {stage: factor} for stage in STAGES}
    return swaps


def mix_stages(
    factors: Sequence[float],
    people: Sequence[int],
    *,
    candidates: int = 3,
    steps: int = 30,
    pool: int = 500,
    progress: bool = True,
) -> Mixtures:
    """Attack under cross-entropy with every mixture of the shipped targets of these factors, 0 among them.

    Other parameters are those of `mia_kit.attacks.Settings`. ValueError for a factor of no target.
    """
    factors, prior = tuple(sorted(factors)), load_dcgan()
    boxes = {factor: WhiteBox(shipped.shipped_target(factor)) for factor in factors}
    settings = Settings(
        input_size=(shipped.recipe().world.size,) * 2,
        pool=pool,
        candidates=candidates,
        keep=1,
        steps=steps,
        learning_rate=RATE,
        selection_views=20,
    )
    kept: tuple[list[np.ndarray], ...] = ([], [], [])
    for sampled, walked in product(factors, repeat=2):
        result = run(
            boxes[walked],
            people,
            prior=prior,
            seed=SEED,
            settings=settings,
            loss=cross_entropy,
            sampling=boxes[sampled],
            progress=progress,
        )
        said = shipped.judged(result.images, result.targets.numpy())
        for selecting in factors:
            scores = score_candidates(boxes[selecting], result.images, result.targets, settings, stream(SEED))
            mask = select(scores, settings).numpy()
            values = (to_bytes(result.images).numpy(), said["rank"], said["identity_rank"])
            for rows, value in zip(kept, values, strict=True):
                rows.append(value[mask])
    shape = (len(factors),) * len(STAGES)
    pictures, ranks, identity_ranks = (np.stack(rows).reshape(*shape, *rows[0].shape) for rows in kept)
    return Mixtures(factors, pictures, ranks, identity_ranks)
