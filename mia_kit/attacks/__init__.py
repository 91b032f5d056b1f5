"""Model inversion attacks, one file each, one verb: `run(access, target_classes, seed=...) -> Reconstructions`.

`run` and `Settings` here are those of Plug & Play; the others are `mirror.run`, `mirror.run_black` (confidences alone),
`brep.run` (labels alone) and `fredrikson.run` (no prior).
"""

from mia_kit.attacks import brep, fredrikson, mirror
from mia_kit.attacks.losses import cross_entropy, lack_of_confidence, logit, margin, poincare
from mia_kit.attacks.ppa import Settings, run
from mia_kit.attacks.reconstructions import Reconstructions, Trace

__all__ = [
    "Reconstructions",
    "Settings",
    "Trace",
    "brep",
    "cross_entropy",
    "fredrikson",
    "lack_of_confidence",
    "logit",
    "margin",
    "mirror",
    "poincare",
    "run",
]
