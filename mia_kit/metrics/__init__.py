"""Pure functions on features, reconstructions and confidences; each measure comes with an interval."""

from mia_kit.metrics.embedding import ScaledDistances, distance_histograms, morphing_tsne, scaled_distances
from mia_kit.metrics.intervals import Interval, cluster_interval, mean_interval, share_interval

__all__ = [
    "Interval",
    "ScaledDistances",
    "cluster_interval",
    "distance_histograms",
    "mean_interval",
    "morphing_tsne",
    "scaled_distances",
    "share_interval",
]
