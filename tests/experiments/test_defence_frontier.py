"""The defence experiment on tiny people: each target is trained with its defence, and what is known is found again."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_people import RECIPE, tiny_parts

from mia_kit.defences import BottleneckClassifier
from mia_kit.experiments import defence_frontier, defended_parts
from mia_kit.experiments.defended_parts import DefendedParts, Point
from mia_kit.experiments.face_parts import Parts
from mia_kit.figures.frontier import marks_of
from mia_kit.runs.store import Store


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DefendedParts:
    return DefendedParts(tiny_parts(tmp_path, monkeypatch))


def point(parts: DefendedParts, defence: str, strength: float) -> Point:
    return Point(parts.parts.people(0), defence, strength, 3, 0)


def kinds(parts: DefendedParts) -> list[str]:
    return [entry.kind for entry in parts.parts.store.entries()]


def test_smoothing_is_found_where_other_recipes_have_it(parts: DefendedParts) -> None:
    parts.parts.target(parts.parts.people(0), smoothing=-0.05, per_class=3, seed=0)
    own = point(parts, "negative_smoothing", 0.05)
    parts.target(own)
    parts.judged(own, "poincare")
    assert kinds(parts).count("face_target") == 1 and "defended_target" not in kinds(parts)
    parts.judged(own, "margin")
    assert kinds(parts).count("face_attack") == 2  # another loss is another attack


def test_a_defended_target_is_stored_in_its_own_form(parts: DefendedParts, monkeypatch: pytest.MonkeyPatch) -> None:
    own = point(parts, "mid", 0.01)
    first, epsilon = parts.target(own)
    assert isinstance(first.model, BottleneckClassifier) and epsilon is None
    monkeypatch.setattr(defended_parts, "fit_defended", lambda *_, **__: pytest.fail("trained again"))
    again, _ = parts.target(own)
    for name, weight in first.model.state_dict().items():
        np.testing.assert_array_equal(weight, again.model.state_dict()[name])
    assert again.accuracy == first.accuracy


def test_each_strength_is_a_target_of_its_own(parts: DefendedParts) -> None:
    for strength in (0.2, 0.8):
        parts.target(point(parts, "dropout", strength))
    assert kinds(parts).count("defended_target") == 2


def test_the_trunk_comes_before_the_defence_changes_the_network(parts: DefendedParts) -> None:
    own = point(parts, "mid", 0.01)
    plain = defended_parts.untrained(point(parts, "none", 0.0), 2)
    trunk = {name: weight + 1 for name, weight in plain.state_dict().items() if not name.startswith("head.")}
    model = defended_parts.untrained(own, 2, trunk)
    assert isinstance(model, BottleneckClassifier)
    inner = model.inner.state_dict()
    assert inner and all((inner[name] == weight).all() for name, weight in trunk.items())


def test_dp_sgd_says_its_epsilon(parts: DefendedParts) -> None:
    pytest.importorskip("opacus")
    small = RECIPE | {"target": RECIPE["target"] | {"batch_size": 8}}
    private = DefendedParts(Parts(small, parts.parts.store, progress=False))
    _, epsilon = private.target(point(private, "dp_sgd", 1.0))
    assert epsilon is not None and 0 < epsilon < 100


def test_the_experiment_from_end_to_end(parts: DefendedParts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe: dict[str, Any] = RECIPE | {"seeds": 2, "per_class": 3, "defences": {"dropout": [0.5], "mid": [0.01]}}
    results = defence_frontier.run(recipe, progress=False, store=Store(tmp_path / "other"))
    assert [(one["defence"], one["strength"]) for one in results["points"]] == [
        ("none", 0.0),
        ("dropout", 0.5),
        ("mid", 0.01),
    ]
    for one in results["points"]:
        assert len(one["accuracy"]) == 2
        for loss in defence_frontier.LOSSES:
            assert 0 <= one[loss]["acc1"]["value"] <= 1 and len(one[loss]["named"]["by_person"]) == 3
            assert all(norm > 0 for norm in one[loss]["gradient_norm"])
    assert [one.name for one in marks_of(results["points"], measure="verified")] == [
        "no defence",
        "dropout 0.5",
        "MID 0.01",
    ]
    assert results["people"] == 3 and results["claims"] == {}
