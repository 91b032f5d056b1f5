"""Model inversion attacks, one file each, one verb: `run(access, target_classes, seed=...) -> Reconstructions`."""

from mia_kit.attacks.losses import cross_entropy, logit, margin, poincare
from mia_kit.attacks.ppa import Settings, run
from mia_kit.attacks.reconstructions import Reconstructions, Trace

__all__ = ["Reconstructions", "Settings", "Trace", "cross_entropy", "logit", "margin", "poincare", "run"]
