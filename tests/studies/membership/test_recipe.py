"""What is wrong with a recipe is told in a sentence, with its place."""

import pytest

from mia_kit.runs.recipe import RecipeError
from mia_kit.studies.registry import read_recipe, recipes

BROKEN = {
    "seeds: [2, 3, 4, 5, 6, 7, 8, 9]": ("seeds: [2, 3, 4]", "come with their twins"),
    "{defence: dropout, strength: 0.2}": ("{defence: droput, strength: 0.2}", "did you mean dropout"),
    "{defence: cutout, strength: 0.5}": ("{defence: cutout, strength: 1.5}", r"cutout must lie in \[0, 1\], got 1.5"),
    "{defence: mixup, strength: 1}": ("{defence: mixup, strength: strong}", "strength.*expected `float`"),
    "known: 100": ("known: 900", "from 1 to 1000, got 1050"),
    "confidences: [0.99, 0.9]": ("confidences: [99]", "confidences"),
    "{defence: noise, strength: 0.1}\n": ("{defence: dropout, strength: 0.2}\n", "the same one twice"),
    "attacker:": ("attackers:", "did you mean attacker"),
}


@pytest.mark.parametrize("text", BROKEN)
def test_one_sentence_for_each_mistake(text, tmp_path):
    content, (instead, words) = recipes()["membership_fashion"].read_text(), BROKEN[text]
    assert content.count(text) >= 1
    path = tmp_path / "mine.yaml"
    path.write_text(content.replace(text, instead, 1))
    with pytest.raises(RecipeError, match=words) as problem:
        read_recipe(str(path))
    assert "\n" not in str(problem.value)
