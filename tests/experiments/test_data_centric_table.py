"""The data-centric experiments at a size of a few people and signs: who is protected, what is kept, what is counted."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_people import FlatPrior

from mia_kit.data import DataCard, ImageSet
from mia_kit.defences import DataCentric, build
from mia_kit.experiments import data_centric_parts, data_centric_signs, data_centric_table, face_parts
from mia_kit.experiments.data_centric_parts import Cell, DataCentricParts
from mia_kit.experiments.data_centric_people import appoint_surrogates, deal_outsiders, deal_signs, protected_classes
from mia_kit.experiments.data_centric_rows import FULL, NONE, RIVALS, WITHOUT
from mia_kit.experiments.face_parts import Parts
from mia_kit.experiments.face_people import deal_photographs
from mia_kit.experiments.runner import read_recipe
from mia_kit.experiments.zoo_attacks import KINDS
from mia_kit.runs.store import Store

COUNTS = [9, 9, 9, 9, 5, 5, 5, 3]  # four classes, three outsiders, and one with too few pictures to be either
BRIEF = {"width": 2, "epochs": 1, "batch_size": 16, "learning_rate": 1e-3}
STEPS = ["injection", "loss", "curvature"]
DEFENCES: list[dict[str, Any]] = [{"name": NONE}, {"name": FULL, "steps": STEPS, "noticed": True}]
FACES: dict[str, Any] = {
    "people": {"name": "celeba_id", "size": 16, "pool": 4, "least": 8},
    "evaluator_from": 3,
    "protected": 2,
    "surrogates": {"least": 5, "injected": 3},
    "settings": {"copies_mislabelled": 1.0},
    "prior": "flat",
    "pretraining": {},
    "target": BRIEF,
    "evaluator": BRIEF,
    "attack": {"pool": 8, "candidates": 1, "keep": 1, "steps": 1, "selection_views": 1, "film": [1]},
    "attacks": [
        {"name": "PPA", "attack": "ppa"},
        {"name": "MIRROR", "attack": "mirror", "settings": {"pool": 8, "steps": 1}},
    ],
    "defences": [*DEFENCES, {"name": "MID", "defence": "mid", "strength": 0.003, "attacks": ["PPA"]}],
    "per_class": 3,
    "seeds": 1,
}
SIGNS: dict[str, Any] = {
    "people": {
        **{"name": "gtsrb", "size": 16, "pool": 3, "judged": 6},
        **{"private": [0, 2, 4, 6], "outsiders": [1, 3], "public": [5]},
    },
    "protected": 2,
    "surrogates": {"injected": 2},
    "settings": {"copies_mislabelled": 0.5},
    "prior": "none",
    "pretraining": {},
    "target": BRIEF,
    "evaluator": BRIEF,
    "judge": BRIEF | {"seed": 1},
    "generator": {"width": 1, "steps": 1, "batch_size": 4},
    "attacks": [{"name": "GMI", "attack": "gmi", "settings": {"steps": 1, "starts": 1}}],
    "defences": DEFENCES,
    "per_class": 3,
    "seeds": 1,
}


def pictures(counts: list[int], files: tuple[str, ...] = ()) -> ImageSet:
    """Colour pictures of 16 x 16 whose red is the class and whose blue is the number of the picture."""
    labels = np.repeat(np.arange(len(counts)), counts)
    images = np.random.default_rng(0).integers(256, size=(len(labels), 16, 16, 3), dtype=np.uint8)
    images[..., 0], images[..., 2] = 20 * labels[:, None, None], np.arange(len(labels))[:, None, None]
    return ImageSet(images, labels, tuple("abcdefghijkl"[: len(counts)]), DataCard.read("orl"), files=files)


def signs() -> ImageSet:
    """Seven signs, each with four training frames and then 24 test pictures."""
    both = [pictures([4] * 7), pictures([24] * 7)]
    names = [f"train/{place}" for place in range(28)] + [f"test/{place}" for place in range(168)]
    images, labels = (np.concatenate([getattr(side, name) for side in both]) for name in ("images", "labels"))
    return ImageSet(images, labels, both[0].class_names, both[0].card, files=tuple(names))


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    faces = pictures(COUNTS)
    monkeypatch.setattr(face_parts, "build", lambda name: FlatPrior())
    monkeypatch.setattr(face_parts, "load_embedder", lambda: None)
    for module in (face_parts, data_centric_parts):
        monkeypatch.setattr(module, "embed", lambda embedder, images: images.mean(dim=(2, 3)))
    monkeypatch.setattr(data_centric_parts, "load_aligned", lambda name, size: faces)
    monkeypatch.setattr(
        face_parts, "load_people", lambda seed, **own: deal_photographs(faces, pool=4, least=8, seed=seed)
    )
    monkeypatch.setattr(data_centric_signs, "load", lambda name, size: signs())


@pytest.fixture
def parts(tmp_path: Path) -> DataCentricParts:
    return DataCentricParts(Parts(FACES, Store(tmp_path), progress=False))


def cell(parts: DataCentricParts, place: int = 1, seed: int = 0) -> Cell:
    return Cell(parts.case(seed), parts.recipe["defences"][place], 3, seed)


@pytest.mark.parametrize("recipe", [FACES, SIGNS])
def test_a_whole_recipe_and_a_second_run_makes_nothing(
    recipe: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = data_centric_table.run(recipe, progress=False, store=Store(tmp_path))
    json.dumps(found)
    names = [one["name"] for one in recipe["defences"]]
    assert [row["defence"] for row in found["targets"]] == names
    expected = [
        (one["name"], spec["name"])
        for one in recipe["defences"]
        for spec in recipe["attacks"]
        if spec["name"] in one.get("attacks", [spec["name"]])
    ]
    assert [(row["defence"], row["attack"]) for row in found["rows"]] == expected
    for row in found["rows"]:
        assert {len(text) for text in row["hits"].values()} == {2}
        assert row["shares"]["person"]["value"] == row["hits"]["person"].count("1") / 2
    for row in found["targets"]:
        assert ("noticed" in row) == (row["defence"] == FULL)
        assert 0 <= row["accuracy"] <= 1 and row["curvature_person"] >= 0
        halves = row["accuracy_protected"] + row["accuracy_others"]  # two classes of four are protected
        assert row["accuracy"] == pytest.approx(halves / 2, abs=1e-3)
    for module, name in ((data_centric_parts, "fit_classifier"), (data_centric_parts, "attack")):
        monkeypatch.setattr(module, name, lambda *_, **__: pytest.fail("made again"))
    for name in ("run_attack", "judge", "curvature", "detector_scores"):
        monkeypatch.setattr(data_centric_parts, name, lambda *_, **__: pytest.fail("made again"))
    assert data_centric_table.run(recipe, progress=False, store=Store(tmp_path)) == found


def test_surrogates_are_outsiders_of_enough_pictures(parts: DataCentricParts) -> None:
    case = parts.case(0)
    assert len(case.protected) == 2 and set(case.surrogates.values()) < {"e", "f", "g"}
    for own, name in case.surrogates.items():
        injected, held = case.injected[own], case.held_back[own]
        assert len(injected) == 3 and len(held) == 2
        assert {int(one) for one in torch.cat([injected, held])[:, 0, 0, 0]} == {20 * "abcdefg".index(name)}
        assert not set(injected[:, 2, 0, 0].tolist()) & set(held[:, 2, 0, 0].tolist())
    assert parts.case(0) is case and parts.case(1).people is not case.people


def test_the_farthest_outsider_is_chosen(parts: DataCentricParts) -> None:
    people = parts.people(0)
    outsiders = deal_outsiders(pictures(COUNTS), least=5, below=8, seed=0)
    assert list(outsiders) == ["e", "f", "g"]
    more: dict[str, Any] = {"per_class": 3, "injected": 3, "embed": lambda images: images[:, :1].mean(dim=(2, 3))}
    assert appoint_surrogates(people, [0, 3], outsiders, **more).surrogates == {0: "g", 3: "f"}
    with pytest.raises(ValueError, match="needs more than 5 pictures, got 5 instead"):
        appoint_surrogates(people, [0], outsiders, **more | {"injected": 5})


def test_protected_classes_are_drawn_once() -> None:
    assert protected_classes(105, 20) == protected_classes(105, 20)
    assert len(set(protected_classes(105, 20))) == 20
    with pytest.raises(ValueError, match=r"protected must lie in \[1, 4\), .*, got 4 instead"):
        protected_classes(4, 4)


def test_the_trainer_gets_what_the_contributors_hand_in(parts: DataCentricParts) -> None:
    given = parts.protected(cell(parts))
    assert len(given.images) == 4 * 3 + 2 * 9  # three for each of four classes; nine more for each protected one
    full = given.are("surrogate", "surrogate copy")
    assert int(full.sum()) == 12 and set(given.labels[full].tolist()) == set(parts.case(0).protected)


def test_another_choice_of_steps_is_another_target(parts: DataCentricParts) -> None:
    one, other = cell(parts), Cell(parts.case(0), {"name": "injection alone", "steps": ["injection"]}, 3, 0)
    assert parts.target_settings(one) != parts.target_settings(other)
    fewer = DataCentricParts(Parts(FACES | {"protected": 1}, parts.parts.store, progress=False))
    assert fewer.target_settings(one) != parts.target_settings(one)
    named = Cell(parts.case(0), {**one.defence, "name": "called otherwise"}, 3, 0)
    assert parts.target_settings(named) == parts.target_settings(one)


def test_landscape_asks_each_class_for_its_own_loss(parts: DataCentricParts, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that is sure of the first protected class everywhere: no loss there, a great one for the other."""
    one = cell(parts)
    first = one.case.protected[0]

    class Sure(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return 20 * torch.eye(4)[first] + 0 * images.mean(dim=(1, 2, 3))[:, None]

    fitted = type("Fitted", (), {"model": Sure()})
    monkeypatch.setattr(DataCentricParts, "target", lambda self, cell: (fitted, None))
    found = parts.landscape(one)
    assert found["loss_person"].shape == (2, 2)
    assert found["loss_person"][0] == pytest.approx(0, abs=1e-4)
    assert found["loss_surrogate"][1] == pytest.approx(20, abs=1e-3)
    assert found["curvature_person"] == pytest.approx(0, abs=1e-6)


def test_signs_share_no_picture(tmp_path: Path) -> None:
    both = data_centric_signs.official_split(signs())
    people = deal_signs(*both, [6, 0], pool=3, judged=4, seed=0)
    assert people.class_names == ("g", "a") and len(people.images) == 14
    frames = people.order < 3
    assert set(people.images[:, 0, 0, 0].tolist()) == {0, 120}
    # frames of a class are numbers 4 k to 4 k + 3 of the whole, test pictures 24 k to 24 k + 23 of theirs
    assert set(people.images[frames & (people.labels == 0), 2, 0, 0].tolist()) < set(range(24, 28))
    assert set(people.images[~frames & (people.labels == 0), 2, 0, 0].tolist()) < set(range(144, 168))
    with pytest.raises(ValueError, match="'g' must have at least 5 pictures, got 4 instead"):
        deal_signs(*both, [6], pool=5, judged=4, seed=0)


def test_the_generator_is_shown_public_signs_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []
    real = data_centric_signs.zoo_tools.train_players
    monkeypatch.setattr(
        data_centric_signs.zoo_tools,
        "train_players",
        lambda kind, one, other, images, *rest, **more: (
            shown.append(images) or real(kind, one, other, images, *rest, **more)
        ),
    )
    own = data_centric_signs.SignParts(Parts(SIGNS, Store(tmp_path), progress=False))
    own.tools(Cell(own.case(0), DEFENCES[0], 3, 0))
    assert len(shown[0]) == 4 + 24
    assert ((shown[0][:, 0] + 1) * 127.5).round().unique().tolist() == [100]  # class 5


@pytest.mark.parametrize("name", ["data_centric_signs", "data_centric_faces"])
def test_recipes_name_what_exists(name: str) -> None:
    recipe = read_recipe(name)
    names = [own["name"] for own in recipe["defences"]]
    assert len(set(names)) == len(names) and {NONE, FULL, *RIVALS} <= set(names)
    attacks = {own["name"] for own in recipe["attacks"]}
    for own in recipe["attacks"]:
        if own["attack"] == "ppa":
            assert "settings" not in own and recipe["attack"]["keep"] == recipe["attack"]["candidates"] == 1
        else:
            KINDS[own["attack"]].settings(**own["settings"])
    for own in recipe["defences"]:
        assert set(own.get("attacks", attacks)) <= attacks
        if "steps" in own:
            DataCentric(tuple(own["steps"]), **recipe["settings"])
        elif own["name"] != NONE:
            build(own["defence"], own["strength"])
    assert next(own for own in recipe["defences"] if own["name"] == FULL)["steps"] == STEPS
    assert recipe["seeds"] == 3


def test_the_ablation_leaves_out_what_it_says() -> None:
    recipe = read_recipe("data_centric_faces")
    steps = {own["name"]: own["steps"] for own in recipe["defences"] if "steps" in own}
    for step, name in WITHOUT.items():
        assert sorted(steps[name]) == sorted(set(STEPS) - {step})


def test_signs_of_three_groups_and_no_mirror_images() -> None:
    own = read_recipe("data_centric_signs")["people"]
    groups = [set(own[name]) for name in ("private", "outsiders", "public")]
    assert sorted(one for group in groups for one in group) == list(range(43))
    mirrored = [{19, 20}, {33, 34}, {36, 37}, {38, 39}]
    assert all(len(pair & groups[0]) < 2 for pair in mirrored)
