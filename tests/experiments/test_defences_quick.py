"""Chapter 7 live, on tiny people: what is kept is the worse attack, and the widgets show what is there."""

import math

import numpy as np
import pytest
from tiny_people import scene

from mia_kit.experiments import frontier_quick
from mia_kit.experiments.frontier_quick import Trained, map_frontier, mechanisms
from mia_kit.figures.frontier import Mark, frontier
from mia_kit.widgets.frontier_explorer import FrontierExplorer

BRIEF = {"width": 2, "epochs": 1, "batch_size": 16, "learning_rate": 1e-3}


@pytest.fixture(scope="module")
def trained() -> list[Trained]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frontier_quick, "SIZE", 16)
        patch.setattr(frontier_quick, "TARGET", BRIEF)
        patch.setattr(frontier_quick, "ATTACK", frontier_quick.ATTACK | {"pool": 8, "steps": 1})
        defences = {"mid": (0.01, 0.1), "bido": (1.0,)}
        return map_frontier(scene(), [0, 2], defences=defences, epochs=1, progress=False)


def test_one_point_for_each_target(trained: list[Trained]) -> None:
    assert [(one.defence, one.strength) for one in trained] == [
        ("none", 0.0),
        ("mid", 0.01),
        ("mid", 0.1),
        ("bido", 1.0),
    ]
    for one in trained:
        assert one.pictures.shape == (2, 16, 16, 3) and one.loss in frontier_quick.LOSSES
        assert 0 <= one.accuracy <= 1 and one.privacy is None


def test_the_worse_attack_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The margin brings back both people, Poincare one: whatever comes first, the point is the margin's."""
    monkeypatch.setattr(frontier_quick, "SIZE", 16)
    monkeypatch.setattr(frontier_quick, "ATTACK", frontier_quick.ATTACK | {"pool": 8, "steps": 1})
    ranks = iter([np.array([1, 3]), np.array([1, 1])])
    judge = frontier_quick.judge

    def said(*given, **settings):
        found = judge(*given, **settings)
        object.__setattr__(found, "rank", next(ranks))
        return found

    monkeypatch.setattr(frontier_quick, "judge", said)
    own = scene()
    one = frontier_quick.attacked(own, "none", 0.0, own.target.model, None, [0, 2], seed=0)
    assert one.loss == "margin" and one.leakage == 1


def test_mechanisms_by_hand() -> None:
    found = mechanisms(clip_norm=0.5)
    lengths = np.linalg.norm(found.clipped, axis=1)
    assert lengths.max() <= 0.5 + 1e-6
    short = np.linalg.norm(found.gradients, axis=1) < 0.5
    np.testing.assert_array_equal(found.clipped[short], found.gradients[short])
    assert (np.diff(found.on_picture) < 0).all() and (np.diff(found.on_label) > 0).all()
    s = found.deviations[0]
    assert found.nats[2, 0] == pytest.approx(0.5 * (4 + s**2 - 1 - 2 * math.log(s)))


def test_the_explorer_follows_dropdown_slider_and_pointer(trained: list[Trained]) -> None:
    points = [Mark(one.defence, one.strength, one.accuracy, one.leakage, 0, 1) for one in trained]
    explorer = FrontierExplorer(frontier(points, title="tiny"), trained, names=["p <b>", "q"], threshold=1e9)
    assert "no defence" in explorer.faces.value and explorer.faces.value.count("<figure") == 2
    assert "p &lt;b&gt;" in explorer.faces.value and "verified by the second judge 2 of 2" in explorer.faces.value
    explorer.defence.value = "mid"
    assert "<b>MID 0.01</b>" in explorer.faces.value and [o[0] for o in explorer.strength.options] == ["0.01", "0.1"]
    explorer.strength.value = 1
    assert "<b>MID 0.1</b>" in explorer.faces.value
    halo = explorer.figure.data[-1]
    assert list(halo.x) == [trained[2].accuracy] and list(halo.y) == [trained[2].leakage]
    explorer.defence.value = "bido"
    assert "<b>BiDO 1</b>" in explorer.faces.value
    line = next(trace for trace in explorer.figure.data if trace.name == "MID")
    explorer._on_hover(line, type("Points", (), {"point_inds": [1]})(), None)
    assert explorer.defence.value == "mid" and "<b>MID 0.1</b>" in explorer.faces.value
    with pytest.raises(ValueError, match="a name for each of 2 people, got 1"):
        FrontierExplorer(frontier(points, title="tiny"), trained, names=["p"], threshold=1)
