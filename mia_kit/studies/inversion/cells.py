"""The cells of a recipe: a target's own measures, its attacks, the start of every attack, and the controls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import msgspec
import numpy as np
import pandas as pd
import torch
from torch import Tensor

from mia_kit.attacks.prior_to_target import synthesise
from mia_kit.data.pictures import to_floats
from mia_kit.defences import build
from mia_kit.metrics import calibration_error
from mia_kit.models import Classifier
from mia_kit.runs.cells import Cell, Columns, Rows
from mia_kit.runs.parts import Made, Values
from mia_kit.studies.inversion.attack import Inversion, inversion, pictures_of
from mia_kit.studies.inversion.columns import BY_PERSON, about, about_attack, about_world, by_person, with_start
from mia_kit.studies.inversion.devices import ask
from mia_kit.studies.inversion.extraction import ExtractionCell
from mia_kit.studies.inversion.judges import JudgesPart, judge, judge_all, judge_set, judges_of
from mia_kit.studies.inversion.networks import Evaluator, Target, strangers_target, target
from mia_kit.studies.inversion.people import PeoplePart, Photos, people_of
from mia_kit.studies.inversion.priors import load_prior
from mia_kit.studies.inversion.recipe import Attack, Recipe
from mia_kit.studies.inversion.side_effects import side_effects
from mia_kit.studies.inversion.zoo import ZooAttack
from mia_kit.studies.inversion.zoo_cells import ZooCell, zoo_cell
from mia_kit.training.dose import dose


def cells(recipe: Recipe) -> Iterator[Cell]:
    """All cells of a recipe, seed by seed."""
    for seed in recipe.seeds:
        people = people_of(recipe.world, seed)
        judges = judges_of(people, recipe.evaluator, recipe.judge, embedder=recipe.embedder)
        if recipe.attacks:
            yield JudgesCell(people, judges.named_by, judges, seed)
        models = list(targets(recipe, people))
        for model in models:
            yield TargetCell(model, seed)
            if recipe.side_effects:
                yield from side_effects(model, recipe.world, recipe.side_effects)
            for attack in recipe.attacks:
                if _meets(attack, model):
                    yield from _attacks(recipe, attack, model, judges)
        for attack in recipe.attacks:
            if attack.stages:
                yield from _stages(recipe, attack, models, judges)
        yield from _controls(recipe, judges)


def targets(recipe: Recipe, people: PeoplePart) -> Iterator[Target]:
    """The targets of a recipe that are trained on these people."""
    for trained in recipe.targets:
        for epochs in trained.epochs or [recipe.target.epochs]:
            network = msgspec.structs.replace(recipe.target, epochs=epochs)
            for per_class, strength in product(trained.per_class, trained.strengths):
                yield target(people, network, defence=trained.defence, strength=strength, per_class=per_class)


def _attacks(recipe: Recipe, attack: Attack, model: Target, judges: JudgesPart) -> Iterator[Cell]:
    """An attack with each loss, and that with the strongest; or another paper's."""
    seed, search = model.seed, recipe.search
    if attack.method != "ppa":
        yield zoo_cell(recipe, attack, model, judges)
    attacks = tuple(
        inversion(model, judges, search, loss, attack.rates, optimiser=attack.optimiser) for loss in attack.losses
    )
    for single in attacks:
        yield AttackCell(single, judges, seed)
        if recipe.student is not None:
            yield ExtractionCell(single, recipe.student, seed)
    if attack.strongest and attacks:
        yield StrongestCell(attacks, judges, seed)
        rivals = [other for other in recipe.attacks if other.strongest and other.method != "ppa"]
        zoo = tuple(zoo_cell(recipe, other, model, judges).attack for other in rivals if _meets(other, model))
        if zoo:
            yield StrongestCell(attacks, judges, seed, zoo)


def _meets(attack: Attack, model: Target) -> bool:
    return not attack.factors or model.strength in attack.factors


def _stages(recipe: Recipe, attack: Attack, targets: Sequence[Target], judges: JudgesPart) -> Iterator[Cell]:
    """Attacks on hard labels of which another strength's target takes over one stage, or all of them."""
    hard = next(target for target in targets if target.strength == 0)
    for other in targets:
        swaps: dict[str, tuple[Target, Target, Target]] = {
            "sampling": (other, hard, hard),
            "optimisation": (hard, other, hard),
            "selection": (hard, hard, other),
            "all": (other, other, other),
        }
        if other is hard:
            swaps = {"none": (hard, hard, hard)}
        for stage, (sampling, optimised, selection) in swaps.items():
            for loss in attack.losses:
                part = inversion(
                    optimised,
                    judges,
                    recipe.search,
                    loss,
                    attack.rates,
                    optimiser=attack.optimiser,
                    sampling=sampling,
                    selection=None if selection is optimised else selection,
                )
                yield AttackCell(part, judges, other.seed, stage=stage, strength=other.strength)


def _controls(recipe: Recipe, judges: JudgesPart) -> Iterator[Cell]:
    """The placebo, and the oracle of drawn people, with the usual attacker's rates."""
    rates = next((a.rates for a in recipe.attacks if a.method == "ppa" and a.optimiser == "adam"), ())
    seed, strangers = judges.people.seed, strangers_target(judges.people, recipe.target, recipe.placebo_per_class)
    for loss in recipe.controls:
        placebo = inversion(strangers, judges, recipe.search, loss, rates, role="placebo")
        yield AttackCell(placebo, judges, seed)
        if judges.second is not None:
            swapped = replace(judges, named_by=judges.second)
            oracle = inversion(judges.named_by, swapped, recipe.search, loss, rates, role="oracle")
            yield AttackCell(oracle, swapped, seed)
    for attack in recipe.attacks if recipe.controls else ():
        if attack.method != "ppa":
            yield zoo_cell(recipe, attack, strangers, judges, placebo=True)


@dataclass(frozen=True)
class TargetCell(Cell):
    """How good a target is, and what its defence did to it: accuracy, confidence, calibration, margin, dose.

    margin : mean over training photographs of the label's logit less the mean of the others'
    dose : sum over the steps of |factor then| times the learning rate; see `mia_kit.training.dose`
    epsilon : what DP-SGD guarantees, at a delta of a tenth of 1 / photographs
    """

    model: Target
    seed: int

    def columns(self) -> Columns:
        return about(self.model) | {"seed": self.seed}

    def fill(self, rows: Rows, made: Made) -> None:
        people, model = made(self.model.people), made(self.model)
        training = people.target.first(self.model.per_class)
        for name, value in utility(model, training, people.test).items():
            rows.add(name, value)
        network = self.model.network
        smoothing = self.model.strength if self.model.defence == "smoothing" else 0.0
        steps = int(np.ceil(len(training.labels) / network.batch_size))
        rows.add("dose", dose(smoothing, network.epochs, steps, network.learning_rate))
        rows.add("training_steps", steps * network.epochs)
        defence = build(self.model.defence, self.model.strength)
        if privacy := defence.privacy(len(training.labels), epochs=network.epochs, batch_size=network.batch_size):
            rows.add("epsilon", privacy.epsilon)


@dataclass(frozen=True)
class JudgesCell(Cell):
    """How good the judges are, on photographs that neither they nor a target saw, and on pictures of the truth.

    accuracy : of the evaluator. named, verified : shares by the embedding. The rows with attack "truth" are about the
    picture of each drawn person's true latent: the most that an attack can bring back.
    """

    people: PeoplePart
    evaluator: Evaluator
    judges: JudgesPart
    seed: int

    def columns(self) -> Columns:
        return about_world(self.people.world) | {"seed": self.seed, "attack": "truth"}

    def fill(self, rows: Rows, made: Made) -> None:
        people, judges = made(self.people), made(self.judges)
        unseen = people.target if people.test is people.evaluator else people.test
        said = judge_all(judges, lambda places: to_floats(unseen.images[places]), None, unseen.labels.numpy())
        for measure in ("acc1", "acc5", "named", "verified", "distance"):
            rows.add(f"photographs_{measure}", said[measure].mean())
        if people.latents is not None:
            pictures, numbers = synthesise(load_prior("dcgan"), people.latents), np.arange(people.count)
            said = judge(judges, pictures, people.latents, numbers)
            for measure in BY_PERSON:
                rows.add(measure, said[measure], units=numbers)


@dataclass(frozen=True)
class AttackCell(Cell):
    """What the judges say of an attack: by person at its end, and in the mean along its curve.

    Rows by person with attack "start" are those of the same attack after no step: the best of the pool.
    """

    attack: Inversion
    judges: JudgesPart
    seed: int
    stage: str = ""
    strength: float | None = None

    def columns(self) -> Columns:
        """The target's and the attack's; of a swapped stage the strength of the target that took it over."""
        swapped: Columns = {} if self.strength is None else {"stage": self.stage, "strength": self.strength}
        return about_attack(self.attack) | {"seed": self.seed} | swapped

    def unpack(self, values: Values) -> pd.DataFrame:
        return with_start(super().unpack(values), f"{self.attack.role} start".removeprefix("ppa "))

    def fill(self, rows: Rows, made: Made) -> None:
        attacked, judges = made(self.attack), made(self.judges)
        mask = attacked.selected
        numbers = attacked.people[mask]
        for place, steps in enumerate(attacked.looks):
            codes = attacked.codes[place][torch.from_numpy(mask)]
            said = judge_all(judges, pictures_of(self.attack, codes), codes, numbers)
            for measure, values in said.items():
                rows.add(f"mean_{measure}", np.mean(values), steps=steps)
            if steps in (0, attacked.looks[-1]):
                for measure in set(BY_PERSON) & set(said):
                    values, persons = by_person(said[measure], numbers)
                    rows.add(measure, values, units=persons, steps=steps)
            if steps == attacked.looks[-1]:
                for measure, value in judge_set(judges, pictures_of(self.attack, codes), numbers).items():
                    rows.add(measure, value, steps=steps)
            near = slice(max(0, steps - 5), max(1, steps))
            rows.add("norm", np.nanmedian(attacked.norms[near]), steps=steps)
            if np.isfinite(cosines := attacked.cosines[max(1, steps - 5) : steps]).any():
                rows.add("cosine", np.nanmedian(cosines), steps=steps)
        rows.add("rate", attacked.rate)
        for rate, hits in zip(self.attack.rates, attacked.tried, strict=False):
            rows.add(f"tried_{rate:g}", hits)


@dataclass(frozen=True)
class StrongestCell(Cell):
    """The rows of the attack whose loss hit most of the people who serve to tune, under the loss "strongest".

    With attacks of the zoo to choose from as well, the attack is called "strongest", too. `strongest` is the number of
    the chosen one among the losses and then the zoo.
    """

    attacks: tuple[Inversion, ...]
    judges: JudgesPart
    seed: int
    zoo: tuple[ZooAttack, ...] = ()

    def columns(self) -> Columns:
        columns = AttackCell(self.attacks[0], self.judges, self.seed).columns() | {"loss": "strongest"}
        return columns | {"attack": "strongest"} if self.zoo else columns

    def fill(self, rows: Rows, made: Made) -> None:
        cells: list[AttackCell | ZooCell] = [AttackCell(attack, self.judges, self.seed) for attack in self.attacks]
        cells += [ZooCell(attack, self.judges, self.seed) for attack in self.zoo]
        tried = [made(attack).tried for attack in self.attacks] + [made(attack).tried for attack in self.zoo]
        best = int(np.argmax([max(shares) for shares in tried]))
        table = made(cells[best])
        final = table[table["unit"].notna() & (table["steps"] > 0)]
        for measure, group in final.groupby("measure"):
            rows.add(str(measure), group["value"], units=group["unit"], steps=int(group["steps"].iloc[0]))
        rows.add("strongest", best)


def utility(model: Classifier, training: Photos, test: Photos) -> dict[str, float]:
    """Accuracy on both, on the test confidence and calibration error, and the margin of training photographs."""
    confidences, truth = ask(model, test.images).softmax(dim=1).numpy(), test.labels.numpy()
    logits = ask(model, training.images)
    label: Tensor = logits.gather(1, training.labels[:, None]).squeeze(1)
    others = (logits.sum(dim=1) - label) / (logits.shape[1] - 1)
    return {
        "accuracy": float((confidences.argmax(axis=1) == truth).mean()),
        "training_accuracy": float((logits.argmax(dim=1) == training.labels).float().mean()),
        "confidence": float(confidences.max(axis=1).mean()),
        "calibration_error": calibration_error(confidences, truth),
        "margin": float((label - others).mean()),
    }
