"""Chapter 9's gallery on tiny pictures, and the sliders that show it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from tiny_poison import RECIPE

from mia_kit.experiments import poisoning_quick
from mia_kit.experiments.poisoning_quick import ATTACKERS, BOUNDS, DEFENCES, Gallery, fill_gallery, views
from mia_kit.experiments.poisoning_rows import read_rows
from mia_kit.metrics import membership, separability
from mia_kit.runs.store import Store
from mia_kit.widgets.poison_wall import PoisonWall

SMALL: dict[str, Any] = RECIPE | {"decoders": {name: RECIPE["decoders"]["usual"] for name in ("usual", "blocks 5")}}


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(poisoning_quick, "BOUNDS", (0.0, 0.1))
        defences = {name: DEFENCES[name] for name in ("none", "LPA", "rounding")}
        patch.setattr(poisoning_quick, "DEFENCES", defences)
        yield fill_gallery(recipe=SMALL, store=Store(tmp_path_factory.mktemp("store")), progress=False)


def test_the_gallery_holds_every_attack(gallery: Gallery) -> None:
    assert gallery.bounds == (0.0, 0.1) and gallery.attackers == tuple(ATTACKERS)
    assert set(gallery.by_bound) == {(place, name) for place in (0, 1) for name in ATTACKERS}
    assert gallery.originals.shape == (10, 16, 16, 3) and len(gallery.labels) == 10
    for found in (*gallery.by_bound.values(), *gallery.by_defence.values()):
        assert found.pictures.shape == (10, 16, 16, 3) and found.pictures.dtype == np.uint8
        assert found.hits.shape == found.errors.shape == (12,)
    none, poisoned = (gallery.by_bound[place, "4 blocks"] for place in (0, 1))
    assert none.distortion == 0 < poisoned.distortion <= 0.1 and poisoned.accuracy_loss == 0
    np.testing.assert_array_equal(none.errors, gallery.by_defence["none"].errors)
    assert gallery.clean.shape == gallery.served.shape == (24, 5)


def test_an_original_is_the_private_picture(gallery: Gallery) -> None:
    from mia_kit.experiments.poisoning_data import load_sides

    sides = load_sides(**SMALL["data"], seed=0)
    shades = ((sides.attacked[:10] + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    np.testing.assert_array_equal(gallery.originals[..., :1], shades)
    assert gallery.labels == tuple(sides.attacked_labels[:10].tolist())


def test_views_hold_both_kinds(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(separability, "TREES", 3)
    monkeypatch.setattr(membership, "RESAMPLES", 5)
    found = views(gallery, points=20)
    assert found.flat.shape == found.close.shape == (40, 2) and 0 <= found.detector.value <= 1


def test_the_chapters_rows_fit_its_recipe() -> None:
    rows = {"none": {}} | {str(place): own for place, own in enumerate(ATTACKERS.values())}
    assert len(read_rows(poisoning_quick.RECIPE | {"rows": rows})) == 4 and BOUNDS[0] == 0


def test_sliders_show_the_gallery(gallery: Gallery) -> None:
    wall = PoisonWall(gallery)
    before = wall.faces.value
    assert before.count("<figure") == 20 and "accuracy lost: 0.0%" in before and "served vectors are 0 away" in before
    wall.bound.value = 1
    after = wall.faces.value
    found = gallery.by_bound[1, "4 blocks"]
    assert after != before and f"mean error {found.errors.mean():.3f}" in after
    wall.attacker.value = "4 blocks, rounds first"
    assert f"{gallery.by_bound[1, '4 blocks, rounds first'].errors.mean():.3f}" in wall.faces.value
    assert wall.bound.options[0][0] == "0 (no defence)"
