"""The explorer of the frontier: the most accurate model first, and names that a page cannot obey."""

import numpy as np
import pytest

from mia_kit.studies.inversion.classroom import Attacked
from mia_kit.widgets.frontier_explorer import FrontierExplorer

PICTURES = np.zeros((2, 8, 8, 3), np.uint8)
TARGETS = [
    Attacked("mid", 0.1, 0.5, "margin", PICTURES, np.array([1, 3]), np.array([1, 1])),
    Attacked("none", 0.0, 0.9, "poincare", PICTURES, np.array([1, 1]), np.array([2, 9])),
]


def test_the_faces_follow_the_slider() -> None:
    explorer = FrontierExplorer(TARGETS, names=["p <b>", "q"])
    assert "<b>no defence</b>: right on 90.0%" in explorer.words.value and "p &lt;b&gt;" in explorer.words.value
    assert "recognises 2 of 2, the second judge 0" in explorer.words.value
    explorer.sliders["model"].value = 1
    assert "<b>MID 0.1</b>" in explorer.words.value and "recognises 1 of 2, the second judge 2" in explorer.words.value
    assert explorer.words.value.count("<figure") == 2 and "rank 3" in explorer.words.value


def test_there_must_be_models_and_a_name_for_each_person() -> None:
    with pytest.raises(ValueError, match="a name for each of 2 people, got 1"):
        FrontierExplorer(TARGETS, names=["p"])
    with pytest.raises(ValueError, match="at least one model"):
        FrontierExplorer([], names=[])
