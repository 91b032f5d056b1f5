"""A recipe is checked whole before anything starts: some broken by hand, and many broken at random."""

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

# A recipe that ships, what is written instead of what, and a pattern of the sentence: the place, and what is expected.
BROKEN = [
    ("smoothing_drawn", "seeds:", "sedes:", "there is no key 'sedes'.*did you mean seeds"),
    ("smoothing_drawn", "study: inversion", "study: invertion", "did you mean inversion"),
    ("smoothing_drawn", "study: inversion", "", "study must be one of"),
    ("smoothing_drawn", "defence: smoothing", "defence: smothing", r"targets\[0\].defence.*did you mean smoothing"),
    ("smoothing_drawn", "[logit, margin]", "[logit, marginn]", "did you mean margin"),
    ("smoothing_drawn", "prior: dcgan", "prior: dcgans", "search.prior.*dcgans"),
    ("smoothing_drawn", "people: 200", "people: 200.5", "world.people.*200.5"),
    ("smoothing_drawn", "epochs: 150", "epochs: many", "target.epochs.*many"),
    ("smoothing_drawn", "learning_rate: 1e-3", "learning_rate: 0", "learning_rate"),
    ("smoothing_drawn", "strengths: [-0.2,", "strengths: [1.2,", "a smoothing factor must lie in .*1.2"),
    ("smoothing_drawn", "strengths: [-0.2,", "strengths: [.nan,", "strengths"),
    ("smoothing_drawn", "strengths: [-0.2,", "strengths: [0.05,", "strengths must differ"),
    ("smoothing_drawn", "seeds: [1, 2, 3, 4, 5]", "seeds: []", "seeds"),
    ("smoothing_drawn", "seeds: [1, 2, 3, 4, 5]", "seeds: [1, 2, 3, 4, 5", "not valid YAML in line"),
    ("smoothing_drawn", "steps: 200", "steps: [200]", "search.steps"),
    ("smoothing_drawn", "people: 100,", "people: 1000,", "search.people must be at most world.people, 200"),
    ("smoothing_drawn", "tuning: {people: 20", "tuning: {people: 100", "people must be at least tuning.people"),
    ("smoothing_drawn", "factors: [-0.2,", "factors: [-0.3,", "factors must be among the strengths.*-0.3"),
    ("smoothing_drawn", "{defence: smoothing, strengths: [-0.2,", "{defence: dropout, strengths: [1.5,", "1.5"),
    ("smoothing_drawn", "curve: [5,", "curve: [500,", "the greatest of curve must be at most steps"),
    ("zoo_drawn", "{method: gmi, ", "{method: gmi, losses: [margin], ", "gmi has its paper's loss"),
    ("zoo_drawn", "{method: brep_mi}", "{method: brep_mi, rates: [1]}", "rates must hold none for the method brep_mi"),
    ("zoo_drawn", "{method: brep_mi}", "{method: brep_mi, strongest: true}", "strongest is for attacks that choose a"),
    ("zoo_drawn", "rates: [0.01, 0.05, 0.25]", "rates: []", "rates must hold one at least for the method mirror"),
    ("zoo_drawn", "losses: [cross_entropy, margin], ", "", "losses must name one at least"),
    ("facescrub_rehearsal", "keep: 2", "keep: 5", "keep must be at most candidates, 4, got 5"),
    ("facescrub_rehearsal", "rates: [0.05]", "rates: [0.05, 0.1]", "an attack in pieces has one rate"),
    ("facescrub_rehearsal", "defence: smoothing", "defence: mid", "there are Plug & Play and smoothing alone"),
    ("facescrub_rehearsal", "architecture: small", "architecture: small, stem: small", "a small stem is for a ResNet"),
    ("facescrub_rehearsal", "ture: small", "ture: small, imagenet: true", "imagenet is for a network of torchvision's"),
    ("embedding_drawn", "per_class: 20", "per_class: 21", "per_class must be at most photographs.target, 20, got 21"),
    ("data_centric_drawn", "people: 30,", "people: 31,", "search.people must be those who tune and .*, 30, .* got 31"),
    ("data_centric_drawn", "- [injection]", "- [loss, loss]", "each of steps must hold different steps"),
    ("data_centric_drawn", "losses: [cross_entropy]", "losses: [cross_entropy, logit]", "one loss at most"),
    ("data_centric_drawn", "method: mirror, rates", "method: mirror, rate", r"there is no key 'attacks\[1\].rate'"),
    ("membership_fashion", "seeds: [2, 3, 4, 5, 6, 7, 8, 9]", "seeds: [2, 3, 4]", "come with their twins"),
    ("membership_fashion", "{defence: dropout, ", "{defence: droput, ", "did you mean dropout"),
    ("membership_fashion", "cutout, strength: 0.5", "cutout, strength: 1.5", r"cutout must lie in \[0, 1\], got 1.5"),
    ("membership_fashion", "known: 100", "known: 900", "from 1 to 1000, got 1050"),
    ("membership_fashion", "noise, strength: 0.1", "dropout, strength: 0.2", "the same one twice"),
    ("poisoning_mnist", "blocks 5, log", "block 5, log", "attackers must be one of .* instead: did you mean blocks 5?"),
    ("poisoning_mnist", "es: [usual, psnr]}", "es: [guidance 0]}", "substitutes must be one of usual"),
    ("poisoning_mnist", "attackers: [guid", "adaptations: [self], attackers: [guid", "self-poisoning must have a"),
    ("poisoning_mnist", "{defence: lfp, strengths: [0.0002]}", "{defence: lfp}", "the strength of lfp must be above 0"),
    ("poisoning_mnist", "{halves: [1]}", "{strengths: [1]}", "the strength of none must be above 0, or 0 for none"),
    ("poisoning_mnist", "top_k, strengths: [1]", "top_k, strengths: [1.5]", "must be a whole number, got 1.5 instead"),
    ("poisoning_mnist", "{halves: [1]}", "{adaptations: [noise]}", "with noise or self-poisoning defence must"),
    ("poisoning_mnist", "guidance: [0, 0.5, 2]", "guidance: []", "a diffusion model must have a guidance"),
    ("poisoning_mnist", "private: 300", "private: 3001", "private must be at most training, 3000, got 3001"),
    ("poisoning_mnist", "private_classes: 5", "private_classes: 5, public: orl", "either private_classes or the name"),
]


def refused(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    began = time.perf_counter()
    with pytest.raises(RecipeError) as problem:
        read_recipe(str(path)).cells()
    assert time.perf_counter() - began < 2 and [other.name for other in path.parent.iterdir()] == [path.name]
    return str(problem.value)


@pytest.mark.parametrize(("name", "old", "new", "words"), BROKEN)
def test_a_mistake_is_one_sentence_at_once_and_writes_nothing(
    name: str, old: str, new: str, words: str, tmp_path: Path
) -> None:
    text = recipes()[name].read_text(encoding="utf-8")
    assert old in text
    sentence = refused(tmp_path / "mine.yaml", text.replace(old, new, 1))
    assert re.search(words, sentence) and "\n" not in sentence and len(sentence) < 500, sentence


@pytest.mark.parametrize(
    ("text", "words"), [("", "empty"), ("- 1", "list"), ("just text", "str"), ("\0", "valid YAML")]
)
def test_a_file_that_is_no_recipe(text: str, words: str, tmp_path: Path) -> None:
    assert words in refused(tmp_path / "mine.yaml", text)


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
