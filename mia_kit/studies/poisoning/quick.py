"""Chapter 9 live: five private digits, an attacker with the other five, and a service that poisons what it answers.

The rows of `recipes/poisoning_quick.yaml`, under the names that the chapter gives them.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from mia_kit.data.pictures import to_bytes
from mia_kit.runs.run import Maker
from mia_kit.runs.store import Store
from mia_kit.studies.poisoning.attackers import SHOWN
from mia_kit.studies.poisoning.cells import Bench
from mia_kit.studies.poisoning.recipe import Recipe, Row
from mia_kit.studies.registry import read_recipe
from mia_kit.threads import one_thread
from mia_kit.training.inversion import CollapsedDecoderWarning

BOUNDS = (0.0, 0.0002, 0.004, 0.2)
ATTACKERS = {
    "4 blocks": Row(),
    "5 blocks": Row(attacker="blocks 5"),
    "4 blocks, rounds first": Row(adaptation="rounding"),
}
LPA = Row("lpa", 0.004)
DEFENCES = {
    "none": Row(),
    "LPA": LPA,
    "LFP": Row("lfp", 0.004),
    "AdvExa": Row("advexa", 0.004),
    "OnePara": Row("one_parameter", 1.0),
    "rounding": Row("rounding", 2.0),
}


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one attacker makes of one defence.

    pictures : the first reconstructions, uint8 of shape (10, h, w, 3)
    hits, errors : whether the evaluator names the digit, and the mean squared error, of shape (private,)
    distortion : mean distance of served vectors from clean ones, over test pictures
    accuracy_loss : against the service without defence
    """

    pictures: np.ndarray
    hits: np.ndarray
    errors: np.ndarray
    distortion: float
    accuracy_loss: float


@dataclass(frozen=True, eq=False)
class Gallery:
    """All attacks of the chapter.

    originals : the first private pictures, uint8 of shape (10, h, w, 3)
    labels : their digits
    by_bound : an `Outcome` for each place in `bounds` and each attacker's name
    by_defence : an `Outcome` for each defence, under the first attacker
    clean, served : answers about public pictures, without defence and under LPA, of shape (n, 5)
    """

    originals: np.ndarray
    labels: tuple[int, ...]
    bounds: tuple[float, ...]
    by_bound: dict[tuple[int, str], Outcome]
    by_defence: dict[str, Outcome]
    clean: np.ndarray
    served: np.ndarray

    @property
    def attackers(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(dict.fromkeys(name for _, name in self.by_bound))


def fill_gallery(
    *, seed: int = 0, recipe: Recipe | None = None, store: Store | None = None, progress: bool = True
) -> Gallery:
    """Train target, evaluator, substitute and all attackers, and serve all vectors: about two minutes.

    What was made before is found in the store, so that a cell that was stopped goes on.
    """
    quick = recipe or read_recipe("poisoning_quick").recipe
    assert isinstance(quick, Recipe)
    bench, made = Bench(quick, seed), Maker(store or Store(), progress=progress)
    with one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore", CollapsedDecoderWarning)  # the chapter shows what a first training gives
        by_bound = {
            (place, name): outcome(made, bench, replace(row, defence="lpa", strength=bound) if bound else row)
            for place, bound in enumerate(BOUNDS)
            for name, row in ATTACKERS.items()
        }
        sides = made(bench.sides)
        return Gallery(
            _colours(to_bytes(sides.private[:SHOWN])),
            tuple(sides.private_labels[:SHOWN].tolist()),
            BOUNDS,
            by_bound,
            {name: outcome(made, bench, row) for name, row in DEFENCES.items()},
            made(bench.served(Row())).public.numpy(),
            made(bench.served(LPA)).public.numpy(),
        )


def outcome(made: Maker, bench: Bench, row: Row) -> Outcome:
    """One attack on one defence."""
    attacked, served, clean = made(bench.attack(row)), made(bench.served(row)), made(bench.served(Row()))
    labels = made(bench.sides).test_labels
    right, was_right = ((answers.test.argmax(dim=1) == labels).double().mean() for answers in (served, clean))
    return Outcome(
        _colours(attacked.pictures),
        attacked.hits,
        attacked.errors,
        float((served.test - clean.test).norm(dim=1).mean()),
        float(was_right - right),
    )


def _colours(pictures: Tensor) -> np.ndarray:
    """uint8 of shape (n, channels, h, w) as (n, h, w, 3)."""
    repeated: np.ndarray = pictures.repeat_interleave(3 // pictures.shape[1], dim=1).permute(0, 2, 3, 1).numpy()
    return repeated
