"""Model inversion attacks, one file each, one verb: `run(access, target_classes, seed=...) -> Reconstructions`.

`run` and `Settings` here are those of Plug & Play; the others are `mirror.run`, `mirror.run_black` (confidences alone),
`brep.run` (labels alone) and `fredrikson.run` (no prior). `inversion_model` is the first step of training-based ones.
"""

from mia_kit.attacks import brep, fredrikson, inversion_model, mirror
from mia_kit.attacks.losses import cross_entropy, lack_of_confidence, logit, margin, others_down, poincare
from mia_kit.attacks.ppa import Settings, run
from mia_kit.attacks.reconstructions import Reconstructions, Trace

__all__ = [
    "Reconstructions", "Settings", "Trace", "brep", "cross_entropy", "fredrikson", "inversion_model",
    "lack_of_confidence", "logit", "margin", "mirror", "others_down", "poincare", "run",
]  # fmt: skip
