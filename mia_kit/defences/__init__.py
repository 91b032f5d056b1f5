"""Defences. `build(name, strength)` makes any that trains a model to leak less, at a price in accuracy.

Others change what a trained model answers and go to `ConfidenceAPI`: `Rounding`, `TopTruncation`, `OneParameter` and
`PoisonAutoencoder` by the confidences alone, LPA, LFP and the ascents by the picture too.
"""

from mia_kit.defences.alignment import AlignmentSettings, Substitute
from mia_kit.defences.bido import BidoObjective
from mia_kit.defences.data_centric import DataCentric, Protected, farthest_identity, protect
from mia_kit.defences.dp_sgd import Privacy, PrivateFitResult, PrivateSettings, fit_private
from mia_kit.defences.group_norm import with_group_norm
from mia_kit.defences.lpa_vae import PoisonAutoencoder
from mia_kit.defences.mid import BottleneckClassifier, MidObjective
from mia_kit.defences.picture_poison import (
    AscentSettings,
    LabelFlippingPoison,
    LabelPreservingPoison,
    ReconstructionAscent,
)
from mia_kit.defences.registry import STRENGTHS, DefenceTraining, Defended, build, combine
from mia_kit.defences.regularisers import DropoutObjective, MixupObjective, StrongAugment
from mia_kit.defences.serving import OneParameter, Rounding, ServingDefence, TopTruncation

__all__ = [
    "STRENGTHS", "AlignmentSettings", "AscentSettings", "BidoObjective", "BottleneckClassifier",
    "DataCentric", "DefenceTraining", "Defended", "DropoutObjective", "LabelFlippingPoison", "LabelPreservingPoison",
    "MidObjective", "MixupObjective", "OneParameter", "PoisonAutoencoder", "Privacy", "PrivateFitResult",
    "PrivateSettings", "Protected", "ReconstructionAscent", "Rounding", "ServingDefence", "StrongAugment",
    "Substitute", "TopTruncation", "build", "combine", "farthest_identity", "fit_private", "protect",
    "with_group_norm",
]  # fmt: skip
