"""Pictures changed by so little that nobody sees it: does the classifier still say the same?

Three attacks of the Adversarial Robustness Toolbox, those of AutoAttack (Croce and Hein, ICML 2020) but for the one
that minimises the change: automatic projected gradient descent on cross-entropy and on a ratio of logits' differences,
and Square, which asks for confidences alone. The second loss and the third attack matter here: a model whose softmax is
saturated has no gradient of cross-entropy, and who looks at that attack alone takes blindness for robustness.

The toolbox is an optional dependency: pip install "mia_kit[robust]". (Of the libraries with these attacks it is the one
that is still released: torchattacks, of 2023, asks for a version of requests that JupyterLab refuses, and foolbox, of
2024, needs git and lacks them.)
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mia_kit.models import Classifier, in_batches

INSTALL = 'attacks by adversarial examples need a toolbox: run pip install "mia_kit[robust]"'
GREY_LEVELS = 255
LOSSES = {"cross-entropy": "cross_entropy", "logit ratio": "difference_logits_ratio"}
SQUARE = "square"


def withstood(
    model: Classifier, images: Tensor, labels: Tensor, epsilon: float, *, steps: int, queries: int, seed: int
) -> dict[str, Tensor]:
    """Whether each picture is still classified correctly under each attack: bool Tensors of shape (n,), by name.

    Parameters
    ----------
    images, labels : (n, channels, h, w) in [-1, 1], and the right classes, of shape (n,); wrong ones from the start
        are not attacked
    epsilon : greatest change of a pixel, in grey levels of 255, above 0
    steps, queries : of the gradient attacks, and of Square, for each picture

    Raises ValueError if epsilon is not above 0, ImportError without the toolbox.
    """
    if not epsilon > 0:
        raise ValueError(f"epsilon must be above 0, got {epsilon} instead")
    right = in_batches(model, images).argmax(dim=1) == labels
    found = {}
    for name in (*LOSSES, SQUARE):
        held = right.clone()
        if right.any():
            changed = _changed(name, model, images[right], labels[right], epsilon, steps, queries, seed)
            held[right] = in_batches(model, changed).argmax(dim=1) == labels[right]
        found[name] = held
    return found


def toolbox() -> tuple[Any, Any]:
    """The toolbox's classifier for PyTorch, and its attacks. ImportError says how to install it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from art.attacks import evasion
            from art.estimators.classification import PyTorchClassifier
    except ImportError as problem:
        raise ImportError(INSTALL) from problem
    return PyTorchClassifier, evasion


def _changed(
    name: str,
    model: Classifier,
    images: Tensor,
    labels: Tensor,
    epsilon: float,
    steps: int,
    queries: int,
    seed: int,
) -> Tensor:
    """The attacked pictures, which lie within epsilon of the given ones and within [-1, 1]."""
    wrapper, evasion = toolbox()
    size = 2 * epsilon / GREY_LEVELS
    classifier = wrapper(
        model=model,
        clip_values=(-1, 1),
        loss=nn.CrossEntropyLoss(),
        input_shape=tuple(images.shape[1:]),
        nb_classes=model.head.out_features,
        device_type="cpu",
    )
    common: dict[str, Any] = {"norm": np.inf, "eps": size, "batch_size": 128, "verbose": False}
    if name == SQUARE:
        attack = evasion.SquareAttack(classifier, max_iter=queries, nb_restarts=1, **common)
    else:
        loss = LOSSES[name]
        attack = evasion.AutoProjectedGradientDescent(
            classifier, eps_step=2 * size, max_iter=steps, nb_random_init=1, loss_type=loss, **common
        )
    with _seeded(seed), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        changed = torch.from_numpy(attack.generate(x=images.numpy(), y=labels.numpy()))
    return changed.clamp(images - size, images + size)


class _seeded:
    """The toolbox draws from numpy's global numbers: seed them for a while, and give them back as they were."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __enter__(self) -> None:
        self._before = np.random.get_state()
        np.random.seed(self.seed)

    def __exit__(self, *_: object) -> None:
        np.random.set_state(self._before)
