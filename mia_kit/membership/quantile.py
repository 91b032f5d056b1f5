"""The quantile attack: is this example surer than a non-member that looks like it would be? No shadow models.

Bertran, Tang, Roth, Kearns, Morgenstern and Wu, *Scalable Membership Inference Attacks via Quantile Regression*
(NeurIPS 2023). One network learns how sure the target is of a picture, from public pictures that the target was not
trained on. A picture is called a member where the target is surer than the quantile 1 - alpha that the network expects;
alpha is the false positive rate. This is the paper's Gaussian variant, which gives all quantiles at once: the network
says mean m and deviation d of the confidence s, and learns by log d + ((s - m) / d)^2 / 2. The score is (s - m) / d.

We have read the abstract, the introduction and the authors' public code, and none of the paper's other sections. The
Gaussian loss and ten epochs are those of the code's example; a pair (m, d) for each class is an option of it. What
differs: s is log p / (1 - p), in the code the label's logit less the greatest other. Our network is small and starts
untrained, so that it overfits. Hence the threshold comes from a fifth of the public pictures, held out (split conformal
prediction), and not from the Gaussian.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from mia_kit import check
from mia_kit.membership.verdicts import Verdicts
from mia_kit.models import SmallClassifier, in_batches
from mia_kit.signatures import checked
from mia_kit.training import fit

HELD_OUT = 0.2


@checked
def run(
    scaled: np.ndarray,
    images: Tensor,
    labels: Tensor,
    public_scaled: np.ndarray,
    public_images: Tensor,
    public_labels: Tensor,
    *,
    seed: int,
    false_positive_rate: float = 0.05,
    epochs: int = 10,
    progress: bool = False,
) -> Verdicts:
    """How far the confidence lies above that of non-members that look alike, in predicted standard deviations.

    scaled : the target model's log p / (1 - p) of each example, of shape (n,); see `losses_and_confidences`
    images, labels : the examples, of shape (n, channels, h, w) in [-1, 1], h and w from 16, and int64 of shape (n,)
    public_scaled, public_images, public_labels : the same of examples that the target was not trained on, at least 3,
        which look like the others
    false_positive_rate : alpha. Of non-members drawn like the public ones at most this share is called members, on
        average over such draws. Of k held-out pictures none tells of a rate below 1 / (k + 1): a ValueError

    ValueError, too, if a class of `labels` has no public picture to learn from.
    """
    _check(scaled, images, labels)
    check.shape("public_images", public_images, ("n", *images.shape[1:]))
    _check(public_scaled, public_images, public_labels, name="public_", least=3)
    order = np.random.default_rng(check.count("seed", seed, 0)).permutation(len(public_scaled))
    held, learnt = np.split(order, [max(1, round(HELD_OUT * len(order)))])
    rate = check.in_range("false_positive_rate", false_positive_rate, 1 / (len(held) + 1), 1, open_ends="high")
    if absent := set(labels.tolist()) - set(public_labels[learnt].tolist()):
        raise ValueError(f"public_labels must hold each of labels, got none of class {min(absent)} to learn from")
    centre, width = public_scaled[learnt].mean(), public_scaled[learnt].std()
    check.in_range("the deviation of public_scaled", width, 0, open_ends="low")
    standard = torch.from_numpy((public_scaled - centre) / width).float()
    network = SmallClassifier(images.shape[1], 2 * (int(public_labels.max()) + 1), seed=seed)
    known = standard[learnt], public_images[learnt], public_labels[learnt]
    _learn(network, *known, seed=seed, epochs=epochs, progress=progress)
    beyond = _beyond(network, standard[held], public_images[held], public_labels[held])
    # one more non-member falls with equal chances into each of the gaps between those held out
    threshold = np.sort(beyond)[-int(rate * (len(held) + 1) + 1e-9)]
    return Verdicts(_beyond(network, torch.from_numpy((scaled - centre) / width), images, labels), float(threshold))


def _learn(
    network: nn.Module, standard: Tensor, images: Tensor, labels: Tensor, *, seed: int, epochs: int, progress: bool
) -> None:
    """Fit a Gaussian to the standardised confidence of each picture, given the picture and its label."""

    def loss(network: nn.Module, batch: Tensor, rows: Tensor, epoch: int) -> Tensor:
        mean, log_deviation = _of_label(network(batch), labels[rows])
        return (log_deviation + ((standard[rows] - mean) / log_deviation.exp()) ** 2 / 2).mean()

    # rows in place of classes: a row tells of a picture's confidence as well
    fit(network, images, torch.arange(len(images)), seed=seed, objective=loss, epochs=epochs, progress=progress)


def _beyond(network: nn.Module, standard: Tensor, images: Tensor, labels: Tensor) -> np.ndarray:
    """(s - m) / d of each picture, of shape (n,)."""
    mean, log_deviation = _of_label(in_batches(network, images).double(), labels)
    return ((standard - mean) / log_deviation.exp()).numpy()


def _of_label(outputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and logarithm of the deviation, two of shape (n,), from (n, 2 * classes): a pair for each class."""
    pairs = outputs.unflatten(1, (-1, 2))[torch.arange(len(labels)), labels]  # (n, 2)
    return pairs[:, 0], pairs[:, 1]


def _check(scaled: np.ndarray, images: Tensor, labels: Tensor, *, name: str = "", least: int = 1) -> None:
    check.images(images, least=least)
    check.labels(labels, classes=None, length=len(images), name=f"{name}labels")
    check.array(f"{name}scaled", scaled, (len(images),))
