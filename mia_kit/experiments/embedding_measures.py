"""From embeddings to evidence: summaries over seeds, histograms and packed maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from mia_kit.metrics import Interval, ScaledDistances, mean_interval, morphing_tsne, scaled_distances
from mia_kit.toy import load_table, make_data

if TYPE_CHECKING:
    from mia_kit.experiments.orl_embedding import FaceEmbeddings

KINDS = ("mean_within", "mean_between", "nearest_within", "nearest_between")
RATIOS = ("mean_ratio", "nearest_ratio")
MAP_UNITS = 1000  # maps are stored as whole thousandths of the unit circle's radius


def by_seed(rows: Sequence[Sequence[float]]) -> dict[str, Any]:
    """Values of shape (seeds, factors) as evidence: the values themselves, and the mean over seeds with interval."""
    values = np.array(rows, dtype=float)
    triples = [_triple(mean_interval(column)) for column in values.T] if len(values) > 1 else []
    return {"by_seed": values.round(4).tolist(), "interval": triples}


def summarise(runs: Sequence[Mapping[float, ScaledDistances]]) -> dict[str, Any]:
    """Means of the four distances, and their two ratios, for each factor; one mapping for each seed."""
    means = {
        kind: by_seed([[float(getattr(one, kind).mean()) for one in run.values()] for run in runs]) for kind in KINDS
    }
    return means | {ratio: by_seed([[getattr(one, ratio) for one in run.values()] for run in runs]) for ratio in RATIOS}


def separate_maps(features: Mapping[float, np.ndarray], tsne: Mapping[str, Any]) -> list[np.ndarray]:
    """An ordinary t-SNE map for each factor, as in the paper: for measuring, where no map may lean on another."""
    return [morphing_tsne({factor: own}, **tsne)[factor] for factor, own in features.items()]


def silhouettes(faces: FaceEmbeddings, maps: Sequence[np.ndarray], held_out: bool) -> list[float]:
    """Silhouette of the people in each t-SNE map, in [-1, 1]: 1 is tight and apart, 0 is mixed."""
    from sklearn.metrics import silhouette_score

    chosen = faces.is_training != held_out
    return [float(silhouette_score(points[chosen], faces.labels[chosen])) for points in maps]


def packed_maps(faces: FaceEmbeddings) -> dict[str, Any]:
    """The t-SNE maps of one run as whole numbers; `unpacked_maps` reads them."""
    return {
        "units": MAP_UNITS,
        "labels": faces.labels.tolist(),
        "is_training": faces.is_training.astype(int).tolist(),
        "class_names": list(faces.class_names),
        "smoothings": list(faces.coordinates),
        "coordinates": [
            np.rint(points * MAP_UNITS).astype(int).ravel().tolist() for points in faces.coordinates.values()
        ],
    }


def unpacked_maps(packed: Mapping[str, Any]) -> dict[float, np.ndarray]:
    """Factor -> array of shape (n, 2) in the unit circle, from what `packed_maps` stored."""
    return {
        factor: np.array(flat, dtype=float).reshape(-1, 2) / packed["units"]
        for factor, flat in zip(packed["smoothings"], packed["coordinates"], strict=True)
    }


def toy(smoothings: Sequence[float], held_out_seed: int) -> dict[str, Any]:
    """The same distances in chapter 1's models, all seeds of the table, on the training points and on fresh ones."""
    table = load_table()
    results: dict[str, Any] = {"smoothings": list(smoothings), "seeds": list(table.seeds)}
    for name, data in (("training", make_data()), ("held_out", make_data(seed=held_out_seed))):
        runs = []
        for seed in table.seeds:
            with torch.no_grad():
                features = {a: table.model(a, seed).features(data.points).numpy() for a in smoothings}
            runs.append({a: scaled_distances(own, data.labels.numpy()) for a, own in features.items()})
        results[name] = summarise(runs)
    return results


def _triple(interval: Interval) -> list[float]:
    return [round(end, 4) for end in (interval.value, interval.low, interval.high)]
