"""The cells of a recipe: each row of the table with each seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np

from mia_kit.metrics.separability import separability
from mia_kit.models import in_batches
from mia_kit.runs.cells import Cell, Columns, Rows
from mia_kit.runs.parts import Made
from mia_kit.studies.poisoning.attackers import DEFENDER, SELF, Attack, Learnt, Vectors
from mia_kit.studies.poisoning.pictures import SidesPart
from mia_kit.studies.poisoning.recipe import SUBSTITUTED, Recipe, Row
from mia_kit.studies.poisoning.services import Served, Trained

ERROR_DIGITS = 4


def cells(recipe: Recipe) -> Iterator[Cell]:
    """All cells of a recipe, seed by seed."""
    for seed in recipe.seeds:
        bench = Bench(recipe, seed)
        for row in recipe.table_rows:
            plain = Row(attacker=row.attacker, half=row.half)
            yield RowCell(row, bench.attack(row), bench.attack(plain), recipe.data.name, seed)


@dataclass(frozen=True)
class Bench:
    """The parts that the rows of a recipe are made of, with one seed."""

    recipe: Recipe
    seed: int

    @property
    def sides(self) -> SidesPart:
        """Who has which pictures."""
        return SidesPart(self.recipe.data, self.seed)

    def served(self, row: Row) -> Served:
        """The answers of a row's service. MID shapes the target; it disturbs no answer."""
        bottleneck = row.strength if row.defence == "mid" else 0.0
        target = Trained(self.sides, self.recipe.target, self.recipe.classifier_training, "training", bottleneck)
        if row.defence in ("none", "mid"):
            return Served(target, row.half, repeats=row.repeats)
        if row.defence not in SUBSTITUTED:
            return Served(target, row.half, row.defence, row.strength, repeats=row.repeats)
        clean = Vectors(Served(target, row.substitute_half))
        substitute = self._learnt(clean, row.substitute, ahead=DEFENDER)
        return Served(target, row.half, row.defence, row.strength, self.recipe.poison, substitute, row.repeats)

    def attack(self, row: Row) -> Attack:
        """A row's attack."""
        recipe, vectors = self.recipe, Vectors(self.served(row))
        evaluator = Trained(self.sides, recipe.evaluator, recipe.classifier_training, "judging")
        if row.adaptation == "self":
            again = self._learnt(vectors, row.attacker, ahead=SELF)
            vectors = Vectors(vectors.served, "self", row.strength, recipe.poison, again)
        elif row.adaptation != "none":
            scale = row.strength if row.adaptation == "noise" else 0.0
            vectors = Vectors(vectors.served, row.adaptation, scale)
        return Attack(self._learnt(vectors, row.attacker), evaluator, recipe.guided.get(row.attacker, 0.0))

    def _learnt(self, vectors: Vectors, name: str, *, ahead: int = 0) -> Learnt:
        if self.recipe.diffusion is not None and name in self.recipe.guided:
            return Learnt(vectors, self.recipe.diffusion, self.recipe.diffusion.training)
        return Learnt(vectors, self.recipe.decoders[name], self.recipe.decoder_training, ahead)


@dataclass(frozen=True)
class RowCell(Cell):
    """What a defence costs and what it keeps from its attacker. `plain` is the same attack without any defence.

    By picture, `unit` being its number in the data set: attack_accuracy, whether the evaluator names its class; error,
    the mean squared one; beyond, whether that is at least the undefended attack's median.
    Of the whole, with each seed: accuracy of served labels; distortion, the mean distance of served from undefended
    vectors; milliseconds an answer; detector_auc, where answers are disturbed; originals, the share of private
    pictures themselves that the evaluator names, which no attack can be expected to pass; spread of reconstructions.
    """

    row: Row
    attack: Attack
    plain: Attack
    world: str
    seed: int

    def columns(self) -> Columns:
        return {"study": "poisoning", "world": self.world, "seed": self.seed, **asdict(self.row)}

    def fill(self, rows: Rows, made: Made) -> None:
        attacked, plain = made(self.attack), made(self.plain)
        served, clean = (made(attack.learnt.vectors.served) for attack in (self.attack, self.plain))
        sides = self.attack.learnt.sides(made)
        rows.add("attack_accuracy", attacked.hits, units=sides.numbers)
        rows.add("error", attacked.errors.round(ERROR_DIGITS), units=sides.numbers)
        rows.add("beyond", attacked.errors >= np.median(plain.errors), units=sides.numbers)
        rows.add("accuracy", (served.test.argmax(dim=1) == sides.test_labels).float().mean())
        rows.add("distortion", (served.test.double() - clean.test).norm(dim=1).mean())
        rows.add("spread", attacked.spread)
        rows.add("milliseconds", served.milliseconds)
        named = in_batches(made(self.attack.evaluator), sides.private).argmax(dim=1)
        rows.add("originals", (named == sides.private_labels).float().mean())
        if self.row.defence not in ("none", "mid"):
            vectors = (clean.public.numpy(), served.public.numpy())
            rows.add("detector_auc", separability(*vectors, seed=self.seed).value)
