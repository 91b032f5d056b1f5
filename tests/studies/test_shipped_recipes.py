"""The recipes that ship, what was measured with them, and the targets that they share."""

import msgspec
import pytest

from mia_kit.runs.claims import NOT_MEASURED, judge, read_claims
from mia_kit.runs.evidence import evidence_folder, read_record, read_table
from mia_kit.runs.parts import with_inputs
from mia_kit.runs.recipe import typed
from mia_kit.runs.table import SUFFIX
from mia_kit.studies.inversion.attack import Inversion
from mia_kit.studies.inversion.networks import Evaluator, Target
from mia_kit.studies.registry import read_recipe, recipes

STORED = sorted(path.name.removesuffix(SUFFIX) for path in evidence_folder().glob(f"*{SUFFIX}"))
NOTHING_FOUND_OUT = ("priors", "embedding_quick")  # no claim rests on them


@pytest.mark.parametrize("name", STORED)
def test_a_stored_table_is_that_of_its_recipe_and_carries_its_claims(name):
    recipe, table, record = read_recipe(name).recipe, read_table(name), read_record(name)
    asked = typed(record["recipe"], type(recipe), where=name)
    assert msgspec.structs.replace(asked, seeds=recipe.seeds) == recipe, f"measure it again: mia-kit run {name}"
    assert len(table) == record["rows"] and set(table.seed) <= set(recipe.seeds)
    verdicts = [verdict for claim in read_claims() for verdict in judge(claim, {name: table}) if verdict.table == name]
    for part in (part for verdict in verdicts for part in verdict.parts):
        assert part.word != NOT_MEASURED or part.sentence.endswith("of at least 3 seeds"), part.sentence


@pytest.mark.parametrize("name", sorted(set(recipes()) - set(NOTHING_FOUND_OUT)))
def test_no_recipe_has_the_seed_with_which_it_was_chosen(name):
    assert 0 not in read_recipe(name).recipe.seeds


@pytest.mark.parametrize("name", ["embedding_drawn", "side_effects_drawn"])
def test_targets_are_those_that_smoothing_drawn_attacks(name):
    """So whoever has measured that recipe trains none here, and nobody is inverted."""
    parts, others = (with_inputs(read_recipe(recipe).cells()) for recipe in (name, "smoothing_drawn"))
    targets = {part.key for part in parts if isinstance(part, Target)}
    assert targets and targets <= {part.key for part in others if isinstance(part, Target)}
    assert not any(isinstance(part, Evaluator | Inversion) for part in parts)
