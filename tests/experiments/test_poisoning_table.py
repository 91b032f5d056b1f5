"""The poisoning table on tiny pictures: who has which, what is shared, what a killed run keeps, all rows."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_poison import RECIPE, shades

from mia_kit.experiments import poisoning_data, poisoning_parts, poisoning_table
from mia_kit.experiments.poisoning_data import deal, load_sides
from mia_kit.experiments.poisoning_parts import PoisonParts
from mia_kit.experiments.poisoning_rows import ADAPTATIONS, DEFENCES, Setup, make_defence, read_rows
from mia_kit.experiments.runner import read_recipe
from mia_kit.metrics import membership, separability
from mia_kit.runs.store import Store

RECIPES = ("poisoning_mnist", "poisoning_fashion", "poisoning_cifar10", "poisoning_faces")


def parts(root: Path, **changes: Any) -> PoisonParts:
    return PoisonParts(RECIPE | changes, Store(root), progress=False)


def test_nobody_has_a_picture_of_anybody_else() -> None:
    mine, others = shades(5, 30), shades(4, 20)
    sides = deal(mine, others, 60, 50, 40, 20, 30, seed=0)
    groups = [sides.training, sides.judging, sides.test]
    assert [len(group) for group in (*groups, *sides.halves)] == [60, 50, 40, 30, 30]
    seen = [{picture.numpy().tobytes() for picture in group} for group in groups]
    assert not seen[0] & seen[1] and not seen[0] & seen[2] and not seen[1] & seen[2]
    first, second = ({picture.numpy().tobytes() for picture in half} for half in sides.halves)
    assert not first & second
    torch.testing.assert_close(sides.attacked, sides.training[:20])
    again = deal(mine, others, 60, 50, 40, 20, 30, seed=1)
    assert not torch.equal(again.training, sides.training)
    with pytest.raises(ValueError, match="expected at least 160 private and 60 public pictures"):
        deal(mine, others, 60, 50, 50, 20, 30, seed=0)


def test_classes_are_divided_or_another_set_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poisoning_data, "load", lambda name, size: shades(10 if name == "digits" else 3, 30))
    sizes = {"size": 16, "training": 40, "judging": 20, "test": 20, "private": 5, "half": 40, "seed": 0}
    own = load_sides("digits", private_classes=4, **sizes)  # type: ignore[arg-type]
    assert own.class_names == ("0", "1", "2", "3") and int(own.training_labels.max()) == 3
    assert float(own.halves[0].mean()) > float(own.training.mean())  # classes 4 to 9 are the brighter ones
    other = load_sides("digits", public="faces", **sizes)  # type: ignore[arg-type]
    assert len(other.class_names) == 10
    with pytest.raises(ValueError, match=r"private_classes must lie in \[2, 10\), got None instead"):
        load_sides("digits", **sizes)  # type: ignore[arg-type]


def test_every_kind_of_row_from_end_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(separability, "TREES", 3)
    monkeypatch.setattr(membership, "RESAMPLES", 5)
    results = poisoning_table.run(RECIPE, progress=False, store=Store(tmp_path))
    rows = {row["name"]: row for row in results["rows"]}
    assert list(rows) == list(RECIPE["rows"]) and results["classes"] == 5
    for row in rows.values():
        assert len(row["accuracy"]) == len(row["hits"]) == len(row["errors"]) == 2
        assert all(len(own) == 12 for own in row["hits"]) and all(len(own.split()) == 12 for own in row["errors"])
        shares = [own.count("1") / 12 for own in row["hits"]]
        np.testing.assert_allclose(row["attack"]["by_seed"], shares, atol=1e-6)
        np.testing.assert_allclose(row["attack"]["value"], np.mean(shares), atol=1e-6)
        np.testing.assert_allclose(
            row["error"]["by_seed"],
            [np.mean([int(one) for one in own.split()]) / 1000 for own in row["errors"]],
            atol=1e-3,
        )
    assert rows["none"]["distortion"]["value"] == 0 and rows["none"]["accuracy_loss"] == [0, 0]
    assert rows["LPA"]["accuracy_loss"] == [0, 0] and 0 < rows["LPA"]["distortion"]["value"] <= 0.1
    assert rows["MID"]["distortion"]["value"] > 0  # against the plain classifier
    with_detector = {name for name, row in rows.items() if "detector" in row}
    assert with_detector == {"LPA", "LFP", "LPA by VAE", "Poi_MSE", "PGD", "rounded", "LPA, the other half"}


def test_rows_share_what_they_have_in_common(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, rows = parts(tmp_path), read_rows(RECIPE)
    for name in ("none", "LPA", "LPA, self", "LPA, noise"):
        own.attacked(rows[name], 0)
    kinds = [entry.kind for entry in own.store.entries()]
    assert [kinds.count(f"poison_{kind}") for kind in ("classifier", "substitute", "served", "attack")] == [1, 1, 2, 4]
    before = own.attacked(rows["LPA"], 0)
    monkeypatch.setattr(poisoning_parts, "fit_decoder", lambda *_, **__: pytest.fail("trained again"))
    again = parts(tmp_path).attacked(rows["LPA"], 0)
    for name, values in before.items():
        np.testing.assert_array_equal(values, again[name])


@pytest.mark.slow  # diffusers alone takes seconds to import
def test_rows_that_differ_in_guidance_share_a_diffusion_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("diffusers", reason='needs diffusers: pip install "mia_kit[diffusion]"')
    decoders = RECIPE["decoders"] | {"guidance 3": RECIPE["decoders"]["guidance 1"] | {"guidance": 3.0}}
    own = parts(tmp_path, decoders=decoders)
    setups = [Setup(attacker="guidance 1"), Setup(attacker="guidance 3"), Setup(attacker="guidance 1", half=1)]
    found = [own.attacked(setup, 0) for setup in setups[:2]]
    assert not np.array_equal(found[0]["pictures"], found[1]["pictures"])
    assert found[0]["pictures"].shape == (10, 1, 16, 16) and found[0]["hits"].shape == (12,)
    kinds = [entry.kind for entry in own.store.entries()]
    assert [kinds.count(f"poison_{kind}") for kind in ("diffusion", "attack", "served")] == [1, 2, 1]
    own.attacked(setups[2], 0)
    assert [entry.kind for entry in own.store.entries()].count("poison_diffusion") == 2
    monkeypatch.setattr(poisoning_parts, "fit_denoiser", lambda *_, **__: pytest.fail("trained again"))
    np.testing.assert_array_equal(
        parts(tmp_path, decoders=decoders).attacked(setups[0], 0)["errors"], found[0]["errors"]
    )


def test_a_killed_run_goes_on_with_the_part_at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = RECIPE | {"seeds": 1, "rows": {"none": {}, "LPA": {"defence": "lpa"}}}
    with monkeypatch.context() as patch:
        patch.setattr(poisoning_parts, "make_defence", killed_at("lpa"))
        with pytest.raises(KeyboardInterrupt):
            poisoning_table.run(recipe, progress=False, store=Store(tmp_path))
    kept = {entry.kind for entry in Store(tmp_path).entries()}
    assert {"poison_classifier", "poison_substitute", "poison_served", "poison_attack"} <= kept
    monkeypatch.setattr(poisoning_parts, "fit", lambda *_, **__: pytest.fail("a classifier was trained again"))
    results = poisoning_table.run(recipe, progress=False, store=Store(tmp_path))
    assert len(results["rows"]) == 2


def killed_at(kind: str) -> Any:
    def make(setup: Setup, *arguments: Any, **more: Any) -> Any:
        if setup.defence == kind:
            raise KeyboardInterrupt
        return make_defence(setup, *arguments, **more)

    return make


@pytest.mark.parametrize("defence", DEFENCES)
def test_each_defence_serves_probability_vectors(defence: str, tmp_path: Path) -> None:
    bound = 0.1 if Setup(defence=defence).needs_substitute else 0.0
    served = parts(tmp_path).served(Setup(defence=defence, strength=2.0, bound=bound), 0)
    for name, count in (("public", 24), ("private", 12), ("test", 24)):
        assert served[name].shape == (count, 5) and (served[name] >= 0).all()
        np.testing.assert_allclose(served[name].sum(axis=1), 1, atol=1e-5)
    if defence in ("lpa", "vae", "advexa", "poi_mse"):
        clean = parts(tmp_path).served(Setup(), 0)
        assert (served["test"].argmax(axis=1) == clean["test"].argmax(axis=1)).all()


def test_what_the_attacker_does_is_another_attack_on_the_same_answers(tmp_path: Path) -> None:
    own = parts(tmp_path)
    errors = [
        own.attacked(Setup(defence="lpa", bound=0.1, adaptation=adaptation), 0)["errors"] for adaptation in ADAPTATIONS
    ]
    assert len({one.tobytes() for one in errors}) == len(ADAPTATIONS)
    assert [entry.kind for entry in own.store.entries()].count("poison_served") == 1


def test_the_evaluator_is_not_the_target(tmp_path: Path) -> None:
    own = parts(tmp_path)
    target, evaluator = own.classifier("plain", 0), own.evaluator(0)
    assert sum(weight.numel() for weight in target.parameters()) != sum(w.numel() for w in evaluator.parameters())


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ({"a": {"defence": "prayer"}}, "defence must be one of none, lpa"),
        ({"a": {"adaptation": "tears"}}, "adaptation must be one of none, noise"),
        ({"a": {"half": 2}}, "half must be one of 0, 1, got 2"),
        ({"a": {"budget": 1}}, "got budget in 'a'"),
        ({"a": {"attacker": "blocks 9"}}, "attacker of 'a' must be one of the recipe's decoders, got 'blocks 9'"),
        ({"a": {"defence": "lpa", "substitute": "guidance 1"}}, "substitute of 'a' must have gradients"),
        ({"a": {"classifier": "none"}}, "classifier of 'a' must be one of the recipe's classifiers, got 'none'"),
    ],
)
def test_wrong_rows_are_told(rows: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_rows(RECIPE | {"rows": rows})


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_are_readable_and_every_row_can_be_made(name: str) -> None:
    recipe = read_recipe(name)
    rows = read_rows(recipe)
    assert recipe["seeds"] == 3 and rows["none"] == Setup()
    assert rows["LPA"] == Setup(defence="lpa", bound=recipe["poison"]["bound"])
    assert len(set(rows.values())) == len(rows), "two rows are the same"
    sizes = {key: recipe["data"][key] for key in ("training", "private", "half")}
    assert sizes["private"] <= sizes["training"] and sizes["half"] >= 500
