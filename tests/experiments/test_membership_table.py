"""The membership experiment at a size of a few digits: who trains on what, who serves as whose shadow, what is kept."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mia_kit.data import ImageSet
from mia_kit.data.image_set import DataCard
from mia_kit.defences import DefenceTraining
from mia_kit.experiments import membership_parts, membership_table
from mia_kit.experiments.membership_parts import (
    MembershipParts,
    draw_pool,
    mechanism_name,
    mechanisms,
    smoothing_factor,
)
from mia_kit.experiments.runner import read_recipe
from mia_kit.membership import regularisers
from mia_kit.runs.store import Store

RECIPES = ("membership_fashion", "membership_cifar10")
RECIPE: dict[str, Any] = {
    "decides": True,
    "data": {"name": "noise", "per_class": 10, "seed": 0},
    "model": {"blocks": 3, "width": 2, "hidden": 8},
    "training": {"epochs": 2, "batch_size": 16, "learning_rate": 0.001},
    "models": 6,
    "known": 4,
    "copies": 2,
    "distance": {"images": 4, "steps": 2, "longest_step": 1.0, "confidences": [0.9, 0.5]},
    "mechanisms": {"early_stopping": [0.5]},
    "shown": ["none"],
}


def noise(each: int = 40, size: int = 16) -> ImageSet:
    random = np.random.default_rng(0)
    images = random.integers(256, size=(2 * each, size, size), dtype=np.uint8)
    return ImageSet(images, np.repeat(np.arange(2), each), ("one", "two"), DataCard.read("mnist5k"))


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MembershipParts:
    monkeypatch.setattr(membership_parts, "load", lambda name: noise())
    return MembershipParts(RECIPE, Store(tmp_path), progress=False)


def test_a_whole_run_gives_rows_and_curves_and_a_second_trains_nothing(
    parts: MembershipParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = membership_table.run(RECIPE, progress=False, store=parts.store)
    names = ["none", "early_stopping 0.5"]
    assert [row["mechanism"] for row in found["rows"]] == [name for name in names for _ in range(6)]
    for row in found["rows"]:
        assert set(row["advantage"]) == {"average", "powerful", "augmented", "shadow", "lira", "lira_unaware"}
        assert set(row["auc"]) == {"loss", "augmented", "shadow", "lira", "lira_unaware", "distance", "distance 0.5"}
        assert all(-1 <= value <= 1 for value in row["advantage"].values())
        assert row["gap"] == pytest.approx(row["training_accuracy"] - row["accuracy"], abs=2e-4)
        assert set(row["found"]) == {"distance", "distance 0.5"} and 0 <= row["found"]["distance"] <= 1
        assert row["smoothing"] == (0.0 if row["mechanism"] == "none" else None)
    none = [row for row in found["rows"] if row["mechanism"] == "none"]
    assert all(row["auc"]["lira"] == row["auc"]["lira_unaware"] for row in none)
    curves = found["curves"]["none"]
    assert set(curves["roc"]) == {"loss", "shadow", "lira", "distance"}
    for curve in curves["roc"].values():
        assert len(curve["value"]) == len(found["grids"]["false_positives"]) and curve["value"][-1] == 1
        assert (np.diff(curve["value"]) >= 0).all()
    monkeypatch.setattr(DefenceTraining, "fit", lambda *_, **__: pytest.fail("trained again"))
    monkeypatch.setattr(membership_parts.distance, "run", lambda *_, **__: pytest.fail("searched again"))
    assert membership_table.run(RECIPE, progress=False, store=parts.store) == found


def test_two_models_are_too_few_for_shadow_models(parts: MembershipParts) -> None:
    recipe = RECIPE | {"models": 2, "mechanisms": {}, "shown": []}
    found = membership_table.run(recipe, progress=False, store=parts.store)
    assert set(found["rows"][0]["advantage"]) == {"average", "powerful", "augmented"}


def test_twins_share_no_picture_and_are_not_each_others_shadows(parts: MembershipParts) -> None:
    for model in range(6):
        own, twin = parts.split(model), parts.split(model ^ 1)
        np.testing.assert_array_equal(own.members, twin.non_members)
        assert len(own.members) == len(own.non_members) == 20 and not set(own.members) & set(own.non_members)
        assert np.bincount(parts.pool.labels[own.members]).tolist() == [10, 10]
        shadows = parts.shadows(model)
        assert len(shadows) == 4 and model not in shadows and model ^ 1 not in shadows
        seen = membership_table._shadow_members(parts, model)
        assert (seen.sum(axis=0) == 2).all()  # as many have seen a picture as have not, members or no
    assert not np.array_equal(parts.split(0).members, parts.split(2).members)


def test_what_is_known_is_not_judged(parts: MembershipParts) -> None:
    known, judged = parts.known_and_judged(3)
    split = parts.split(3)
    assert len(known.members) == len(known.non_members) == 4
    for side in ("members", "non_members"):
        both = np.concatenate([getattr(known, side), getattr(judged, side)])
        assert sorted(both) == getattr(split, side).tolist()


def test_the_distances_are_those_of_judged_pictures(parts: MembershipParts, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = membership_parts.distance.run
    monkeypatch.setattr(
        membership_parts.distance,
        "run",
        lambda access, images, *rest, **more: asked.append(images) or real(access, images, *rest, **more),
    )
    assert parts.distances((), 1, 0.9).shape == (2, 4)
    judged = parts.known_and_judged(1)[1]
    torch.testing.assert_close(asked[0][:4], parts.images[torch.from_numpy(judged.members[:4])])
    torch.testing.assert_close(asked[0][4:], parts.images[torch.from_numpy(judged.non_members[:4])])


def test_models_see_their_members_alone(parts: MembershipParts, monkeypatch: pytest.MonkeyPatch) -> None:
    given = []
    real = DefenceTraining.fit
    monkeypatch.setattr(
        DefenceTraining,
        "fit",
        lambda self, model, images, *rest, **more: given.append(images) or real(self, model, images, *rest, **more),
    )
    parts.target((), 1)
    torch.testing.assert_close(given[0], parts.images[torch.from_numpy(parts.split(1).members)])


def test_a_stored_target_answers_as_the_trained_one(parts: MembershipParts, tmp_path: Path) -> None:
    mechanism = (("positive_smoothing", 0.1),)
    one = parts.answers(mechanism, 0)
    anew = MembershipParts(RECIPE, Store(tmp_path / "anew"), progress=False)
    np.testing.assert_array_equal(one["logits"], anew.answers(mechanism, 0)["logits"])
    assert one["logits"].shape == (40, 2) and one["copies"].shape == (40, 2)
    assert not np.array_equal(one["logits"], parts.answers((), 0)["logits"])


def test_copies_are_of_the_mechanisms_own_augmentation(parts: MembershipParts) -> None:
    plain, shifted, noisy = (
        parts.answers(mechanism, 0)["copies"] for mechanism in ((), (("crop_and_flip", 3),), (("noise", 0.1),))
    )
    assert np.array_equal(plain[:, 0], plain[:, 1])
    assert not np.array_equal(shifted[:, 0], shifted[:, 1]) and not np.array_equal(noisy[:, 0], noisy[:, 1])


def test_dp_sgd_comes_back_with_group_norm_and_its_epsilon(parts: MembershipParts) -> None:
    pytest.importorskip("opacus")
    mechanism = (("dp_sgd", 1.0),)
    parts.target(mechanism, 0)
    model, about = parts.target(mechanism, 0)
    assert any(isinstance(layer, torch.nn.GroupNorm) for layer in model.modules())
    assert about["epsilon"] > 0 and parts.target((), 0)[1]["epsilon"] is None


def test_a_distilled_model_learns_from_the_model_of_the_same_members(parts: MembershipParts) -> None:
    teacher = parts.target((), 1)[0]
    own = parts._recipe((("distillation", 10.0),), 1).objective
    for one, other in zip(own.teacher.parameters(), teacher.parameters(), strict=True):  # type: ignore[union-attr]
        torch.testing.assert_close(one, other)


def test_the_pool_has_no_near_duplicates() -> None:
    images = noise(each=24)
    images.images[1:8] = images.images[0]  # eight pictures of class 0 are one
    images.images[9] = images.images[8] ^ 1  # a grey level apart
    pool = draw_pool(images, per_class=16, seed=0)
    assert len(np.unique(pool.images.reshape(32, -1), axis=0)) == 32
    assert (np.bincount(pool.labels) == 16).all()
    pixels = pool.images.reshape(32, -1).astype(float)
    apart = np.sqrt(((pixels[:, None] - pixels) ** 2).mean(axis=2)) + 1e3 * np.eye(32)
    assert apart.min() > 0.1 * 127.5
    with pytest.raises(ValueError, match="the class 'one' must have 17 pictures after grouping .*, got 16 instead"):
        draw_pool(images, per_class=17, seed=0)


def test_names() -> None:
    pair = {"dropout": 0.2, "crop_and_flip": 3}
    named = mechanisms({"mechanisms": {"dropout": [0.2, 0.4]}, "pairs": [pair]})
    assert [mechanism_name(own) for own in named] == [
        "none",
        "dropout 0.2",
        "dropout 0.4",
        "dropout 0.2 + crop_and_flip 3",
    ]
    assert mechanism_name(()) == "none"
    assert mechanism_name((("dropout", 0.2), ("crop_and_flip", 3))) == "dropout 0.2 + crop_and_flip 3"
    assert smoothing_factor(()) == 0 and smoothing_factor((("negative_smoothing", 0.05),)) == -0.05
    assert smoothing_factor((("positive_smoothing", 0.05), ("dropout", 0.2))) is None
    assert smoothing_factor((("dropout", 0.2),)) is None


def test_the_augmentation_aware_attack_reduces_as_what_is_known_advises() -> None:
    """Members' copies lie together, non-members' apart with the same mean: only the deviation tells them."""
    random = np.random.default_rng(0)
    narrow, wide = random.normal(5, 0.1, (40, 8)), random.normal(5, 2.0, (40, 8))
    copies = np.concatenate([narrow - narrow.mean(axis=1, keepdims=True), wide - wide.mean(axis=1, keepdims=True)])
    known = membership_table.MembershipSplit(np.arange(20), np.arange(40, 60))
    asked = np.concatenate([np.arange(20, 40), np.arange(60, 80)])
    says = membership_table._augmented(copies, known, asked).says_member
    assert says[:20].mean() > 0.7 and says[20:].mean() < 0.1


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_can_be_read_and_their_mechanisms_built(name: str) -> None:
    recipe = read_recipe(name)
    assert recipe["decides"] == (name == "membership_fashion")
    assert recipe["models"] >= 6 and recipe["models"] % 2 == 0
    own = mechanisms(recipe)
    assert len({mechanism_name(mechanism) for mechanism in own}) == len(own)
    smoothing = {"smoothing": "positive_smoothing"}
    assert {smoothing.get(name, name) for name in regularisers.STRENGTHS} | {"negative_smoothing"} == {
        part[0] for mechanism in own for part in mechanism
    }
    names = {mechanism_name(mechanism) for mechanism in own}
    assert set(recipe["shown"]) <= names and {"positive_smoothing 0.05", "negative_smoothing 0.05"} <= names
    for pair in recipe["pairs"]:
        assert {f"{part} {strength:g}" for part, strength in pair.items()} <= names
    parts = MembershipParts(recipe, Store(Path("nowhere")), progress=False)
    for mechanism in own:
        if "distillation" not in mechanism_name(mechanism):
            parts._recipe(mechanism, 0)
    assert recipe["known"] + recipe["distance"]["images"] <= recipe["data"]["per_class"] * 10


def test_both_recipes_ask_the_same() -> None:
    one, other = (read_recipe(name) for name in RECIPES)
    assert mechanisms(one) == mechanisms(other)
