"""The cells of the study: for each target the distances between people in its last hidden layer, and stored maps.

Follows figures 4 and 5 of Struppek, Hintersdorf and Kersting, "Be Careful What You Smooth For" (ICLR 2024). All is
measured on photographs that no target was trained on; the ratio among the training photographs stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mia_kit.metrics import morphing_tsne, scaled_distances
from mia_kit.metrics.embedding import tsne_map
from mia_kit.models import Classifier, in_batches
from mia_kit.runs.cells import Cell, Columns, Rows
from mia_kit.runs.parts import Made, Part, Values
from mia_kit.studies.embedding.recipe import Maps, Recipe
from mia_kit.studies.inversion.cells import TargetCell
from mia_kit.studies.inversion.columns import about
from mia_kit.studies.inversion.networks import Target, target
from mia_kit.studies.inversion.people import PeoplePart, Photos


def cells(recipe: Recipe) -> Iterator[Cell]:
    """The cells of each seed; the first seed's maps come last of its own."""
    for seed in recipe.seeds:
        people = PeoplePart(recipe.world, seed)
        models = tuple(
            target(people, recipe.target, strength=strength, per_class=recipe.per_class)
            for strength in recipe.strengths
        )
        for model in models:
            yield DistancesCell(TargetCell(model, seed), recipe.maps, seed)
        if seed == recipe.seeds[0]:
            for model in models:
                yield MapCell(MorphingMaps(models, recipe.maps), model, seed)


@dataclass(frozen=True)
class DistancesCell(Cell):
    """How people lie in a target's last hidden layer. By person, means over their unseen photographs:

    within, between : mean distance to the person's other photographs, and to those of all others, in [0, 1]
    nearest_within, nearest_between : distance to the nearest of either kind, in [0, 1]
    silhouette : in a t-SNE map, in [-1, 1]: 1 is tight and apart, 0 is mixed

    Of the whole: ratio and training_ratio, the mean distance within over that between, among unseen and among training
    photographs; and all that the study of inversion measures of a target, such as its accuracy, margin and dose.
    """

    quality: TargetCell
    maps: Maps
    seed: int

    def columns(self) -> Columns:
        return _about(self.quality.model, self.seed)

    def fill(self, rows: Rows, made: Made) -> None:
        from sklearn.metrics import silhouette_samples

        part = self.quality.model
        for row in made(self.quality).itertuples():
            rows.add(str(row.measure), row.value)
        model, people = made(part), made(part.people)
        training = people.target.first(part.per_class)
        rows.add("training_ratio", scaled_distances(features(model, training), training.labels.numpy()).mean_ratio)

        unseen, labels = features(model, people.test), people.test.labels.numpy()
        distances, persons = scaled_distances(unseen, labels), np.arange(people.count)
        rows.add("ratio", distances.mean_ratio)
        points = tsne_map(unseen, seed=self.maps.seed, perplexity=self.maps.perplexity, iterations=self.maps.iterations)
        by_photograph = {
            "within": distances.mean_within,
            "between": distances.mean_between,
            "nearest_within": distances.nearest_within,
            "nearest_between": distances.nearest_between,
            "silhouette": silhouette_samples(points, labels),
        }
        for name, values in by_photograph.items():
            rows.add(name, np.bincount(labels, values) / np.bincount(labels), units=persons)


@dataclass(frozen=True)
class MorphingMaps(Part[dict[float, np.ndarray]]):
    """By factor a t-SNE map of the unseen photographs of some people, each map started from its neighbour's."""

    models: tuple[Target, ...]
    maps: Maps

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        by_factor = {part.strength: features(made(part), self.photos(made)) for part in self.models}
        numbers = self.maps
        maps = morphing_tsne(by_factor, seed=numbers.seed, perplexity=numbers.perplexity, iterations=numbers.iterations)
        return {"factors": list(maps), "points": np.stack(list(maps.values()))}

    def photos(self, made: Made) -> Photos:
        """Whom the maps show."""
        photos = made(self.models[0].people).test
        mask = photos.labels < self.maps.people
        return Photos(photos.images[mask], photos.labels[mask])

    def unpack(self, values: Values) -> dict[float, np.ndarray]:
        """Factor -> array of shape (photographs, 2) in the unit circle."""
        return dict(zip(values["factors"], values["points"], strict=True))


@dataclass(frozen=True)
class MapCell(Cell):
    """Where a factor's map shows each photograph: map_x and map_y, in the unit circle."""

    maps: MorphingMaps
    model: Target
    seed: int

    def columns(self) -> Columns:
        return _about(self.model, self.seed)

    def fill(self, rows: Rows, made: Made) -> None:
        points = made(self.maps)[self.model.strength]
        persons = self.maps.photos(made).labels.numpy()
        rows.add("map_x", points[:, 0], units=persons)
        rows.add("map_y", points[:, 1], units=persons)

    def unpack(self, values: Values) -> pd.DataFrame:
        """The rows; a person's photographs are numbered."""
        table = super().unpack(values)
        return table.assign(photograph=table.groupby(["measure", "unit"]).cumcount())


def features(model: Classifier, photos: Photos) -> np.ndarray:
    """Penultimate activations of photographs: array of shape (n, d)."""
    return in_batches(model.features, photos.floats).numpy()


def _about(model: Target, seed: int) -> Columns:
    return about(model) | {"study": "embedding", "seed": seed}
