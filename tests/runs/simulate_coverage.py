"""How often the 95 % interval of `mia_kit.runs.compare` holds the truth, in simulated tables. Some three minutes:

    python -m tests.runs.simulate_coverage [tables]

A table has people x seeds, of two selections. People, seeds and single trials are chance, in the sizes that our face
targets show. Three intervals are held against the truth: bootstrap, Student over seeds, and the wider of the two.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from mia_kit.runs import compare


@dataclass(frozen=True)
class World:
    """Standard deviations of the effect over people, over seeds, and of a single trial.

    A share is a yes or no for each trial: the same three on the scale of a probit, where the treated pass at 0.9 and
    the baseline at 0.4.
    """

    name: str
    people: int
    person: float
    seed: float
    trial: float
    share: bool

    def draw(self, seeds: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Values of the treated and of the baseline, each of shape (people, seeds)."""
        shape = (self.people, seeds)
        if not self.share:
            common = random.normal(size=(self.people, 1)) + random.normal(size=(1, seeds))  # cancels in the pairs
            effect = 0.1 + self.person * random.normal(size=(self.people, 1))
            effect = effect + self.seed * random.normal(size=(1, seeds)) + self.trial * random.normal(size=shape)
            return common + effect, np.broadcast_to(common, shape)
        easy = random.normal(size=(self.people, 1))
        values = []
        for level in (0.9, 0.4):
            person = self.person * (easy + 0.5 * random.normal(size=(self.people, 1)))
            chance = self.seed * random.normal(size=(1, seeds)) + self.trial * random.normal(size=shape)
            values.append((level + person + chance + random.normal(size=shape) > 0).astype(float))
        return values[0], values[1]

    @property
    def truth(self) -> float:
        """The difference over all people and seeds."""
        if not self.share:
            return 0.1
        spread = np.sqrt(1 + 1.25 * self.person**2 + self.seed**2 + self.trial**2)
        return float(norm.cdf(0.9 / spread) - norm.cdf(0.4 / spread))


WORLDS = (
    World("share, seeds alike", 180, 1.0, 0.0, 0.3, True),
    World("share, seeds differ a little", 180, 1.0, 0.1, 0.3, True),
    World("share, seeds differ much", 180, 1.0, 0.3, 0.3, True),
    World("share, few people", 60, 1.0, 0.1, 0.3, True),
    World("number, seeds alike", 180, 0.2, 0.0, 0.5, False),
    World("number, seeds differ a little", 180, 0.2, 0.03, 0.5, False),
    World("number, seeds differ much", 180, 0.2, 0.1, 0.5, False),
    World("number, people differ much", 40, 0.3, 0.05, 0.3, False),
)


def covered(world: World, seeds: int, tables: int, random: np.random.Generator) -> dict[str, float]:
    """The share of tables whose interval holds the truth, by kind of interval."""
    hits = {"bootstrap": 0, "Student": 0, "wider": 0}
    for _ in range(tables):
        treated, baseline = world.draw(seeds, random)
        gaps = (treated - baseline)[None]
        (draws,) = compare._resampled(gaps, np.ones(gaps.shape[1:], dtype=bool))
        by_seed, sizes = gaps[0].mean(axis=0), {"units": world.people, "seeds": seeds}
        kinds = {"bootstrap": (None, draws), "Student": (by_seed, None), "wider": (by_seed, draws)}
        for kind, parts in kinds.items():
            found = compare._estimate(float(gaps.mean()), *parts, **sizes)
            hits[kind] += found.low <= world.truth <= found.high
    return {kind: count / tables for kind, count in hits.items()}


if __name__ == "__main__":
    tables = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    random = np.random.default_rng(1)
    for seeds in (3, 5):
        for world in WORLDS:
            told = "  ".join(f"{kind} {share:.3f}" for kind, share in covered(world, seeds, tables, random).items())
            print(f"{seeds} seeds x {world.people} people, {world.name:30} {told}", flush=True)
