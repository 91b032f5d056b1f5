"""Chapter 11: the study live at a size of seconds, on 5,000 digits, and its evidence.

Two models of each mechanism are twins that share no picture. Shadow models of each would need six, so that the
likelihood ratio is shown on one target without a mechanism, whose shadow models are trained together.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import torch
from tqdm.auto import tqdm

from mia_kit.access import WhiteBox
from mia_kit.membership import fit_shadows, half_memberships, lira, losses_and_confidences, shadow_signals
from mia_kit.metrics import roc
from mia_kit.models import SmallClassifier
from mia_kit.runs.claims import judge, read_claims
from mia_kit.runs.evidence import evidence_folder, read_record, read_table
from mia_kit.runs.run import Maker
from mia_kit.runs.store import Store
from mia_kit.studies.membership.cells import TargetCell, cells
from mia_kit.studies.membership.parts import PoolPart
from mia_kit.studies.membership.recipe import Attacker, Distance, Mechanism, Network, Recipe, World
from mia_kit.training import fit, one_thread

QUICK = Recipe(
    study="membership",
    world=World(name="mnist5k", per_class=20, seed=0),
    seeds=[0, 1],
    network=Network(epochs=20, batch_size=32),
    attacker=Attacker(known=50, copies=4, distance=Distance(images=100, steps=20)),
)
FACTORS = (-0.05, 0.0, 0.05, 0.2, 0.5)
CHOICES = {
    "shift and mirror": Mechanism(defence="crop_and_flip", strength=3),
    "early stopping": Mechanism(defence="early_stopping", strength=0.8),
    "smoothing +0.2": Mechanism(defence="smoothing", strength=0.2),
}
DISTANCES = np.linspace(0, 6, 31)
SHADOWS, RESAMPLES = 16, 200
# An attack fails below this advantage; the distance separates above what that advantage makes of two Gaussians.
FAILS, SEPARATES = 0.05, 0.535


@dataclass(frozen=True)
class Reading:
    """What the attacks say of one mechanism, means over its models.

    average, powerful : advantages, in [-1, 1]; 0 is guessing
    distance : area under the curve of distance-to-confident, in [0, 1]; 0.5 is guessing
    accuracy : on non-members
    """

    average: float
    powerful: float
    distance: float
    accuracy: float

    @property
    def words(self) -> str:
        """Who says that the members are safe."""
        leaks = [name for name in ("average", "powerful") if getattr(self, name) >= FAILS]
        if not leaks:
            return (
                f"Both attacks say safe, {'the distance does not' if self.separates else 'and so does the distance'}."
            )
        said = "Both attacks tell members apart" if len(leaks) == 2 else f"The {leaks[0]} attack tells members apart"
        return f"{said}, {'and so does the distance' if self.separates else 'the distance does not'}."

    @property
    def separates(self) -> bool:
        """Whether the distance tells members from non-members better than an attack that counts as failed would."""
        return self.distance > SEPARATES


@dataclass(frozen=True, eq=False)
class Live:
    """What was measured just now: the study's table, and shares of pictures within each of `distances`.

    `within` holds by mechanism those of "members" and of "non-members", means over the models.
    """

    table: pd.DataFrame
    within: dict[str, dict[str, list[float]]]
    distances: list[float]


def by_factor(factors: Sequence[float] = FACTORS, *, recipe: Recipe = QUICK) -> Live:
    """Two models for each smoothing factor, hard labels among them."""
    smoothing = tuple(Mechanism(defence="smoothing", strength=factor) for factor in factors if factor)
    return live(msgspec.structs.replace(recipe, mechanisms=smoothing))


def by_mechanism(choices: Mapping[str, Mechanism] = CHOICES, *, recipe: Recipe = QUICK) -> Live:
    """Two models without a mechanism, with each of `choices`, and with each two of them."""
    alone, pairs = tuple(choices.values()), tuple(combinations(choices.values(), 2))
    return live(msgspec.structs.replace(recipe, mechanisms=alone, pairs=pairs))


def live(recipe: Recipe) -> Live:
    """Train and attack the models of a recipe; nothing is kept for another call."""
    within: dict[str, list[np.ndarray]] = {}
    with tempfile.TemporaryDirectory() as folder:
        maker, asked = Maker(Store(Path(folder)), progress=False), list(cells(recipe))
        tables = [maker(cell) for cell in tqdm(asked, desc="cells", unit="cell")]
        for cell in asked:
            if isinstance(cell, TargetCell):
                shares = (maker(cell.model).distances[0, :, :, None] <= DISTANCES).mean(axis=1)  # (2, distances)
                within.setdefault(" + ".join(map(str, cell.model.target.mechanism)) or "none", []).append(shares)
    sides = {name: np.mean(shares, axis=0) for name, shares in within.items()}
    named = {name: {"members": own[0].tolist(), "non-members": own[1].tolist()} for name, own in sides.items()}
    return Live(pd.concat(tables, ignore_index=True), named, DISTANCES.tolist())


def reading(table: pd.DataFrame, defence: str, strength: float | None = None) -> Reading:
    """What the table says of a mechanism, by default of none or a pair, without a strength. ValueError if nothing."""
    same = table["strength"].isna() if strength is None else np.isclose(table["strength"], strength)
    rows = table[(table["defence"] == defence) & same]
    if rows.empty:
        raise ValueError(f"there must be rows of {defence} at {strength}, got {sorted(set(table['defence']))} instead")

    def mean(measure: str, attack: str | None = None) -> float:
        of_attack = rows["attack"].isna() if attack is None else rows["attack"] == attack
        return float(rows[(rows["measure"] == measure) & of_attack]["value"].mean())

    average, powerful = mean("advantage", "average"), mean("advantage", "powerful")
    return Reading(average, powerful, mean("auc", "distance"), mean("accuracy"))


def readings_by_factor(table: pd.DataFrame) -> dict[float, Reading]:
    """The reading of each smoothing factor, ascending; models without a mechanism have hard labels."""
    factors = sorted(set(table[table["defence"] == "smoothing"]["strength"]))
    readings = {0.0: reading(table, "none")} | {factor: reading(table, "smoothing", factor) for factor in factors}
    return dict(sorted(readings.items()))


def readings_by_choice(
    table: pd.DataFrame, choices: Mapping[str, Mechanism] = CHOICES
) -> dict[frozenset[str], Reading]:
    """The reading of each set of none, one or two of `choices`."""
    nothing: dict[frozenset[str], Reading] = {frozenset(): reading(table, "none")}
    alone = {frozenset((name,)): reading(table, own.defence, own.strength) for name, own in choices.items()}
    pairs = {
        frozenset(pair): reading(table, " + ".join(choices[name].defence for name in pair))
        for pair in combinations(choices, 2)
    }
    return nothing | alone | pairs


@dataclass(frozen=True, eq=False)
class Ratio:
    """The likelihood ratio live: scores of members and of non-members, by attack, of shape (2, n / 2).

    `scaled` are confidences on the logit scale of the target, of shape (n,); `shadow_scaled` and `shadow_members` those
    of the shadow models and what they have seen, of shape (shadows, n). The first half of the n are members.
    """

    scores: dict[str, np.ndarray]
    scaled: np.ndarray
    shadow_scaled: np.ndarray
    shadow_members: np.ndarray


def likelihood_ratio(*, shadows: int = SHADOWS, recipe: Recipe = QUICK, progress: bool = True) -> Ratio:
    """Attack one target by its losses, and with shadow models that are trained all at once."""
    with tempfile.TemporaryDirectory() as folder:
        pool = Maker(Store(Path(folder)), progress=False)(PoolPart(recipe.world))
    split = pool.split(0)
    order = torch.from_numpy(np.concatenate([split.members, split.non_members]))
    images, labels, half = pool.images[order], pool.labels[order], len(split.members)
    classes = int(labels.max()) + 1
    seen = half_memberships(len(order), shadows, seed=1)
    steps: dict[str, Any] = {"epochs": recipe.network.epochs, "batch_size": recipe.network.batch_size}
    target = SmallClassifier(images.shape[1], classes, seed=0)
    with one_thread():
        fit(target, images[:half], labels[:half], seed=0, progress=progress, **steps)
        models = fit_shadows(images, labels, seen, seed=100, classes=classes, progress=progress, **steps)
        losses, scaled = losses_and_confidences(WhiteBox(target), images, labels)
        shadow_scaled = shadow_signals(models, images, labels)[1]
    ratio = lira.online(scaled, shadow_scaled, seen).scores
    scores = {"loss": -losses.reshape(2, -1), "likelihood ratio": ratio.reshape(2, -1)}
    return Ratio(scores, scaled, shadow_scaled, seen)


def curve_of(
    members: np.ndarray, non_members: np.ndarray, *, seed: int = 0
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The curve of one target's scores and its false positives, for `roc_curves` of `mia_kit.figures.membership`.

    `low` and `high` are the ends of a 95 % bootstrap over the pictures.
    """
    rates = np.geomspace(1 / len(non_members), 1, 20)
    random = np.random.default_rng(seed)
    drawn = [
        roc(random.choice(members, len(members)), random.choice(non_members, len(non_members))).at(rates)
        for _ in range(RESAMPLES)
    ]
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    return {"value": roc(members, non_members).at(rates), "low": low, "high": high}, rates


@dataclass(frozen=True, eq=False)
class Course:
    """The evidence of a recipe: its table, and what it says of each claim, in a sentence each."""

    table: pd.DataFrame
    verdicts: list[str]


def course(name: str) -> Course | None:
    """The evidence of a recipe at course size, None if it was not measured."""
    folder = evidence_folder()
    if (folder / f"{name}.csv.gz").is_file():
        table = read_table(name)
        judged = [(claim.id, verdict) for claim in read_claims() for verdict in judge(claim, {name: table})]
        return Course(table, [f"{claim}, {verdict.sentence}" for claim, verdict in judged if verdict.table == name])
    return _first_house(name) if (folder / f"{name}.json").is_file() else None


def _first_house(name: str) -> Course:
    """Evidence as it was before there were tables; it goes when the last of it is measured again."""
    results = read_record(name)["results"]
    words = results.get("claims", results.get("beside", {}))
    table = pd.DataFrame([entry for row in results["rows"] for entry in _entries(row)])
    return Course(table, [f"{claim}: {row['verdict']}\n  {row['course']}" for claim, row in words.items()])


def _entries(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The entries of a table from one row of the first house: a mechanism such as "positive_smoothing 0.2"."""
    parts = [part.split(" ") for part in row["mechanism"].split(" + ") if part != "none"]
    signs = {"positive_smoothing": ("smoothing", 1), "negative_smoothing": ("smoothing", -1)}
    names, factors = zip(*(signs.get(name, (name, 1)) for name, _ in parts), strict=True) if parts else ((), ())
    strength = factors[0] * float(parts[0][1]) if len(parts) == 1 else np.nan
    shared = {"defence": " + ".join(names) or "none", "strength": strength, "seed": row["seed"]}
    yield {**shared, "attack": None, "measure": "accuracy", "value": row["accuracy"]}
    for measure in ("advantage", "auc"):
        for attack, value in row[measure].items():
            yield {**shared, "attack": "average" if attack == "loss" else attack, "measure": measure, "value": value}
