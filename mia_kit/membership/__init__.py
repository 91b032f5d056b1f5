"""Membership inference: was this example in the training data? Attacks and distance-to-confident.

Attacks are functions of what a model answered, and give `Verdicts`: `average`, `powerful`, `augmentation_aware`,
`shadow_attack.run`, `lira.online`, `lira.offline`, `rmia.offline`, `quantile.run`. `mia_kit.metrics` says how good they
are. `distance.run` measures what they miss; what is meant to help is built by `mia_kit.defences`.
"""

from mia_kit.membership import distance, lira, quantile, rmia, shadow_attack
from mia_kit.membership.shadows import fit_shadows, half_memberships, shadow_signals
from mia_kit.membership.split import MembershipSplit, split_membership
from mia_kit.membership.thresholds import augmentation_aware, average, powerful
from mia_kit.membership.verdicts import Verdicts, copy_losses, losses_and_confidences, scaled_confidences

__all__ = [
    "MembershipSplit", "Verdicts", "augmentation_aware", "average", "copy_losses", "distance", "fit_shadows",
    "half_memberships", "lira", "losses_and_confidences", "powerful", "quantile", "rmia", "scaled_confidences",
    "shadow_attack", "shadow_signals", "split_membership",
]  # fmt: skip
