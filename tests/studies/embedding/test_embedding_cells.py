"""The study of embeddings: a whole recipe at toy size, whose rows are held against plain loops."""

from pathlib import Path

import numpy as np
import pytest

from mia_kit.data import DataError, load
from mia_kit.runs.run import Maker
from mia_kit.runs.store import Store
from mia_kit.studies.embedding.cells import DistancesCell, features
from mia_kit.studies.registry import read_recipe
from tests.studies.tiny import measured

TINY = Path(__file__).with_name("tiny_embedding.yaml")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    try:
        load("orl")
    except DataError as absent:
        pytest.skip(str(absent))
    return Store(tmp_path_factory.mktemp("embedding") / "store")


@pytest.fixture(scope="module")
def table(store):
    return measured(TINY, store.root.parent)


def test_distances_of_a_person_are_those_of_a_plain_loop(store, table):
    made = Maker(store, progress=False)
    part = next(cell for cell in read_recipe(str(TINY)).cells() if isinstance(cell, DistancesCell)).quality.model
    photos = made(part.people).test
    points, labels = features(made(part), photos), photos.labels.tolist()
    greatest = max(np.linalg.norm(one - other) for one in points for other in points)
    sides = {"within": [], "between": []}
    for place, one in enumerate(points):
        if labels[place] == 2:
            for there, other in enumerate(points):
                if there != place:
                    side = "within" if labels[there] == 2 else "between"
                    sides[side].append(np.linalg.norm(one - other) / greatest)
    rows = table[(table.seed == part.seed) & (table.strength == part.strength) & (table.unit == 2)]
    stored = rows.set_index("measure").value
    for name, distances in sides.items():
        assert stored[name] == pytest.approx(np.mean(distances), rel=1e-4)
    assert stored["nearest_within"] <= stored["within"] and -1 <= stored["silhouette"] <= 1


def test_the_first_seed_has_maps_and_every_target_its_margin(table):
    maps = table[table.measure == "map_x"]
    assert set(maps.seed) == {1} and maps.groupby("strength").size().tolist() == [15, 15, 15]
    assert set(maps.photograph) == set(range(5)) and set(maps.unit) == {0, 1, 2}
    whole = table[table.unit.isna()]
    assert (whole.measure == "margin").sum() == (whole.measure == "ratio").sum() == 6
