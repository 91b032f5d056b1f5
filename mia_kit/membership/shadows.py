"""Shadow models: which examples each is trained on, and the training of many small ones as one network.

A small network spends much of its time starting operations. Here the models of a stack lie side by side as groups of
the channels of one network, so that `fit` trains them all at once: a grouped convolution and a batch norm of all
channels are the single models' own, and no gradient crosses from group to group. Each ends as the model that `fit`
gives alone, to float accuracy; `tests/membership/test_shadows.py` holds the two together.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from mia_kit import check
from mia_kit.access import WhiteBox
from mia_kit.membership.verdicts import losses_and_confidences
from mia_kit.models import SmallClassifier
from mia_kit.signatures import checked
from mia_kit.training import fit

# More models at once need more memory and are hardly faster.
STACK = 16


@checked
def half_memberships(examples: int, shadows: int, *, seed: int) -> np.ndarray:
    """Train each shadow model on half of the examples, and each example in half of the models: (shadows, examples).

    Models come in pairs that share no example (Carlini et al., S&P 2022, section V-B, draw as evenly). ValueError
    unless both numbers are even and at least 2.
    """
    if min(examples, shadows) < 2 or examples % 2 or shadows % 2:
        raise ValueError(f"examples and shadows must be even, at least 2, got {examples} and {shadows} instead")
    half = np.arange(examples) < examples // 2
    random = np.random.default_rng(seed)
    firsts = random.permuted(np.tile(half, (shadows // 2, 1)), axis=1)
    return np.stack([firsts, ~firsts], axis=1).reshape(shadows, examples)


@checked
def fit_shadows(
    images: Tensor,
    labels: Tensor,
    shadow_members: np.ndarray,
    *,
    seed: int,
    classes: int,
    width: int = 16,
    epochs: int = 100,
    batch_size: int = 32,
    stack: int = STACK,
    progress: bool = True,
) -> list[SmallClassifier]:
    """Train one `SmallClassifier` for each row of `shadow_members`, `stack` of them at a time, as `fit` would.

    images : Tensor of shape (n, channels, h, w) in [-1, 1]; a stack holds a copy of its members for each of its models
    labels : int64 Tensor of shape (n,), in [0, classes)
    shadow_members : bool of shape (shadows, n), as many True in each row; see `half_memberships`
    seed : model k starts from the weights of `SmallClassifier(seed=seed + k)`; each stack takes its members in the
        order that `fit` draws from `seed`
    """
    check.images(images)
    check.labels(labels, classes=classes, length=len(images))
    sizes = np.unique(check.mask("shadow_members", shadow_members, ("shadows", len(images))).sum(axis=1))
    if len(sizes) != 1:
        raise ValueError(f"shadow models must have as many members each, got {', '.join(map(str, sizes))} instead")
    check.count("stack", stack)
    trained: list[SmallClassifier] = []
    for begin in range(0, len(shadow_members), stack):
        rows = shadow_members[begin : begin + stack]
        channels = images.shape[1]
        models = [SmallClassifier(channels, classes, seed=seed + begin + k, width=width) for k in range(len(rows))]
        together = ShadowStack(models)
        members = torch.from_numpy(np.stack([np.flatnonzero(row) for row in rows], axis=1))  # (members, models)
        data = images[members].flatten(1, 2), labels[members]  # (members, models * channels, h, w), (members, models)
        # The mean over the models makes gradients smaller; Adam's steps stay the same if its epsilon does too.
        optimiser = functools.partial(torch.optim.Adam, eps=1e-8 / len(rows))
        fit(
            together,
            *data,
            seed=seed,
            epochs=epochs,
            batch_size=batch_size,
            objective=_mean_cross_entropy,
            optimiser=optimiser,
            progress=progress,
        )
        trained += together.models()
    return trained


def shadow_signals(models: Sequence[nn.Module], images: Tensor, labels: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Losses and confidences on the logit scale of every model: two arrays of shape (models, n), for `lira`."""
    signals = [losses_and_confidences(WhiteBox(model), images, labels) for model in models]
    losses, scaled = (np.stack(part) for part in zip(*signals, strict=True))
    return losses, scaled


class ShadowStack(nn.Module):
    """Small classifiers of one shape as one network, model after model along the channels."""

    def __init__(self, models: Sequence[SmallClassifier]) -> None:
        super().__init__()
        self._originals = list(models)  # a list, so that their weights do not count as the stack's
        self.body = _side_by_side([model.body for model in models])
        self.weight = nn.Parameter(torch.stack([model.head.weight.detach() for model in models]))
        self.bias = nn.Parameter(torch.stack([model.head.bias.detach() for model in models]))
        self.to(memory_format=torch.channels_last)  # a third faster on a CPU

    def forward(self, images: Tensor) -> Tensor:
        """Logits of shape (models, n, classes) for images of shape (n, models * channels, h, w)."""
        features = self.body(images.contiguous(memory_format=torch.channels_last))  # (n, models * d)
        features = features.unflatten(1, (len(self.weight), -1)).transpose(0, 1)  # (models, n, d)
        return torch.baddbmm(self.bias[:, None], features, self.weight.mT)

    def models(self) -> list[SmallClassifier]:
        """The single models with the weights of the stack, in evaluation mode."""
        for k, model in enumerate(self._originals):
            chunks = {name: part.chunk(len(self.weight)) for name, part in self.body.state_dict().items() if part.ndim}
            state = {f"body.{name}": parts[k] for name, parts in chunks.items()}
            counts = {f"body.{name}": part for name, part in self.body.state_dict().items() if not part.ndim}
            state |= counts | {"head.weight": self.weight[k].detach(), "head.bias": self.bias[k].detach()}
            model.load_state_dict(state)
            model.eval()
        return self._originals


def _side_by_side(layers: Sequence[nn.Module]) -> nn.Module:
    """One layer that does to each group of channels what the layers, all of one kind, do alone."""
    first, count = layers[0], len(layers)
    joined: nn.Module
    if isinstance(first, nn.Sequential):
        return nn.Sequential(*(_side_by_side(list(group)) for group in zip(*layers, strict=True)))
    if isinstance(first, nn.Conv2d):
        joined = nn.Conv2d(
            count * first.in_channels,
            count * first.out_channels,
            first.kernel_size,  # type: ignore[arg-type]
            stride=first.stride,  # type: ignore[arg-type]
            padding=first.padding,  # type: ignore[arg-type]
            groups=count,
            bias=False,
        )
    elif isinstance(first, nn.BatchNorm2d):
        joined = nn.BatchNorm2d(count * first.num_features)
    else:
        return first  # without weights: it acts on each channel alone
    states = [layer.state_dict() for layer in layers]
    columns = {name: [state[name] for state in states] for name in states[0]}
    # batch norm's count of batches is one number
    joined.load_state_dict({name: torch.cat(part) if part[0].ndim else part[0] for name, part in columns.items()})
    return joined


def _mean_cross_entropy(model: nn.Module, images: Tensor, labels: Tensor, epoch: int) -> Tensor:
    """Over the models and their images; `labels` of shape (n, models)."""
    return cross_entropy(model(images).flatten(0, 1), labels.T.flatten())
