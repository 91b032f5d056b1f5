"""The cells of a recipe: what each defence costs the trainer, whom each attack brings back, and what can be noticed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import msgspec
import numpy as np
import pandas as pd
import torch
from torch import Tensor

from mia_kit.attacks.prior_to_target import in_channels, resize
from mia_kit.data.pictures import to_floats
from mia_kit.metrics import detector_scores, outlier_scores, roc, target_ranks
from mia_kit.metrics.landscape import class_loss, curvature
from mia_kit.models import in_batches
from mia_kit.runs.cells import Cell, Columns, Rows
from mia_kit.runs.parts import Made, Values
from mia_kit.studies.data_centric.contributors import Contributed, HandedIn, LooksPart, Surrogates
from mia_kit.studies.data_centric.recipe import ALL_STEPS, Recipe, Rival, Step
from mia_kit.studies.inversion.attack import Inversion, Role, attacked_people, inversion, pictures_of
from mia_kit.studies.inversion.columns import with_start
from mia_kit.studies.inversion.judges import JudgesPart, embedding, judges_of
from mia_kit.studies.inversion.networks import Trained, target
from mia_kit.studies.inversion.people import PeoplePart
from mia_kit.studies.inversion.recipe import Attack, Method
from mia_kit.studies.inversion.zoo import ZooAttack
from mia_kit.studies.inversion.zoo_cells import zoo_attack

NONE, FULL = "none", "dcd"
PICTURES = 2  # of each protected person and of their surrogate, at which the loss is looked at
PRODUCTS, TOLERANCE = 30, 0.05  # of the power iteration
FOLDS = 5  # of the trainer's detector, if so many classes hold what contributors changed

Group = tuple[int, ...]


def cells(recipe: Recipe) -> Iterator[Cell]:
    """All cells of a recipe, seed by seed."""
    for seed in recipe.seeds:
        yield from Bench(recipe, seed).cells()


def name_of(steps: tuple[Step, ...]) -> str:
    """What the defence with these steps is called: "dcd", "dcd without loss", "dcd loss alone"."""
    missing = [step for step in ALL_STEPS if step not in steps]
    if not missing:
        return FULL
    return f"{FULL} without {missing[0]}" if len(missing) == 1 else f"{FULL} {steps[0]} alone"


@dataclass(frozen=True)
class Defence:
    """A defence with its targets, and those on whom each of them is attacked; `given` is what contributors hand in."""

    name: str
    models: tuple[Trained, ...]
    groups: tuple[Group, ...]
    strength: float | None = None
    given: tuple[HandedIn, ...] = ()

    def columns(self, surrogates: Surrogates, seed: int) -> Columns:
        """The columns that say which defence, world and seed are meant."""
        people, network = surrogates.people, self.models[0].network
        return {
            "study": "data_centric",
            "world": people.world.name,
            "size": people.world.size,
            "seed": seed,
            "defence": self.name,
            "strength": np.nan if self.strength is None else self.strength,
            "per_class": people.world.photographs.target,
            "epochs": network.epochs,
        }


@dataclass(frozen=True)
class Bench:
    """The parts that the cells of a recipe are made of, with one seed."""

    recipe: Recipe
    seed: int

    @property
    def people(self) -> PeoplePart:
        """Whom the targets know."""
        return PeoplePart(self.recipe.world, self.seed)

    @property
    def strangers(self) -> PeoplePart:
        """Who stands in for protected people, and whom a placebo's target knows."""
        return PeoplePart(self.recipe.world, self.seed, strangers=True)

    @property
    def groups(self) -> tuple[Group, ...]:
        """Who protects themselves together: the same people with every seed, after those who serve to tune."""
        search, size = self.recipe.search, self.recipe.contributors.people
        order = attacked_people(self.recipe.world.people or 0, search)[search.tuning.people :].tolist()
        return tuple(tuple(order[start : start + size]) for start in range(0, len(order), size))

    @cached_property
    def judges(self) -> JudgesPart:
        """The evaluator, and the second judge of drawn people and signs."""
        return judges_of(self.people, self.recipe.evaluator, self.recipe.judge)

    @cached_property
    def surrogates(self) -> Surrogates:
        """Who stands in for whom."""
        return Surrogates(self.people, self.strangers, self.judges.second, sum(self.groups, ()))

    def cells(self) -> Iterator[Cell]:
        """All cells of the seed."""
        everybody = (sum(self.groups, ()),)
        yield from self._of(Defence(NONE, (self._plain(self.people),), everybody), whole=True)
        for steps in self.recipe.contributors.steps:
            defence = self._contributed(steps)
            yield from self._of(defence, whole=len(steps) == len(ALL_STEPS))
            yield NoticedCell(defence, self.surrogates, self.seed)
        for rival in self.recipe.rivals:
            model = self._plain(self.people, rival)
            yield from self._of(Defence(rival.defence, (model,), everybody, rival.strength), whole=True)
        placebo = Defence(NONE, (self._plain(self.strangers),), everybody)
        yield from self._attacks(placebo, whole=True, placebo=True)

    def _of(self, defence: Defence, *, whole: bool) -> Iterator[Cell]:
        yield TargetCell(defence, self.surrogates, self.seed)
        yield from self._attacks(defence, whole=whole)

    def _attacks(self, defence: Defence, *, whole: bool, placebo: bool = False) -> Iterator[Cell]:
        """All attacks on a defence, or the first alone."""
        looks = LooksPart(self.surrogates)
        for attack in self.recipe.attacks[: None if whole else 1]:
            parts = tuple(self._attack(attack, model, placebo=placebo) for model in defence.models)
            yield AttackCell(attack.method, parts, defence, self.judges, looks, self.seed, placebo)

    def _attack(self, attack: Attack, model: Trained, *, placebo: bool) -> Inversion | ZooAttack:
        search = self.recipe.search
        if attack.method != "ppa":
            return zoo_attack(
                search, self.recipe.tools, attack, model, self.judges, self._plain(self.strangers), placebo=placebo
            )
        role: Role = "placebo" if placebo else "ppa"
        return inversion(model, self.judges, search, attack.losses[0], attack.rates, role=role)

    def _plain(self, people: PeoplePart, rival: Rival | None = None) -> Trained:
        """A target of people who hand in what they have, defended by its trainer where there is a rival."""
        network, per_class = self.recipe.target, self.recipe.world.photographs.target
        if rival is None:
            return target(people, network, strength=0.0, per_class=per_class)
        network = msgspec.structs.replace(network, epochs=rival.epochs or network.epochs)
        return target(people, network, defence=rival.defence, strength=rival.strength, per_class=per_class)

    def _contributed(self, steps: tuple[Step, ...]) -> Defence:
        """The targets of a choice of steps, one for each group."""
        recipe, trunk = self.recipe.contributors, self._plain(self.people).trunk
        given = tuple(
            HandedIn(self.surrogates, group, steps, recipe.mislabelled, recipe.copies_mislabelled, self.seed)
            for group in self.groups
        )
        models = tuple(Contributed(self.people, self.recipe.target, part, self.seed, trunk) for part in given)
        return Defence(name_of(steps), models, self.groups, given=given)


@dataclass(frozen=True)
class DefenceCell(Cell):
    """What is measured of a defence as a whole, over all its groups."""

    defence: Defence
    surrogates: Surrogates
    seed: int

    def columns(self) -> Columns:
        return self.defence.columns(self.surrogates, self.seed)


@dataclass(frozen=True)
class TargetCell(DefenceCell):
    """How good the targets of a defence are, and the attacker's loss around protected people and their surrogates.

    accuracy, accuracy_protected, accuracy_others : on photographs that nobody trains on, means over the targets: of all
        people, of those who protect themselves, of the others. training_accuracy : on everybody's own photographs
    By person: loss_person, loss_surrogate, and the greatest curvature there, medians over pictures.
    """

    def fill(self, rows: Rows, made: Made) -> None:
        people, strangers = made(self.surrogates.people), made(self.surrogates.strangers)
        means: dict[str, list[float]] = {}
        for part, group in zip(self.defence.models, self.defence.groups, strict=True):
            model, stand_ins = made(part), [made(self.surrogates)[person] for person in group]
            right = in_batches(model, people.test.floats).argmax(dim=1) == people.test.labels
            learnt = in_batches(model, people.target.floats).argmax(dim=1) == people.target.labels
            mask = torch.isin(people.test.labels, torch.tensor(group))
            hits = {"accuracy": right, "accuracy_protected": right[mask], "accuracy_others": right[~mask]}
            for name, shares in (hits | {"training_accuracy": learnt}).items():
                means.setdefault(name, []).append(float(shares.float().mean()))
            loss = class_loss(model, torch.tensor(group).repeat_interleave(PICTURES))
            for side, photos, whose in (("person", people.target, group), ("surrogate", strangers.target, stand_ins)):
                images = torch.cat([to_floats(photos.images[photos.labels == number][:PICTURES]) for number in whose])
                bends = curvature(
                    loss, images, seed=self.seed, iterations=PRODUCTS, tolerance=TOLERANCE, batch_size=len(images)
                ).values
                with torch.no_grad():
                    losses = loss(images).numpy()
                for measure, values in (("loss", losses), ("curvature", bends)):
                    rows.add(f"{measure}_{side}", np.median(values.reshape(-1, PICTURES), axis=1), units=group)
        for name, all_shares in means.items():
            rows.add(name, np.mean(all_shares))


@dataclass(frozen=True)
class NoticedCell(DefenceCell):
    """What a trainer sees of what contributors hand in, means over the groups.

    detector_auc : area under the curve of a detector that sees how pictures lie in their class, and its size
    class_size : pictures of a protected class over those of the median class
    wrong_labels : share of wrong labels in the classes that nobody protects
    """

    def fill(self, rows: Rows, made: Made) -> None:
        embed = embedding(made, self.surrogates.second)
        areas, sizes, wrong = [], [], []
        for part, group in zip(self.defence.given, self.defence.groups, strict=True):
            given = made(part)
            labels, changed = given.labels.numpy(), (given.owners >= 0).numpy()
            counts = np.bincount(labels)
            larger = counts / np.median(counts)
            scores = outlier_scores(in_batches(embed, given.images).numpy(), labels)
            folds = min(FOLDS, len(np.unique(labels[changed])))
            seen = np.column_stack([scores, larger[labels]])
            odds = detector_scores(seen, changed, labels, folds=folds, seed=self.seed)
            areas.append(roc(odds[changed], odds[~changed]).area)
            sizes.append(larger[list(group)].mean())
            wrong.append(changed[~np.isin(labels, group)].mean())
        for name, values in (("detector_auc", areas), ("class_size", sizes), ("wrong_labels", wrong)):
            rows.add(name, np.mean(values))


@dataclass(frozen=True)
class AttackCell(Cell):
    """Whom an attack brings back, by protected person.

    acc1, rank : the evaluator's. to_person, to_surrogate : distances in the second judge's embedding to photographs
    that nobody trains on. person, surrogate : verified as either. nearer_surrogate : the surrogate is nearer.
    Plug & Play's rows after no step, the best of the pool, have the attack "start", its placebo's "placebo"; those of
    another attack have its name before them. A person for whom nothing was handed in is a failure.
    """

    method: Method
    parts: tuple[Inversion | ZooAttack, ...]
    defence: Defence
    judges: JudgesPart
    looks: LooksPart
    seed: int
    placebo: bool = False

    def columns(self) -> Columns:
        attack = f"{self.method} placebo".removeprefix("ppa ") if self.placebo else self.method
        return self.defence.columns(self.looks.surrogates, self.seed) | {"attack": attack}

    def unpack(self, values: Values) -> pd.DataFrame:
        return with_start(super().unpack(values), f"{self.columns()['attack']} start".removeprefix("ppa "))

    def fill(self, rows: Rows, made: Made) -> None:
        for part, group in zip(self.parts, self.defence.groups, strict=True):
            for steps in (0, part.search.steps):
                images, numbers, reached = brought(made, part, steps)
                mask = np.isin(numbers, group)
                said = self._judge(made, images[torch.from_numpy(mask)], numbers[mask], reached[mask])
                for measure, values in said.items():
                    rows.add(measure, values, units=numbers[mask], steps=steps)

    def _judge(self, made: Made, images: Tensor, numbers: np.ndarray, reached: np.ndarray) -> dict[str, np.ndarray]:
        judges, looks = made(self.judges), made(self.looks)
        images = resize(in_channels(judges.channels, images), judges.size)
        rank = target_ranks(in_batches(judges.evaluator, images).numpy(), numbers)
        embeddings = in_batches(judges.embed, images).numpy()
        to_person = looks.distances(embeddings, numbers)
        to_surrogate = looks.distances(embeddings, numbers, surrogate=True)
        return {
            "acc1": reached & (rank == 1),
            "rank": np.where(reached, rank, len(judges.centres)),
            "to_person": to_person,
            "to_surrogate": to_surrogate,
            "person": reached & (to_person < looks.threshold),
            "surrogate": reached & (to_surrogate < looks.threshold),
            "nearer_surrogate": reached & (to_surrogate < to_person),
        }


def brought(made: Made, part: Inversion | ZooAttack, steps: int) -> tuple[Tensor, np.ndarray, np.ndarray]:
    """Images after no step or all, in [-1, 1], whom each aims at, and whether the attack handed in anything."""
    if isinstance(part, ZooAttack):
        result = made(part)
        pictures, reached = (result.pictures, result.reached) if steps else (result.starts, result.started)
        return to_floats(pictures), result.people, reached
    attacked = made(part)
    mask = attacked.selected
    codes = attacked.codes[attacked.looks.index(steps)][torch.from_numpy(mask)]
    images = pictures_of(part, codes)(np.arange(len(codes)))
    return images, attacked.people[mask], np.ones(int(mask.sum()), dtype=bool)
