"""The cells of a recipe: how good a model is, and how well each attack tells its members from non-members.

All attacks judge the same pictures of a model, none of which they know. Shadow models were trained with the target's
own mechanism, as an attacker who knows the defence would (`shadow`, `lira`); `lira_unaware` has those without one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import softmax

from mia_kit.membership import (
    MembershipSplit,
    Verdicts,
    augmentation_aware,
    average,
    lira,
    powerful,
    scaled_confidences,
    shadow_attack,
)
from mia_kit.membership.thresholds import REDUCTIONS
from mia_kit.metrics import calibration_error, roc
from mia_kit.runs.cells import Cell, Columns, Rows
from mia_kit.runs.parts import Made
from mia_kit.studies.membership.parts import AnswersPart, Pool, PoolPart, target
from mia_kit.studies.membership.recipe import Mechanism, Recipe

RATES = (0.001, 0.01)  # false positives at which true ones are asked for
LEAST_SHADOWS = 4  # with two twins, of each picture's two shadow models on either side


def cells(recipe: Recipe) -> Iterator[Cell]:
    """All cells of a recipe, seed by seed. Shadow models are those of the other seeds, if there are enough."""
    pool = PoolPart(recipe.world)

    def answers(mechanism: tuple[Mechanism, ...], *seeds: int) -> tuple[AnswersPart, ...]:
        return tuple(AnswersPart(target(pool, recipe.network, mechanism, seed), recipe.attacker) for seed in seeds)

    for seed in recipe.seeds:
        others = [other for other in recipe.seeds if other // 2 != seed // 2]
        for mechanism in recipe.models:
            (model,) = answers(mechanism, seed)
            yield TargetCell(model, seed)
            for attack in ("average", "powerful", "augmented", *recipe.attacker.distances):
                yield AttackCell(attack, model, seed)
            if len(others) >= LEAST_SHADOWS:
                for attack in ("shadow", "lira"):
                    yield AttackCell(attack, model, seed, answers(mechanism, *others))
                yield AttackCell("lira_unaware", model, seed, answers((), *others))


class ModelCell(Cell):
    """A cell of a model. Its columns: neither no mechanism nor a pair has a strength."""

    model: AnswersPart

    def columns(self) -> Columns:
        world, mechanism = self.model.target.pool.world, self.model.target.mechanism
        return {
            "study": "membership",
            "world": world.name,
            "per_class": world.per_class,
            "seed": self.seed,
            "defence": " + ".join(part.defence for part in mechanism) or "none",
            "strength": mechanism[0].strength if len(mechanism) == 1 else np.nan,
        }


@dataclass(frozen=True)
class TargetCell(ModelCell):
    """How good a model is: accuracy, confidence and calibration error on non-members, accuracy and margin on members.

    margin : mean over members of the label's logit less the mean of the others'. epsilon : of DP-SGD alone
    """

    model: AnswersPart
    seed: int

    def fill(self, rows: Rows, made: Made) -> None:
        pool, logits, epsilon = made(self.model.target.pool), made(self.model).logits, made(self.model.target)[1]
        split, labels = pool.split(self.seed), pool.labels.numpy()
        right, unseen = logits.argmax(axis=1) == labels, split.non_members
        confidences = softmax(logits[unseen].astype(float), axis=1)
        rows.add("accuracy", right[unseen].mean())
        rows.add("training_accuracy", right[split.members].mean())
        rows.add("confidence", confidences.max(axis=1).mean())
        rows.add("calibration_error", calibration_error(confidences, labels[unseen]))
        label = np.take_along_axis(logits, labels[:, None], axis=1)[:, 0]
        others = (logits.sum(axis=1) - label) / (logits.shape[1] - 1)
        rows.add("margin", (label - others)[split.members].mean())
        if np.isfinite(epsilon):
            rows.add("epsilon", epsilon)


@dataclass(frozen=True)
class AttackCell(ModelCell):
    """How well an attack tells members: advantage, area under the ROC curve, true positives at few false ones.

    A distance has no threshold and so no advantage. It has `reached` instead, the share of pictures for which a change
    was found: of the others it says nothing.
    """

    attack: str
    model: AnswersPart
    seed: int
    shadows: tuple[AnswersPart, ...] = ()

    def columns(self) -> Columns:
        return super().columns() | {"attack": self.attack}

    def fill(self, rows: Rows, made: Made) -> None:
        if self.attack in (names := self.model.attacker.distances):
            distances = made(self.model).distances[names.index(self.attack)]
            rows.add("reached", np.isfinite(distances).mean())
            scores = -distances  # members need less
        else:
            verdicts = self.verdicts(made)
            members, non_members = np.split(verdicts.says_member, 2)
            rows.add("advantage", members.mean() - non_members.mean())
            scores = verdicts.scores.reshape(2, -1)
        curve = roc(*scores)
        rows.add("auc", curve.area)
        for rate in RATES:
            rows.add(f"tpr_at_{rate:g}", curve.at(rate))

    def verdicts(self, made: Made) -> Verdicts:
        """On the judged pictures, members first."""
        pool, losses = made(self.model.target.pool), made(self.model).losses
        known, judged = pool.known_and_judged(self.seed, self.model.attacker.known)
        asked = np.concatenate([judged.members, judged.non_members])
        if self.attack == "average":
            return average(losses[asked, 0], losses[known.members, 0])
        if self.attack == "powerful":
            return powerful(losses[asked, 0], losses[known.members, 0], losses[known.non_members, 0])
        if self.attack == "augmented":
            return augmented(losses, known, asked)
        labels, models = pool.labels[asked], [self.model, *self.shadows]
        logits = np.stack([made(model).logits[asked] for model in models])  # (models, n, classes), the target's first
        seen = np.stack([seen_by(pool, model.target.seed)[asked] for model in self.shadows])
        if self.attack == "shadow":
            confidences = softmax(logits.astype(float), axis=2)
            return shadow_attack.run(confidences[0], labels.numpy(), confidences[1:], labels.numpy(), seen)
        scaled = np.stack([scaled_confidences(torch.from_numpy(answers), labels) for answers in logits])
        return lira.online(scaled[0], scaled[1:], seen)


def augmented(losses: np.ndarray, known: MembershipSplit, asked: np.ndarray) -> Verdicts:
    """The augmentation-aware attack with the reduction that does best on what the attacker knows."""
    sides = [losses[known.members], losses[known.non_members]]

    def gain(reduction: str) -> float:
        members, others = (augmentation_aware(side, *sides, reduction=reduction).says_member for side in sides)
        return float(members.mean() - others.mean())

    return augmentation_aware(losses[asked], *sides, reduction=max(REDUCTIONS, key=gain))


def seen_by(pool: Pool, seed: int) -> np.ndarray:
    """Which pictures of the pool a model was trained on: bool of shape (n,)."""
    return np.isin(np.arange(len(pool.labels)), pool.split(seed).members)
