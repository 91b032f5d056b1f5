"""Was this picture in the training data? What a foreign classifier's answers tell, with and without reference models.

*threshold*: the loss (Yeom et al., CSF 2018). *calibrated*: the loss less that of moved and mirrored copies of the same
picture, which say how hard it is without another model. *labels*: how many of the copies are named right
(Choquette-Choo et al., ICML 2021), for an attacker who is given labels alone. *references* and *relative*: the offline
likelihood ratio (Carlini et al., S&P 2022) and the relative attack (Zarifzadeh et al., ICML 2024) over few models, each
trained on a random half of both sides.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import torch
from torch import Generator, Tensor, nn

from mia_kit.attacks.losses import others_down
from mia_kit.audit.config import Train
from mia_kit.audit.pictures import Side
from mia_kit.audit.rows import Row
from mia_kit.data.pictures import to_floats
from mia_kit.membership import lira, rmia, scaled_confidences
from mia_kit.metrics import auc, true_positives_at
from mia_kit.models import in_batches
from mia_kit.runs.store import Values
from mia_kit.training import fit
from mia_kit.training.augment import flip_and_shift, usual_augmentation
from mia_kit.training.fit import Optimiser

RATES = {"tpr@1%": 0.01, "tpr@0.1%": 0.001}
AT_ONCE = 64
OPTIMISERS: dict[str, Optimiser] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": functools.partial(torch.optim.SGD, momentum=0.9),
}
Scores = dict[str, tuple[np.ndarray, np.ndarray]]  # attack -> of members and of others, the higher the more a member


def prepared(images: Tensor, generator: Generator, *, augment: bool) -> Tensor:
    """Bytes to floats in [-1, 1], and where asked for the usual changes of training pictures: for `fit`."""
    return usual_augmentation(images.shape[1])(to_floats(images), generator) if augment else to_floats(images)


def train_on(network: nn.Module, side: Side, train: Train, *, seed: int, progress: bool) -> None:
    """Train a network in place as a configuration says."""
    fit(
        network,
        side.images,
        side.labels,
        seed=seed,
        augment=functools.partial(prepared, augment=train.augment),
        optimiser=OPTIMISERS[train.optimiser],
        epochs=train.epochs,
        batch_size=train.batch_size,
        learning_rate=train.learning_rate,
        progress=progress,
    )


def ask(model: nn.Module, images: Tensor) -> Tensor:
    """Logits of shape (n, classes) for uint8 pictures."""
    return in_batches(lambda part: model(to_floats(part)), images, batch_size=AT_ONCE)


def answers(model: nn.Module, side: Side, *, copies: int, seed: int) -> Values:
    """Logits of shape (n, classes), the mean log odds of moved copies, and how many of all are named right: (n,)."""
    generator, logits = Generator().manual_seed(seed), ask(model, side.images)
    scaled, right = [], [logits.argmax(dim=1) == side.labels]
    for _ in range(copies):
        moved = in_batches(lambda part: ask(model, flip_and_shift(part, generator)), side.images, batch_size=AT_ONCE)
        scaled.append(scaled_confidences(moved, side.labels))
        right.append(moved.argmax(dim=1) == side.labels)
    return {"logits": logits, "copies": np.mean(scaled, axis=0), "right": torch.stack(right).sum(dim=0).numpy()}


def scores(said: Sequence[Values], sides: Sequence[Side]) -> Scores:
    """Of the attacks that need no other model."""
    plain = [scaled_confidences(of["logits"], side.labels) for of, side in zip(said, sides, strict=True)]
    return {
        "threshold": (plain[0], plain[1]),
        "calibrated": (plain[0] - said[0]["copies"], plain[1] - said[1]["copies"]),
        "labels": (said[0]["right"], said[1]["right"]),
    }


def reference_scores(scaled: np.ndarray, reference_scaled: np.ndarray, inside: np.ndarray) -> Scores:
    """Of the two attacks: log odds (n,), members first; those of the references and who saw what: (models, n)."""
    line = rmia.line_of(reference_scaled, inside)
    relative = rmia.offline(scaled, reference_scaled, inside, line=line)
    verdicts = {"references": lira.offline(scaled, reference_scaled, inside), "relative": relative}
    halves = {name: np.split(verdict.scores, 2) for name, verdict in verdicts.items()}
    return {name: (members, others) for name, (members, others) in halves.items()}


def rows(scores_of: Scores, *, defence: str = "") -> list[Row]:
    """Area under the curve and true positives at few false ones, with intervals over pictures.

    Where one false positive is more than a rate allows, it cannot be measured and has no row.
    """
    measured = []
    for attack, (members, others) in scores_of.items():
        access = "labels" if attack == "labels" else "confidences"
        values = {"auc": auc(members, others)}
        for name, rate in RATES.items():
            if len(others) * rate >= 1:
                values[name] = true_positives_at(members, others, false_positive_rate=rate)
        measured += [Row.of("membership", attack, access, name, value, defence) for name, value in values.items()]
    return measured


def margins(logits: Tensor, labels: Tensor) -> Tensor:
    """The label's logit less the mean of the others, of shape (n,)."""
    return -others_down(logits, labels)
