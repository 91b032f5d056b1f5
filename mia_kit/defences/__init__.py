"""Defences: training that leaks less, at a price in accuracy. `build(name, strength)` makes any of them."""

from mia_kit.defences.bido import BidoObjective
from mia_kit.defences.data_centric import DataCentric, Protected, farthest_identity, protect
from mia_kit.defences.dp_sgd import Privacy, PrivateFitResult, PrivateSettings, fit_private, with_group_norm
from mia_kit.defences.mid import BottleneckClassifier, MidObjective
from mia_kit.defences.recipe import STRENGTHS, Defended, Recipe, build, combine
from mia_kit.defences.regularisers import DropoutObjective, MixupObjective, StrongAugment

__all__ = [
    "STRENGTHS",
    "BidoObjective",
    "BottleneckClassifier",
    "DataCentric",
    "Defended",
    "DropoutObjective",
    "MidObjective",
    "MixupObjective",
    "Privacy",
    "PrivateFitResult",
    "PrivateSettings",
    "Protected",
    "Recipe",
    "StrongAugment",
    "build",
    "combine",
    "farthest_identity",
    "fit_private",
    "protect",
    "with_group_norm",
]
