"""Seeds of turns, of classes and of calls.

Each turn of a run has its own, so that a run that was killed goes on as if it had not been.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Generator

# Runs whose seeds are neighbours share no turn for so many turns; a prime, so that other steps do not meet either.
STRIDE = 1_000_003


def turn_seed(seed: int, turn: int) -> int:
    """The seed of one turn, an epoch or a step."""
    return seed * STRIDE + turn


def turn_generator(seed: int, turn: int) -> Generator:
    """Random numbers of one turn, on the CPU: the same on any device."""
    return Generator().manual_seed(turn_seed(seed, turn))


def generators_for(classes: Sequence[int], *, seed: int) -> list[Generator]:
    """A stream of random numbers for each class, so that one among others is treated as if it were alone."""
    seeds = [np.random.SeedSequence((seed % 2**32, label)).generate_state(1) for label in classes]
    return [Generator().manual_seed(int(state[0])) for state in seeds]


class Calls:
    """Random numbers for something that is asked again and again: they depend on `seed` and on the calls before."""

    def __init__(self, seed: int) -> None:
        self.seed, self.before = seed, 0

    def generator(self) -> Generator:
        """Those of the next call."""
        self.before += 1
        return turn_generator(self.seed, self.before - 1)

    def begin_anew(self) -> None:
        """Forget the calls."""
        self.before = 0
