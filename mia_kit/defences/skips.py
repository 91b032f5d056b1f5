"""RoLSS: no skip connection in the last stage, by which an attack's gradients pass most easily.

Koh et al., "On the Vulnerability of Skip Connections to Model Inversion Attacks" (ECCV 2024): attacks lose most where
the skips of the last stage go (RoLSS, removal of last-stage skip connections). Scaling them down instead (SSF, a
scaling factor) costs less accuracy. Their third design, training in two stages, is left out.

The last stage of our `ResidualClassifier` is its last block. We read abstract, project page and summaries of the paper.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

from torch import Tensor, nn

from mia_kit import check
from mia_kit.models import Classifier
from mia_kit.models.residual import ResidualBlock


class ScaledShortcut(nn.Module):
    """A shortcut times `factor`; at 0 there is none, and no weights without use."""

    def __init__(self, shortcut: nn.Module, factor: float) -> None:
        super().__init__()
        self.shortcut, self.factor = shortcut if factor else None, factor

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * self.shortcut(x) if self.shortcut is not None else x.new_zeros(())


@dataclass(frozen=True)
class WeakerLastSkip:
    """The last shortcut is scaled by 1 - `removed`, in [0, 1]: 1 is RoLSS."""

    removed: float

    def __post_init__(self) -> None:
        check.in_range("the share of the last skip connection to remove", self.removed, 0, 1)

    def __call__(self, model: Classifier, seed: int) -> Classifier:
        """A copy of the classifier; nothing is drawn. ValueError if it has no shortcut."""
        model = copy.deepcopy(model)
        blocks = [layer for layer in model.modules() if isinstance(layer, ResidualBlock)]
        if not blocks:
            raise ValueError(
                f"RoLSS needs skip connections, got a {type(model).__name__} instead: take a ResidualClassifier"
            )
        blocks[-1].shortcut = ScaledShortcut(blocks[-1].shortcut, 1 - self.removed)
        return model
