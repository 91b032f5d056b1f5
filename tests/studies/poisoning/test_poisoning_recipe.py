"""Recipes of the study: a wrong one is told in a sentence, and those that ship have what every claim asks for."""

import pytest
import yaml

from mia_kit.runs.contrasts import read_claims
from mia_kit.runs.recipe import RecipeError, typed
from mia_kit.studies.poisoning.recipe import Recipe, Row, Rows
from mia_kit.studies.registry import read_recipe, recipes

NAMES = ("poisoning_mnist", "poisoning_fashion", "poisoning_cifar10", "poisoning_faces")
CONTENT = yaml.safe_load(recipes()["poisoning_mnist"].read_text())


def test_a_row_for_each_combination_each_once():
    group = Rows(defence="lpa", strengths=(0.1, 0.2), attackers=("usual", "psnr"))
    assert group.expanded() == [Row("lpa", s, attacker=name) for s in (0.1, 0.2) for name in ("usual", "psnr")]
    recipe = typed(CONTENT | {"rows": [{}, {"halves": [0, 1]}]}, Recipe, where="a recipe")
    assert recipe.table_rows == [Row(), Row(half=1)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rows": [{"defence": "prayer"}]}, r"rows\[0\].defence: .*'prayer'"),
        ({"rows": [{"halves": [2]}]}, r"rows\[0\].halves\[0\]: .*got 2 instead"),
        ({"rows": [{"budget": 1}]}, r"there is no key 'rows\[0\].budget'"),
        ({"rows": [{"attackers": ["block 5"]}]}, "attackers must be one of .* instead: did you mean blocks 5?"),
        ({"rows": [{"attackers": ["guidance 1"]}]}, "attackers must be one of .*, got 'guidance 1' instead"),
        (
            {"rows": [{"defence": "lpa", "strengths": [0.1], "substitutes": ["guidance 0"]}]},
            "substitutes must be one of usual, psnr, blocks 5, logarithms, got 'guidance 0' instead",
        ),
        (
            {"rows": [{"defence": "lpa", "strengths": [1], "attackers": ["guidance 0"], "adaptations": ["self"]}]},
            "who poisons himself must have a decoder with gradients, got 'guidance 0' instead",
        ),
        ({"rows": [{"defence": "lpa"}]}, "the strength of lpa must be above 0, or 0 for none, got 0"),
        ({"rows": [{"strengths": [1]}]}, "the strength of none must be above 0, or 0 for none, got 1"),
        ({"rows": [{"defence": "top_k", "strengths": [1.5]}]}, "must be a whole number, got 1.5 instead"),
        ({"rows": [{"adaptations": ["noise"]}]}, "with noise or self-poisoning defence must be one of lpa,"),
        ({"guidance": []}, "a diffusion model must have a guidance, and guidance a diffusion model"),
        ({"seeds": [1, 1]}, r"seeds must differ, got \[1, 1\] instead"),
        ({"data": CONTENT["data"] | {"private": 3001}}, "private must be at most training, 3000, got 3001 instead"),
        ({"data": CONTENT["data"] | {"public": "orl"}}, "either private_classes or the name of a public data set"),
    ],
)
def test_wrong_recipes_are_told(change, words):
    with pytest.raises(RecipeError, match=words):
        typed(CONTENT | change, Recipe, where="a recipe")


def test_every_contrast_has_its_row():
    """What a claim selects is one row of its recipe, so that nothing is left open and nothing is missing."""
    rows = {name: [vars(row) for row in read_recipe(name).recipe.table_rows] for name in NAMES}
    for claim in read_claims():
        for case in (case for case in claim.cases if case.table in NAMES):
            contrasts = [inner for outer in case.contrasts for inner in (outer, *(outer.preconditions or []))]
            for cell in (cell for contrast in contrasts for cell in contrast.cells):
                wanted = {name: value for name, value in cell.items() if name != "measure"}
                there = [row for row in rows[case.table] if wanted.items() <= row.items()]
                assert len(there) == 1, f"{claim.id}, {case.table}: {len(there)} rows with {wanted}"


@pytest.mark.parametrize("name", NAMES)
def test_shipped_recipes_are_never_measured_with_the_seed_of_the_trials(name):
    recipe = read_recipe(name).recipe
    assert len(recipe.seeds) >= 5 and 0 not in recipe.seeds
    assert not recipe.decoders["usual"].logarithm and recipe.decoders["logarithms"].logarithm
