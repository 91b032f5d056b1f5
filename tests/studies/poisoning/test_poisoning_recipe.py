"""Recipes of the study: those that ship have what every claim asks for."""

import msgspec

from mia_kit.runs.contrasts import read_claims
from mia_kit.studies.poisoning.recipe import Row, Rows
from mia_kit.studies.registry import read_recipe

NAMES = ("poisoning_mnist", "poisoning_fashion", "poisoning_cifar10", "poisoning_faces")


def test_a_row_for_each_combination_each_once():
    group = Rows(defence="lpa", strengths=(0.1, 0.2), attackers=("usual", "psnr"))
    assert group.expanded() == [Row("lpa", s, attacker=name) for s in (0.1, 0.2) for name in ("usual", "psnr")]
    recipe = msgspec.structs.replace(read_recipe(NAMES[0]).recipe, rows=[Rows(), Rows(halves=(0, 1))])
    assert recipe.table_rows == [Row(), Row(half=1)]


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
