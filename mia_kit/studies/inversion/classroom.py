"""A class of drawn people: targets with a defence that train in seconds, and an attacker who knows the defence.

Forty of the people whom the shipped judges know, twenty photographs each. `train` makes a target with any defence of
`mia_kit.defences.build`. `strongest` attacks it with each loss of `LOSSES` and keeps the one that brings back most, as
an attacker would who knows the defence: a defence that blinds one loss protects nobody. Nobody is harmed: these people
do not exist, and every picture may be shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from mia_kit import check
from mia_kit.access import WhiteBox
from mia_kit.attacks import ppa
from mia_kit.attacks.losses import LOSSES as ALL_LOSSES
from mia_kit.attacks.prior_to_target import resize, synthesise
from mia_kit.data.pictures import to_bytes
from mia_kit.defences import Defended, build
from mia_kit.defences.dp_sgd import Privacy
from mia_kit.models import Classifier, SmallClassifier, in_batches, load_dcgan, sample_latents
from mia_kit.studies.inversion import shipped
from mia_kit.studies.inversion.networks import LEAST_STRANGERS
from mia_kit.studies.inversion.people import Photos
from mia_kit.threads import one_thread
from mia_kit.training.augment import usual_augmentation

PEOPLE, PHOTOGRAPHS, TEST, SIZE = 40, 20, 10, 32
WIDTH, EPOCHS, BATCH, RATE = 16, 30, 32, 2e-3
LOSSES = ("cross_entropy", "poincare", "margin")
ATTACK = ppa.Settings((SIZE, SIZE), pool=400, candidates=1, keep=1, steps=30, learning_rate=0.02, selection_views=1)


@dataclass(frozen=True, eq=False)
class Attacked:
    """A target, and what the strongest attack brings back, one picture of each person.

    accuracy : share right of photographs that no target was given
    loss : the strongest attack's, one of `LOSSES`
    pictures : uint8 of shape (people, 64, 64, 3)
    ranks, identity_ranks : of the person by both judges, of shape (people,), see `shipped.judged`; 1 is a hit
    privacy : what DP-SGD guarantees, None for other defences
    """

    defence: str
    strength: float
    accuracy: float
    loss: str
    pictures: np.ndarray
    ranks: np.ndarray
    identity_ranks: np.ndarray
    privacy: Privacy | None = None

    @property
    def hits(self) -> int:
        """How many people the evaluator recognises."""
        return int((self.ranks == 1).sum())


@cache
def class_photographs(role: str = "target") -> Photos:
    """What a target may be trained on, 20 photographs of each of 40 people; of the role "test" 10, for its accuracy."""
    count = PHOTOGRAPHS if role == "target" else TEST
    images = to_bytes(shipped.photographs(range(PEOPLE), count, role))
    return Photos(images, torch.arange(PEOPLE).repeat_interleave(count))


def untrained(defence: str, strength: float, *, width: int = WIDTH, seed: int = 0) -> Classifier:
    """A fresh target in the form that a defence trains. ValueError for an unknown defence or its strength."""
    wrap, model = build(defence, strength).wrap, SmallClassifier(3, PEOPLE, seed=seed, width=width)
    return wrap(model, seed) if wrap else model


def train(defence: str = "none", strength: float = 0.0, *, epochs: int | None = None, seed: int = 0) -> Defended:
    """Train a target with a defence of `mia_kit.defences.build`, or "none": about ten seconds.

    ValueError for a defence that begins from a public trunk: the class has none, and noise would stand in for it.
    """
    if defence in LEAST_STRANGERS:
        raise ValueError(f"defence must be one without a public trunk, got {defence} instead: a recipe can train it")
    photographs, model = class_photographs(), SmallClassifier(3, PEOPLE, seed=seed, width=WIDTH)
    with one_thread():
        return build(defence, strength).fit(
            model,
            photographs.floats,
            photographs.labels,
            seed=seed,
            augment=usual_augmentation(3),
            epochs=epochs or EPOCHS,
            batch_size=BATCH,
            learning_rate=RATE,
            progress=False,
        )


def accuracy(model: Classifier) -> float:
    """The share of the class's test photographs that a target names right."""
    photographs = class_photographs("test")
    return float((in_batches(model, photographs.floats).argmax(dim=1) == photographs.labels).float().mean())


@cache
def pool(seed: int) -> Tensor:
    """The images of the attack's first stage, then their mirror images: of shape (2 * `ATTACK.pool`, 3, 32, 32)."""
    prior = load_dcgan()
    latents = prior.map(sample_latents(prior, ATTACK.pool, seed=seed))
    images = resize(synthesise(prior, latents, batch_size=ATTACK.batch_size), (SIZE, SIZE))
    return torch.cat([images, images.flip(3)])


def attack(model: Classifier, people: Sequence[int], loss: str, *, seed: int = 0) -> Tensor:
    """A Plug & Play attack under a loss of `LOSSES`: a reconstruction of each person, shape (people, 3, 64, 64).

    ValueError if the loss is unknown or the target's confidences are not finite: a target that cannot be asked is not
    one that leaks nothing.
    """
    check.one_of("loss", loss, LOSSES)
    with one_thread():
        confidences = in_batches(model, pool(seed)).softmax(dim=1)  # (2 * pool, classes)
        scores = confidences.view(2, ATTACK.pool, PEOPLE).mean(dim=0)
        reconstructions = ppa.run(
            WhiteBox(model),
            people,
            prior=load_dcgan(),
            seed=seed,
            settings=ATTACK,
            loss=ALL_LOSSES[loss],
            scores=scores,
            progress=False,
        )
    check.finite(f"the target's confidences under the {loss} loss", reconstructions.scores)
    return reconstructions.images


def strongest(
    model: Classifier,
    people: Sequence[int],
    *,
    defence: str = "none",
    strength: float = 0.0,
    privacy: Privacy | None = None,
) -> Attacked:
    """Attack a target under every loss of `LOSSES`; what the evaluator recognises most of is kept, of equals the first.

    What is known of the target, its defence, strength and privacy, is only noted.
    """
    right, attempts = accuracy(model), []
    for loss in LOSSES:
        images = attack(model, people, loss)
        said = shipped.judged(images, people)
        pictures = to_bytes(images).permute(0, 2, 3, 1).numpy()
        judgement = (said["rank"], said["identity_rank"])
        attempts.append(Attacked(defence, strength, right, loss, pictures, *judgement, privacy))
    return max(attempts, key=lambda attempt: attempt.hits)
