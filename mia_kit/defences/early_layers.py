"""TL-DMI: the early layers stay as public people taught them; only the late ones learn from private pictures.

Ho et al., "Model Inversion Robustness: Can Transfer Learning Help?" (CVPR 2024). The fewer layers learn from private
pictures, the less of these is in the weights, and no term of the loss works against accuracy. The classifier must come
with a trunk that was trained on public people (`mia_kit.models.transplant`): in a fresh one, noise would stay.

Differences from the paper, of which we read abstract, project page and summaries. How many layers stay is a share of
them, where the paper names a layer of each architecture. Batch norm in them keeps its public statistics as well; what
the paper does with these we could not find.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Self

from torch import nn

from mia_kit import check
from mia_kit.models import Classifier


class StillBatchNorm(nn.BatchNorm2d):
    """Batch norm by the statistics that it has, in training too."""

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation mode."""
        return super().train(False)


@dataclass(frozen=True)
class EarlyLayersStay:
    """The first `share`, in [0, 1), of the body's layers with weights, rounded down, stay as they are."""

    share: float

    def __post_init__(self) -> None:
        check.in_range("the share of layers that stay", self.share, 0, 1, open_ends="high")

    def __call__(self, model: Classifier, seed: int) -> Classifier:
        """A copy of the classifier; nothing is drawn. ValueError unless it has a body of layers in sequence."""
        model = copy.deepcopy(model)
        trunk = next((part for part in model.modules() if isinstance(getattr(part, "body", None), nn.Sequential)), None)
        if trunk is None:
            raise ValueError(f"TL-DMI needs a body of layers in sequence, got a {type(model).__name__} instead")
        body = trunk.get_submodule("body")
        assert isinstance(body, nn.Sequential)
        learning = [place for place, layer in enumerate(body) if next(layer.parameters(), None) is not None]
        for place in learning[: int(self.share * len(learning))]:
            layer = body[place].requires_grad_(False)
            for name, norm in list(layer.named_modules()):
                if isinstance(norm, nn.BatchNorm2d):
                    still = StillBatchNorm(norm.num_features, eps=norm.eps).to(norm.weight)
                    still.load_state_dict(norm.state_dict())
                    trunk.set_submodule(f"body.{place}.{name}".rstrip("."), still.eval().requires_grad_(False))
        return model
