"""LOKT: labels alone teach a surrogate, and the surrogate is attacked with all that a white box allows.

Nguyen et al., "Label-Only Model Inversion Attacks via Knowledge Transfer" (NeurIPS 2023). Images of a generator, with
the labels that the target gives them, train a network of the attacker's, whose gradients anybody may follow.

    lokt.run(LabelAPI(model), [0, 1], prior=load_dcgan(), surrogate=SmallClassifier(3, 40, seed=1), seed=0)

A small version. The paper first trains a generator that knows classes (T-ACGAN, with the target for its classifier), so
that every class has enough images, and its best attacks have three surrogates. Here the images are drawn from the prior
as it is, a class that is seldom said is seldom learnt, and there is one surrogate, attacked by Plug & Play.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from torch import Tensor

from mia_kit import check
from mia_kit.access import Access, WhiteBox
from mia_kit.attacks import ppa
from mia_kit.attacks.losses import Loss, poincare
from mia_kit.attacks.prior_to_target import as_seen, check_images, synthesise
from mia_kit.attacks.reconstructions import Reconstructions
from mia_kit.models import Classifier, in_batches
from mia_kit.models.priors import Prior, sample_latents
from mia_kit.signatures import checked
from mia_kit.training import fit
from mia_kit.training.augment import usual_augmentation


@dataclass(frozen=True)
class Settings:
    """samples : images that the target labels, once each; attack : Plug & Play on the surrogate; the rest trains it."""

    samples: int = 5000
    epochs: int = 20
    batch_size: int = 64
    learning_rate: float = 2e-3
    attack: ppa.Settings = field(default_factory=ppa.Settings)

    def __post_init__(self) -> None:
        check.whole_fields(self, samples=2, epochs=1, batch_size=2)
        check.in_range("learning_rate", self.learning_rate, 0, open_ends="low")


@checked
def run(
    access: Access,
    target_classes: Sequence[int],
    *,
    prior: Prior,
    surrogate: Classifier,
    seed: int,
    settings: Settings | None = None,
    loss: Loss = poincare,
    progress: bool = True,
) -> Reconstructions:
    """Attack all `target_classes` at once with labels, whatever else `access` would give.

    `surrogate` is a fresh classifier with as many classes as the target, trained in place. `seed` seeds the images, the
    training and the attack. Queries are the target's alone. Raises as `ppa.run` and `learn`.
    """
    settings, before = settings or Settings(), access.queries
    check_images(access, prior)
    drawn = synthesise(prior, prior.map(sample_latents(prior, settings.samples, seed=seed).to(access.device)))
    images = as_seen(access, drawn, settings.attack.input_size)
    learn(access, surrogate, images, seed=seed, settings=settings, progress=progress)
    attack, white_box = settings.attack, WhiteBox(surrogate)
    result = ppa.run(
        white_box, target_classes, prior=prior, seed=seed + 1, settings=attack, loss=loss, progress=progress
    )
    return replace(result, queries=access.queries - before)


def learn(
    access: Access,
    surrogate: Classifier,
    images: Tensor,
    *,
    seed: int,
    settings: Settings,
    progress: bool = True,
) -> None:
    """Train the surrogate, in place, on the target's labels of images as the target takes them: one query for each.

    ValueError if the target labels fewer than two of them, or says a class that the surrogate does not have.
    """
    images = check.images(images)
    labels = in_batches(lambda batch: access.labels(batch.to(access.device)).cpu(), images)  # -1 for none
    classes = surrogate.head.out_features
    if labels.max() >= classes:
        raise ValueError(f"the surrogate must have the target's classes, got {classes} of them and {labels.max()} said")
    fit(
        surrogate,
        images[labels >= 0],
        labels[labels >= 0],
        seed=seed,
        augment=usual_augmentation(images.shape[1]),
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        progress=progress,
    )
