"""Chapter 4's live attack: every stage with every target, on a few people of ORL.

The sampling and the optimisation are done with each pair of targets; the selection is then done with each target on the
same candidates. So three factors give 27 attacks for the price of nine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from torch import Generator

from mia_kit.access import WhiteBox
from mia_kit.attacks import Settings
from mia_kit.attacks.ppa import score_candidates, select
from mia_kit.experiments.face_attack import STAGES, attack, measure
from mia_kit.experiments.face_attack import single_swaps as single_swaps
from mia_kit.experiments.face_quick import BRIEF_ATTACK, POOL, SIZE, Scene, as_pictures


@dataclass(frozen=True, eq=False)
class Mixtures:
    """What every mixture of targets hands in. The first three axes are the factors of the three stages, in order.

    factors : of the targets, ascending
    pictures : uint8 array of shape (factors, factors, factors, people, h, w, 3)
    ranks, distances : what the judges say of them, of shape (factors, factors, factors, people)
    cosines : between successive gradients of an attack with one target, of shape (factors, steps, candidates)
    """

    factors: tuple[float, ...]
    pictures: np.ndarray
    ranks: np.ndarray
    distances: np.ndarray
    cosines: np.ndarray

    def place(self, stages: Mapping[str, float]) -> tuple[int, int, int]:
        """Where the mixture with these factors lies; a stage that is not named has hard labels."""
        first, second, third = (self.factors.index(stages.get(stage, 0.0)) for stage in STAGES)
        return first, second, third


def mix_stages(
    scenes: Mapping[float, Scene], target_classes: Sequence[int], *, seed: int = 0, progress: bool = True
) -> Mixtures:
    """Attack with every mixture, nine attacks of a few seconds each for four people.

    `scenes` holds the same people and judges with a target for each factor. The same latents and crops serve all.
    """
    factors = tuple(sorted(scenes))
    settings = Settings(input_size=(SIZE, SIZE), **(BRIEF_ATTACK | {"film": ()}))
    kept: tuple[list[np.ndarray], ...] = ([], [], [])
    cosines = {}
    for sampled, optimised in product(factors, repeat=2):
        scene = scenes[optimised]
        found = attack(
            scene.target.model,
            scene.prior,
            target_classes,
            BRIEF_ATTACK,
            size=SIZE,
            seed=seed,
            sampling=scenes[sampled].target.model,
            progress=progress,
        )
        judged, pictures = measure(found, scene.people, scene.judges, per_class=POOL), as_pictures(found.images)
        if sampled == optimised:
            cosines[optimised] = found.trace.gradient_cosines.numpy()
        for chooser in factors:
            access, crops = WhiteBox(scenes[chooser].target.model), Generator().manual_seed(seed)
            scores = score_candidates(access, found.images, found.targets, settings, crops)
            chosen = select(scores, settings).numpy()
            for rows, values in zip(kept, (pictures, judged.rank, judged.distance), strict=True):
                rows.append(values[chosen])
    shape = (len(factors),) * len(STAGES)
    pictures, ranks, distances = (np.stack(rows).reshape(*shape, *rows[0].shape) for rows in kept)
    return Mixtures(factors, pictures, ranks, distances, np.stack([cosines[factor] for factor in factors]))
