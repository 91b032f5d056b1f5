"""The parts of a face experiment: what is shared is made once, and nobody sees what is not his."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_people import CHOSEN, RECIPE, tiny_parts

from mia_kit.experiments import face_parts
from mia_kit.experiments.face_parts import Parts
from mia_kit.experiments.face_people import People
from mia_kit.metrics.leakage import centre_ranks


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Parts:
    return tiny_parts(tmp_path, monkeypatch)


def test_judged_holds_the_attack_and_what_the_judges_say(parts: Parts) -> None:
    people = parts.people(0)
    attacked, judged = parts.attack(people, **CHOSEN), parts.judged(people, **CHOSEN)
    for name in ("rank", "embedder_rank", "distance", "nearest"):
        assert judged[name].shape == (2, 6)
    assert judged["rank"].min() >= 1 and judged["embedder_rank"].max() <= 3
    np.testing.assert_array_equal(judged["film"], attacked["film"])
    assert judged["named"] == 1  # the embedder sees the shade, and each person has one of his own


def test_other_judges_see_the_same_attack(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    people = parts.people(0)
    parts.judged(people, **CHOSEN)
    monkeypatch.setattr(face_parts, "attack", lambda *_, **__: pytest.fail("attacked again"))
    others = Parts({**RECIPE, "evaluator_from": 4}, parts.store, progress=False)
    trained: list[People] = []
    fit = face_parts.fit_evaluator

    def watched(people: People, *given: Any, **settings: Any) -> Any:
        trained.append(people)
        return fit(people, *given, **settings)

    monkeypatch.setattr(face_parts, "fit_evaluator", watched)
    assert others.judged(people, **CHOSEN)["rank"].shape == (2, 6)
    assert trained[0].evaluator_training().sum() == 3 * 16


def test_a_target_that_sees_the_evaluators_photographs_is_refused(parts: Parts) -> None:
    with pytest.raises(ValueError, match="at most 3, where the evaluator's begin, got 4"):
        parts.target(parts.people(0), smoothing=0.0, per_class=4, seed=0)


def test_rank_among_centres() -> None:
    centres = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 9.0]])
    ranks = centre_ranks(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 5.0]]), np.array([0, 1, 0]), centres)
    assert ranks.tolist() == [1, 2, 2]
