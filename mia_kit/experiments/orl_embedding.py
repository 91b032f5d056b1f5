"""Claims S3 and S4 on real faces: how smoothing moves people about in the last hidden layer.

A small classifier is trained on half of the ORL photographs of each person for several factors and seeds. The verdicts
are judged on the other half, on differences within a seed; distances among the training photographs stand beside them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from mia_kit.data import load
from mia_kit.experiments import embedding_measures as measures
from mia_kit.experiments.runner import read_recipe
from mia_kit.metrics import ScaledDistances, distance_histograms, morphing_tsne, scaled_distances
from mia_kit.models import SmallClassifier, predict
from mia_kit.training import fit, flip_and_shift, one_thread

VERSION = 1  # raise it when the code below gives other results


@dataclass(frozen=True, eq=False)
class FaceEmbeddings:
    """All faces in the last hidden layer of classifiers that differ in the smoothing factor alone.

    labels : int64 array of shape (n,), the people
    is_training : bool array of shape (n,), whether the classifiers were trained on a photograph
    class_names : one name per person
    features : factor -> array of shape (n, d), penultimate activations
    test_accuracy : factor -> share of held-out photographs classified correctly, in [0, 1]
    coordinates : factor -> array of shape (n, 2), t-SNE maps in the unit circle; empty until `with_maps`
    seconds : time that training took
    """

    labels: np.ndarray
    is_training: np.ndarray
    class_names: tuple[str, ...]
    features: dict[float, np.ndarray]
    test_accuracy: dict[float, float]
    coordinates: dict[float, np.ndarray]
    seconds: float

    def distances(self, *, held_out: bool = True) -> dict[float, ScaledDistances]:
        """Scaled distances for each factor, among the held-out or among the training photographs."""
        chosen = self.is_training != held_out
        return {a: scaled_distances(own[chosen], self.labels[chosen]) for a, own in self.features.items()}

    def with_maps(self, *, seed: int, perplexity: float, iterations: int) -> FaceEmbeddings:
        """The same with t-SNE maps of all photographs."""
        maps = morphing_tsne(self.features, seed=seed, perplexity=perplexity, iterations=iterations)
        return replace(self, coordinates=maps)


def embed(recipe: dict[str, Any], *, seed: int, progress: bool = True) -> FaceEmbeddings:
    """Train one classifier for each factor of the recipe and embed all photographs with it.

    `seed` chooses the split, the initial weights, the order and the augmentation; all factors share them.
    """
    began = time.perf_counter()
    faces = load(recipe["data"])
    is_training = faces.split_mask(recipe["per_class_train"], seed=seed)
    images, labels = faces.to_tensor(tuple(recipe["size"])), torch.from_numpy(faces.labels)
    features, accuracy = {}, {}
    for smoothing in recipe["smoothings"]:
        model = SmallClassifier(images.shape[1], len(faces.class_names), seed=seed, width=recipe["width"])
        settings = {key: recipe[key] for key in ("epochs", "batch_size", "learning_rate")}
        with one_thread():
            fit(
                model,
                images[is_training],
                labels[is_training],
                seed=seed,
                smoothing=smoothing,
                augment=flip_and_shift,
                progress=progress,
                **settings,
            )
            features[smoothing], predicted = predict(model, images)
        accuracy[smoothing] = float((predicted == faces.labels)[~is_training].mean())
    seconds = time.perf_counter() - began
    return FaceEmbeddings(faces.labels, is_training, faces.class_names, features, accuracy, {}, seconds)


def quick(smoothings: Sequence[float] = (-0.05, 0.0, 0.1), *, seed: int = 0, progress: bool = True) -> FaceEmbeddings:
    """What notebook 02 runs live: the recipe with few factors, one seed and 60 instead of 100 epochs."""
    recipe = read_recipe("orl_embedding") | {"smoothings": list(smoothings), "epochs": 60}
    return embed(recipe, seed=seed, progress=progress).with_maps(**recipe["tsne"])


def table_rows(faces: FaceEmbeddings) -> list[dict[str, str]]:
    """One row of text for each factor: accuracy, and distances within against between people."""
    rows = []
    for smoothing, held_out in faces.distances().items():
        training = faces.distances(held_out=False)[smoothing]
        rows.append(
            {
                "smoothing": f"{smoothing:+g}" if smoothing else "0",
                "test accuracy": f"{faces.test_accuracy[smoothing]:.3f}",
                "within / between, held out": f"{held_out.mean_ratio:.3f}",
                "within / between, training": f"{training.mean_ratio:.3f}",
            }
        )
    return rows


def run(recipe: dict[str, Any], progress: bool = True) -> dict[str, Any]:
    """Measure every factor and seed, on faces and on the toy, and return the results."""
    runs = [embed(recipe, seed=seed, progress=progress) for seed in range(recipe["seeds"])]
    alone = [measures.separate_maps(run.features, recipe["tsne"]) for run in runs]
    factors = recipe["smoothings"]
    results: dict[str, Any] = {
        "smoothings": factors,
        "seeds": list(range(recipe["seeds"])),
        "test_accuracy": measures.by_seed([[run.test_accuracy[a] for a in factors] for run in runs]),
        "seconds_training": round(sum(run.seconds for run in runs), 1),
    }
    for name, held_out in (("held_out", True), ("training", False)):
        distances = [run.distances(held_out=held_out) for run in runs]
        results[name] = measures.summarise(distances)
        results[name]["map_silhouette"] = measures.by_seed(
            [measures.silhouettes(run, maps, held_out) for run, maps in zip(runs, alone, strict=True)]
        )
        histograms = distance_histograms(distances, bins=recipe["bins"])
        results[name]["histograms"] = {kind: counts.tolist() for kind, counts in histograms.items()}
    results["maps"] = measures.packed_maps(runs[0].with_maps(**recipe["tsne"]))
    results["toy"] = measures.toy(**recipe["toy"])
    return results
