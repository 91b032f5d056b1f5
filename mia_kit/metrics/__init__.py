"""Pure functions on features, reconstructions and confidences.

What is not a number is never read as a hit or as protection. One rule for all measures:

* A reconstruction whose logits or embedding are not finite is a *counted failure* of the attack: it stays among those
  that are counted, its rank is the last one and its distance infinite. A `FailedRowsWarning` says how many there were.
* Everything else that is not finite is a ValueError: where no row is left to judge, references, served confidences,
  signals of membership.

`mia_kit.metrics.landscape` asks a network for losses and needs PyTorch: import it by its own name.
"""

from mia_kit.metrics.calibration import calibration_error
from mia_kit.metrics.detector import detector_scores, outlier_scores
from mia_kit.metrics.embedding import ScaledDistances, morphing_tsne, scaled_distances
from mia_kit.metrics.intervals import Interval, cluster_interval, mean_interval, share_interval
from mia_kit.metrics.leakage import person_distances, target_ranks
from mia_kit.metrics.membership import RocCurve, auc, roc, true_positives_at
from mia_kit.metrics.realism import Manifold, frechet_distance, manifold_measures
from mia_kit.metrics.separability import squared_errors

__all__ = [
    "Interval", "Manifold", "RocCurve", "ScaledDistances", "auc", "calibration_error", "cluster_interval",
    "detector_scores", "frechet_distance", "manifold_measures", "mean_interval", "morphing_tsne", "outlier_scores",
    "person_distances", "roc", "scaled_distances", "share_interval", "squared_errors", "target_ranks",
    "true_positives_at",
]  # fmt: skip
