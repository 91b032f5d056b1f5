"""A recipe is checked whole before anything starts: 25 that are broken by hand, and thousands broken at random."""

from __future__ import annotations

import copy
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mia_kit.runs.recipe import RecipeError, read_yaml
from mia_kit.studies.registry import read_recipe, recipes

DRAWN = recipes()["smoothing_drawn"].read_text(encoding="utf-8")

# What is written instead of what, and words that the sentence must hold: the place, and what is expected or what came.
BROKEN: dict[str, tuple[str, str, str]] = {
    "a typo in a key": ("seeds:", "sedes:", "seeds"),
    "a typo in a section": ("spread:", "sprad:", "spread"),
    "a typo in a study": ("study: inversion", "study: invertion", "inversion"),
    "no study": ("study: inversion", "", "study"),
    "an unknown world": ("name: drawn", "name: drwn", "drawn"),
    "an unknown defence": ("defence: smoothing", "defence: smothing", "smoothing"),
    "an unknown loss": ("[logit, margin]", "[logit, marginn]", "margin"),
    "an unknown prior": ("prior: dcgan", "prior: dcgans", "dcgan"),
    "an unknown architecture": ("architecture: residual", "architecture: resdual", "residual"),
    "an unknown precision": ("precision: bfloat16", "precision: bfloat", "bfloat16"),
    "no people": ("people: 200", "people: 0", "people"),
    "half a person": ("people: 200", "people: 200.5", "people"),
    "a negative count": ("epochs: 150", "epochs: -150", "epochs"),
    "a count as text": ("epochs: 150", "epochs: many", "epochs"),
    "a rate of zero": ("learning_rate: 1e-3", "learning_rate: 0", "learning_rate"),
    "a factor above 1": ("strengths: [-0.2,", "strengths: [1.2,", "1.2"),
    "a factor that is no number": ("strengths: [-0.2,", "strengths: [.nan,", "strengths"),
    "a factor twice": ("strengths: [-0.2,", "strengths: [0.05,", "0.05"),
    "a seed twice": ("seeds: [1, 2,", "seeds: [1, 1,", "seeds"),
    "a negative seed": ("seeds: [1, 2,", "seeds: [-1, 2,", "seeds"),
    "no seed": ("seeds: [1, 2, 3, 4, 5]", "seeds: []", "seeds"),
    "a list where a number belongs": ("steps: 200", "steps: [200]", "steps"),
    "more attacked than there are": ("people: 100,", "people: 1000,", "people"),
    "more tuned on than attacked": ("tuning: {people: 20", "tuning: {people: 100", "people"),
    "attacks on a strength that no target has": ("factors: [-0.2,", "factors: [-0.3,", "-0.3"),
    "dropout of everything": (
        "{defence: smoothing, strengths: [-0.2, 0,",
        "{defence: dropout, strengths: [1.5, 0,",
        "1.5",
    ),
    "a bracket that stays open": ("seeds: [1, 2, 3, 4, 5]", "seeds: [1, 2, 3, 4, 5", "line"),
    "a curve past the last step": ("curve: [5,", "curve: [500,", "curve"),
}


def broken(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecipeError) as problem:
        read_recipe(str(path)).cells()
    return str(problem.value)


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_recipe_gives_a_sentence_at_once_and_writes_nothing(kind: str, tmp_path: Path) -> None:
    old, new, words = BROKEN[kind]
    assert old in DRAWN
    start = time.perf_counter()
    sentence = broken(tmp_path / "mine.yaml", DRAWN.replace(old, new, 1))
    assert words in sentence and "\n" not in sentence and len(sentence) < 400
    assert time.perf_counter() - start < 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]


@pytest.mark.parametrize(
    ("text", "words"), [("", "empty"), ("- 1", "list"), ("just text", "str"), ("\0", "valid YAML")]
)
def test_a_file_that_is_no_recipe(text: str, words: str, tmp_path: Path) -> None:
    assert words in broken(tmp_path / "mine.yaml", text)


CONTENTS = {name: read_yaml(path) for name, path in recipes().items()}


def places(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in a recipe."""
    pairs = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in pairs:
        yield (*path, key)
        yield from places(value, (*path, key))


PLACES = [(name, path) for name, content in CONTENTS.items() for path in places(content)]
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 40),
    st.floats(-2, 40),
    st.sampled_from([float("nan"), float("inf"), 10**30, -(10**30)]),
    st.text(max_size=8),
    st.lists(st.integers(-2, 5), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)


@given(place=st.sampled_from(PLACES), value=VALUES, how=st.sampled_from(["change", "remove", "rename"]))
def test_any_recipe_is_read_or_refused_in_a_sentence(place: tuple[str, tuple[Any, ...]], value: Any, how: str) -> None:
    name, path = place
    content = copy.deepcopy(CONTENTS[name])
    inner = content
    for key in path[:-1]:
        inner = inner[key]
    if how == "remove":
        del inner[path[-1]]
    elif how == "rename" and isinstance(inner, dict):
        inner[f"{path[-1]}{value}"] = inner.pop(path[-1])
    else:
        inner[path[-1]] = value
    refused_or_read(content)


def refused_or_read(content: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mine.yaml"
        path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        try:
            read_recipe(str(path)).cells()
        except RecipeError as problem:
            assert "\n" not in str(problem) and len(str(problem)) < 600
