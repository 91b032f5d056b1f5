"""Chapter 6's shelf: nobody asks for more than the budget, access is what it says, and the wall shows what is there."""

import numpy as np
import pytest
from test_stage_mixtures import Halves, Turned
from tiny_people import FlatPrior, shaded_people
from torch import nn

from mia_kit.attacks import Settings, brep, fredrikson, mirror
from mia_kit.experiments import zoo_quick
from mia_kit.experiments.face_attack import appoint
from mia_kit.experiments.face_quick import POOL, Scene
from mia_kit.experiments.face_targets import Fitted
from mia_kit.experiments.zoo_quick import ATTACKS, Shelf, fill_shelf, within
from mia_kit.widgets.attack_wall import AttackWall


class Never(Halves):
    """Class 2 is never said."""

    def forward(self, images):
        logits = super().forward(images)
        logits[:, 2] = -100
        return logits


def scene(model: nn.Module) -> Scene:
    people, judge = shaded_people(classes=4, each=10, pool=POOL), Halves()
    fitted = Fitted(model, 1.0, 1.0, 0.0, 1.0)  # type: ignore[arg-type]
    judges = appoint(people, judge, judge.features)  # type: ignore[arg-type]
    return Scene(people, fitted, fitted, judges, FlatPrior())


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zoo_quick, "SIZE", 16)
        models = {0.0: Halves(), 0.1: Turned(), -0.05: Never()}
        scenes = {factor: scene(model) for factor, model in models.items()}
        return fill_shelf(scenes, [0, 2], budgets=(20, 40), progress=False)


def test_nobody_asks_for_more(shelf: Shelf) -> None:
    assert shelf.factors == (-0.05, 0.0, 0.1) and shelf.queries.shape == (3, 2, len(ATTACKS))
    for place, budget in enumerate(shelf.budgets):
        assert (shelf.queries[:, place] <= budget).all()
    spent = shelf.queries[1, 1, list(ATTACKS).index("PPA")]
    assert spent > 38  # of 40: the budget is used


def test_one_bar_tells_of_all_attacks(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(zoo_quick, "SIZE", 16)
    fill_shelf({0.0: scene(Halves())}, [0, 2], budgets=(20,))
    said = capsys.readouterr().err
    assert f"{len(ATTACKS)}/{len(ATTACKS)}" in said
    assert "breeding" not in said and "walking" not in said


@pytest.mark.parametrize("people", [1, 4, 7])
@pytest.mark.parametrize("budget", zoo_quick.BUDGETS)
def test_settings_are_within_the_budget(budget: int, people: int) -> None:
    """Counted by hand from what each attack asks."""
    ppa = Settings(**within("ppa", budget, people))
    assert 1 + 2 * ppa.pool + people * (ppa.steps + ppa.selection_views) <= people * budget
    assert fredrikson.Settings(**within("fredrikson", budget, people)).steps + 1 <= budget
    genetic = mirror.GeneticSettings(**within("mirror_black", budget, people))
    assert 1 + genetic.pool + people * (genetic.generations + 1) * genetic.population <= people * budget
    walk = brep.Settings(**within("brep", budget, people))
    assert 1 + walk.start_batch * walk.start_batches + people * walk.rounds * (walk.points + 1) <= people * budget


def test_what_is_never_found_is_no_hit(shelf: Shelf) -> None:
    """No label says class 2 of that target: nothing is handed in, and an evaluator's word on grey does not count."""
    at = (0, 1, list(ATTACKS).index("BREP-MI"))
    assert shelf.reached[at].tolist() == [True, False]
    assert np.ptp(shelf.pictures[at][1]) == 0 and not shelf.hits[at][1]
    assert shelf.reached[1].all()


def test_the_targets_differ(shelf: Shelf) -> None:
    sample = list(ATTACKS).index("best of a sample")
    assert shelf.hits[1, :, sample].all() and not shelf.hits[2, :, sample].any()
    assert shelf.access["MIRROR"] == shelf.access["best of a sample"] == "confidences"


def test_a_budget_is_enough_for_every_attack() -> None:
    with pytest.raises(ValueError, match="a budget must be at least 20 images of each person's, got 19 instead"):
        fill_shelf({}, [0], budgets=(19, 40))
    with pytest.raises(ValueError, match="attack must be ppa, fredrikson, mirror_black or brep, got 'gmi'"):
        within("gmi", 20, 1)


def test_the_wall_shows_the_shelf(shelf: Shelf) -> None:
    wall = AttackWall(shelf, names=["first <b>", "second"], threshold=1e9)
    assert wall.factor.value == 1 and wall.budget.value == 1
    before = wall.faces.value
    assert before.count("<figure") == 2 * len(ATTACKS) and "first &lt;b&gt;" in before and "nothing" not in before
    wall.factor.value = 0
    assert wall.faces.value.count("nothing") == 1
    assert "<b>BREP-MI</b> (labels)" in wall.faces.value and "verified by the second judge 1 of 2" in wall.faces.value
    wall.factor.value = 1
    wall.budget.value = 0
    assert wall.faces.value != before
    with pytest.raises(ValueError, match="a name for each of 2 people"):
        AttackWall(shelf, names=["one"], threshold=1)
