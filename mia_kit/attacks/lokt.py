"""LOKT: labels alone teach a surrogate, and the surrogate is attacked with all that a white box allows.

Nguyen et al., "Label-Only Model Inversion Attacks via Knowledge Transfer" (NeurIPS 2023). Images of a generator, with
the labels that the target gives them, train a network of the attacker's, whose gradients anybody may follow.

    surrogate = SmallClassifier(3, 40, seed=1)
    lokt.learn(LabelAPI(model), surrogate, images, seed=0)
    ppa.run(WhiteBox(surrogate), [0, 1], prior=load_dcgan(), seed=1)

A small version. The paper first trains a generator that knows classes (T-ACGAN, with the target for its classifier), so
that every class has enough images, and its best attacks have three surrogates. Here the images are drawn from the prior
as it is, a class that is seldom said is seldom learnt, and there is one surrogate, attacked by Plug & Play.
"""

from __future__ import annotations

from torch import Tensor

from mia_kit import check
from mia_kit.access import Access
from mia_kit.models import Classifier, in_batches
from mia_kit.training import fit
from mia_kit.training.augment import usual_augmentation


def learn(
    access: Access,
    surrogate: Classifier,
    images: Tensor,
    *,
    seed: int,
    epochs: int = 20,
    batch_size: int = 64,
    learning_rate: float = 2e-3,
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
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        progress=progress,
    )
