"""One training loop, `fit`, whose objective and augmentation are plain callables."""

from mia_kit.threads import one_thread
from mia_kit.training.augment import flip_and_shift, flip_shift_and_colour
from mia_kit.training.checkpoints import CheckpointError
from mia_kit.training.fit import Epoch, FitResult, RunawayLossWarning, SmoothedObjective, fit

__all__ = [
    "CheckpointError", "Epoch", "FitResult", "RunawayLossWarning", "SmoothedObjective", "fit", "flip_and_shift",
    "flip_shift_and_colour", "one_thread",
]  # fmt: skip
