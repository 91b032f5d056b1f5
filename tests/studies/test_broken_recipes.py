"""A recipe is checked whole before anything starts: two dozen broken by hand, and many broken at random."""

from __future__ import annotations

import copy
import re
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
    "a typo in a study": ("study: inversion", "study: invertion", "inversion"),
    "no study": ("study: inversion", "", "study"),
    "an unknown defence": ("defence: smoothing", "defence: smothing", "smoothing"),
    "an unknown loss": ("[logit, margin]", "[logit, marginn]", "margin"),
    "an unknown prior": ("prior: dcgan", "prior: dcgans", "dcgan"),
    "no people": ("people: 200", "people: 0", "people"),
    "half a person": ("people: 200", "people: 200.5", "people"),
    "a count as text": ("epochs: 150", "epochs: many", "epochs"),
    "a rate of zero": ("learning_rate: 1e-3", "learning_rate: 0", "learning_rate"),
    "a factor above 1": ("strengths: [-0.2,", "strengths: [1.2,", "1.2"),
    "a factor that is no number": ("strengths: [-0.2,", "strengths: [.nan,", "strengths"),
    "a factor twice": ("strengths: [-0.2,", "strengths: [0.05,", "0.05"),
    "a seed twice": ("seeds: [1, 2,", "seeds: [1, 1,", "seeds"),
    "no seed": ("seeds: [1, 2, 3, 4, 5]", "seeds: []", "seeds"),
    "a list where a number belongs": ("steps: 200", "steps: [200]", "steps"),
    "more attacked than there are": ("people: 100,", "people: 1000,", "people"),
    "more tuned on than attacked": ("tuning: {people: 20", "tuning: {people: 100", "people"),
    "attacks on a strength that no target has": ("factors: [-0.2,", "factors: [-0.3,", "-0.3"),
    "dropout of everything": ("{defence: smoothing, strengths: [-0.2,", "{defence: dropout, strengths: [1.5,", "1.5"),
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


# The same of the other recipes; words are patterns.
OTHERS = [
    ("zoo_drawn", "{method: gmi, ", "{method: gmi, losses: [margin], ", "gmi has its paper's loss"),
    ("zoo_drawn", "{method: brep_mi}", "{method: brep_mi, rates: [1]}", "rates must hold none for the method brep_mi"),
    ("zoo_drawn", "{method: brep_mi}", "{method: brep_mi, strongest: true}", "strongest is for attacks that choose a"),
    ("zoo_drawn", "rates: [0.01, 0.05, 0.25]", "rates: []", "rates must hold one at least for the method mirror"),
    ("zoo_drawn", "losses: [cross_entropy, margin], ", "", "losses must name one at least"),
    ("zoo_drawn", "method: mirror,", "method: miror,", "did you mean mirror?"),
    ("facescrub_rehearsal", "keep: 2", "keep: 5", "keep must be at most candidates, 4, got 5"),
    ("facescrub_rehearsal", "rates: [0.05]", "rates: [0.05, 0.1]", "an attack in pieces has one rate"),
    ("facescrub_rehearsal", "defence: smoothing", "defence: mid", "there are Plug & Play and smoothing alone"),
    ("facescrub_rehearsal", "architecture: small", "architecture: small, stem: small", "a small stem is for a ResNet"),
    ("facescrub_rehearsal", "ture: small", "ture: small, imagenet: true", "imagenet is for a network of torchvision's"),
    ("embedding_drawn", "per_class: 20", "per_class: 21", "per_class must be at most photographs.target, 20, got 21"),
    ("embedding_drawn", "seeds: [3, 4, 5]", "seeds: [3, 3]", "seeds must differ"),
    ("embedding_drawn", "strengths:", "factors:", "there is no key 'factors'"),
    ("data_centric_drawn", "people: 30,", "people: 31,", "search.people must be those who tune and .*, 30, .* got 31"),
    ("data_centric_drawn", "- [injection]", "- [loss, loss]", "each of steps must hold different steps"),
    ("data_centric_drawn", "losses: [cross_entropy]", "losses: [cross_entropy, logit]", "one loss at most"),
    ("data_centric_drawn", "\njudge:", "\nstudent:", "there is no key 'student'"),
    ("data_centric_drawn", "method: mirror, rates", "method: mirror, rate", r"there is no key 'attacks\[1\].rate'"),
    ("membership_fashion", "seeds: [2, 3, 4, 5, 6, 7, 8, 9]", "seeds: [2, 3, 4]", "come with their twins"),
    ("membership_fashion", "{defence: dropout, ", "{defence: droput, ", "did you mean dropout"),
    ("membership_fashion", "cutout, strength: 0.5", "cutout, strength: 1.5", r"cutout must lie in \[0, 1\], got 1.5"),
    ("membership_fashion", "known: 100", "known: 900", "from 1 to 1000, got 1050"),
    ("membership_fashion", "confidences: [0.99, 0.9]", "confidences: [99]", "confidences"),
    ("membership_fashion", "noise, strength: 0.1", "dropout, strength: 0.2", "the same one twice"),
]


@pytest.mark.parametrize(("name", "old", "new", "words"), OTHERS)
def test_one_sentence_for_each_mistake(name: str, old: str, new: str, words: str, tmp_path: Path) -> None:
    text = recipes()[name].read_text(encoding="utf-8")
    assert old in text
    sentence = broken(tmp_path / "mine.yaml", text.replace(old, new, 1))
    assert re.search(words, sentence) and "\n" not in sentence, sentence


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
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mine.yaml"
        path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        try:
            read_recipe(str(path)).cells()
        except RecipeError as problem:
            assert "\n" not in str(problem) and len(str(problem)) < 600
