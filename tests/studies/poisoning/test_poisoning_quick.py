"""Chapter 9's gallery on tiny pictures, and the sliders that show it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace as replace_fields

from mia_kit.runs.run import Maker
from mia_kit.runs.store import Store
from mia_kit.studies.poisoning import quick
from mia_kit.studies.poisoning.pictures import SidesPart
from mia_kit.studies.poisoning.quick import ATTACKERS, BOUNDS, DEFENCES, fill_gallery
from mia_kit.studies.registry import read_recipe
from mia_kit.widgets.poison_wall import PoisonWall

RECIPE = read_recipe(str(Path(__file__).with_name("tiny_poisoning.yaml"))).recipe
TINY = replace_fields(RECIPE, decoders=RECIPE.decoders | {"blocks 5": RECIPE.decoders["usual"]})


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quick, "BOUNDS", (0.0, 0.1))
        patch.setattr(quick, "DEFENCES", {name: DEFENCES[name] for name in ("none", "LPA", "rounding")})
        yield fill_gallery(recipe=TINY, store=Store(tmp_path_factory.mktemp("store")), progress=False)


def test_the_gallery_holds_every_attack(gallery):
    assert gallery.bounds == (0.0, 0.1) and gallery.attackers == tuple(ATTACKERS)
    assert set(gallery.by_bound) == {(place, name) for place in (0, 1) for name in ATTACKERS}
    assert gallery.originals.shape == (10, 16, 16, 3) and len(gallery.labels) == 10
    for outcome in (*gallery.by_bound.values(), *gallery.by_defence.values()):
        assert outcome.pictures.shape == (10, 16, 16, 3) and outcome.pictures.dtype == np.uint8
        assert outcome.hits.shape == outcome.errors.shape == (12,)
    none, poisoned = (gallery.by_bound[place, "4 blocks"] for place in (0, 1))
    assert none.distortion == 0 < poisoned.distortion <= 0.1 and poisoned.accuracy_loss == 0
    np.testing.assert_array_equal(none.errors, gallery.by_defence["none"].errors)
    assert gallery.clean.shape == gallery.served.shape == (24, 5)


def test_an_original_is_the_private_picture(gallery, tmp_path):
    sides = Maker(Store(tmp_path))(SidesPart(TINY.data, 0))
    shades = ((sides.private[:10] + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    np.testing.assert_array_equal(gallery.originals[..., :1], shades)
    assert gallery.labels == tuple(sides.private_labels[:10].tolist())


def test_the_chapters_rows_are_those_of_its_recipe():
    bounded = [
        replace(row, defence="lpa", strength=bound) if bound else row for bound in BOUNDS for row in ATTACKERS.values()
    ]
    assert {*bounded, *DEFENCES.values()} == {*read_recipe("poisoning_quick").recipe.table_rows}


def test_sliders_show_the_gallery(gallery):
    wall = PoisonWall(gallery)
    before = wall.faces.value
    assert before.count("<figure") == 20 and "accuracy lost: 0.0%" in before and "served vectors are 0 away" in before
    wall.bound.value = 1
    after = wall.faces.value
    outcome = gallery.by_bound[1, "4 blocks"]
    assert after != before and f"mean error {outcome.errors.mean():.3f}" in after
    wall.attacker.value = "4 blocks, rounds first"
    assert f"{gallery.by_bound[1, '4 blocks, rounds first'].errors.mean():.3f}" in wall.faces.value
    assert wall.bound.options[0][0] == "0 (no defence)"
