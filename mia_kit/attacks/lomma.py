"""LOMMA, Re-thinking Model Inversion Attacks (Nguyen et al., CVPR 2023): a better loss for GMI and KED-MI.

Two ideas, one loss. Minus the raw logit does not saturate as cross-entropy does; it is averaged over the target and
surrogates that were distilled from it on public images, so that what fools one model alone does not pay. A penalty
keeps the target's penultimate features near their mean over public images.

    loss = lomma.prepare(access, [SmallClassifier(3, 530, seed=1)], images, seed=0)
    gmi.run(access, [0, 1], prior=prior, critic=critic, seed=0, loss=loss)

Where paper and public code differ, this follows the code. The paper writes the penalty as a squared norm, off a draw
from a normal distribution of public features, and adds it for every model. The code takes the mean of the squares, off
the mean itself, and of the target's features alone. With a sum the penalty of a hundred features is twenty times the
logit, and the attack finds nobody. What stays different: the mean is over all public images given, not the first 5,000;
the target is asked once about each of them; the learning rate drops at the end as in `mia_kit.training.fit`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import kl_div, log_softmax

from mia_kit import check
from mia_kit.access import AccessError, WhiteBox
from mia_kit.attacks.latent_search import check_classes
from mia_kit.attacks.losses import logit
from mia_kit.models import Classifier, in_batches
from mia_kit.training import fit


@dataclass(frozen=True, eq=False)
class IdentityLoss:
    """A loss to hand to `gmi.run` or `kedmi.run`.

    models : the target, with `features` and a `head` on them, then the surrogates
    reference : the target's mean features, of shape (d,)
    queries : images that the target was asked about
    """

    models: tuple[WhiteBox, ...]
    reference: Tensor
    penalty: float = 1.0
    queries: int = 0

    def of_images(self, images: Tensor, targets: Tensor) -> Tensor:
        """Losses of shape (n,); one query of the target for each image."""
        target, *surrogates = self.models
        features = target.features(images)  # (n, d)
        logits = [head_of(target)(features), *(surrogate.logits(images) for surrogate in surrogates)]
        identity = torch.stack([logit(each, targets) for each in logits]).mean(dim=0)
        return identity + self.penalty * (features - self.reference).square().mean(dim=1)


def prepare(
    access: WhiteBox,
    surrogates: Sequence[Classifier],
    images: Tensor,
    *,
    seed: int,
    penalty: float = 1.0,
    epochs: int = 20,
    learning_rate: float = 0.01,
    batch_size: int = 64,
    progress: bool = True,
) -> IdentityLoss:
    """Find the target's mean features, distil the surrogates in place, and return the loss.

    surrogates : fresh classifiers of other kinds, on the model's device; none for the logit and penalty alone
    images : public images as the target takes them, of shape (n, channels, h, w) in [-1, 1]; each is one query

    The numbers are the paper's, but for the size of a batch, which is ours.
    """
    check.in_range("penalty", penalty, 0)
    head, before = head_of(access), access.queries
    images = check.images(images).to(access.device)
    features = in_batches(access.features, images)  # (n, d)
    check.finite("the target's features of public images", features)
    queries = access.queries - before
    answers = in_batches(head, features).softmax(dim=1)  # (n, classes)
    models = [access]
    for place, surrogate in enumerate(surrogates):
        check_classes("surrogate", surrogate.head.out_features, answers)
        fit(
            surrogate,
            images,
            answers,
            seed=seed + place,
            objective=divergence,
            optimiser=torch.optim.SGD,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            progress=progress,
        )
        models.append(WhiteBox(surrogate))
    return IdentityLoss(tuple(models), features.mean(dim=0), penalty, queries)


def divergence(model: nn.Module, images: Tensor, answers: Tensor, epoch: int) -> Tensor:
    """Mean Kullback-Leibler divergence of the model's confidences from the target's; an objective for `fit`."""
    return kl_div(log_softmax(model(images), dim=1), answers, reduction="batchmean")


def head_of(access: WhiteBox) -> nn.Module:
    """The layer that turns features into logits, so that one query gives both. AccessError if there is none."""
    head = getattr(access.model, "head", None)
    if head is None:
        raise AccessError(f"{type(access.model).__name__} has no head: give a classifier of mia_kit.models")
    return head
