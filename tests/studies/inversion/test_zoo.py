"""The attack zoo at toy size: every attack gives the rows that the claims ask for, and nobody is left out."""

from pathlib import Path

import numpy as np
import pytest
import torch

from mia_kit.access import ConfidenceAPI, LabelAPI
from mia_kit.attacks import Reconstructions, Trace, brep
from mia_kit.models.class_conditional import ClassConditional
from mia_kit.runs.claims import NOT_MEASURED
from mia_kit.runs.parts import with_inputs
from mia_kit.studies.inversion.gans import Gan, Surrogate
from mia_kit.studies.inversion.judges import judge_set
from mia_kit.studies.inversion.recipe import WITHOUT_GRADIENTS
from mia_kit.studies.inversion.zoo import best_of_sample, first_with_label, handed_in, judge_handed_in
from mia_kit.studies.inversion.zoo_cells import LOSSES
from mia_kit.studies.registry import read_recipe
from tests.studies.tiny import answers, measured

TINY = Path(__file__).with_name("tiny_zoo.yaml")


@pytest.fixture(scope="module")
def table(random_faces, tmp_path_factory):
    return measured(TINY, tmp_path_factory.mktemp("zoo"))


def test_a_whole_recipe(table):
    judged = table[table.measure.eq("acc1") & table.unit.notna()]
    for method, (loss, _) in LOSSES.items():
        for name, strengths in ((method, [-0.2, 0]), (f"{method} placebo", [0])):
            rows = judged[judged.attack == name]
            assert sorted(rows.strength.unique()) == strengths and set(rows.steps) == {6}
            assert rows.groupby("strength").unit.nunique().eq(6).all(), "of eight people two serve to choose the rate"
            assert set(rows.loss.dropna()) == ({loss} if loss else set())
            starts = judged[judged.attack == f"{name} start"]
            assert set(starts.steps) == {0} and len(starts) == len(rows)
    spent = table[table.measure == "queries"].set_index(["attack", "strength"]).value.sort_index()
    alone = spent["gmi", 0.0]
    assert alone == pytest.approx(6 + 1 + 1 / 6, abs=1e-3), "steps, one look to select, one to count the classes"
    assert spent["lomma_gmi", 0.0] == pytest.approx(alone + 40 / 8, abs=1e-3), "what the surrogate learnt from"
    assert spent["plg_mi", 0.0] > 6 and spent["mirror", 0.0] == pytest.approx(6 + 1 + (40 + 1) / 6, abs=1e-3)
    assert spent["lokt", 0.0] == pytest.approx(40 / 8), "the labels that the surrogate learnt, and nothing after"
    assert spent["if_gmi", 0.0] == pytest.approx(6 + 2 + (2 * 40 + 1) / 6, abs=1e-3), "twice one look to select"
    rates = table[table.measure == "rate"]
    assert set(rates[rates.attack == "gmi"].value) <= {0.1, 1}
    assert not set(rates.attack) & set(WITHOUT_GRADIENTS)


def test_the_strongest_of_all_is_who_hit_most_of_the_people_who_tune(table):
    judged = table[table.measure.eq("acc1") & table.unit.notna()].set_index("unit")
    for strength in (-0.2, 0):
        here = table[table.strength == strength]
        tried = here[here.measure.str.startswith("tried") & here.attack.isin(["ppa", "if_gmi"])]
        best = tried.groupby("attack", observed=True).value.max()[["ppa", "if_gmi"]].idxmax()  # the first of equals
        rows = judged[judged.strength == strength]
        strongest = rows[rows.attack == "strongest"]
        assert set(strongest.loss) == {"strongest"} and len(strongest) == 6
        theirs = rows[rows.attack.eq(best) & rows.loss.ne("strongest")]
        assert strongest.value.sort_index().tolist() == theirs.value.sort_index().tolist()


def test_the_claims_find_their_rows(table):
    parts = answers("zoo_drawn", table)
    assert set(parts) == {"S16", "S25"}
    assert NOT_MEASURED not in {part.word for both in parts.values() for part in both}


def test_gmis_gan_serves_all_targets_and_the_others_one():
    gans = {}
    for tool in with_inputs(read_recipe(str(TINY)).cells()):
        if isinstance(tool, Gan | Surrogate):
            gans.setdefault(tool.method if isinstance(tool, Gan) else "surrogate", set()).add(tool.key)
    # Two targets and the strangers'; LOMMA's surrogates, and LOKT's.
    assert {kind: len(keys) for kind, keys in gans.items()} == {"gmi": 1, "ked_mi": 3, "plg_mi": 3, "surrogate": 6}


class Flat(torch.nn.Module):
    """A prior whose picture is a colour: the first number of a latent."""

    latent_size, image_size = 2, (1, 4, 4)

    def map(self, latents):
        return latents

    def synthesise(self, codes):
        return codes[:, :1, None, None].expand(-1, 1, 4, 4).tanh()


class Bright(torch.nn.Module):
    """Class 1 is bright, class 0 dark, class 2 never said."""

    channels = 1

    def forward(self, images):
        light = images.mean(dim=(1, 2, 3))
        return torch.stack([-light, light, torch.full_like(light, -9.0)], dim=1)


def test_the_best_of_a_sample_is_what_the_target_is_surest_of():
    pictures = best_of_sample(ConfidenceAPI(Bright()), Flat(), np.array([1, 0, 1]), pool=50, size=(4, 4), seed=0)
    drawn = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))[:, 0].tanh()
    light = pictures.float().mean(dim=(1, 2, 3)) / 127.5 - 1
    np.testing.assert_allclose(light, [drawn.max(), drawn.min(), drawn.max()], atol=0.01)


def test_a_prior_that_knows_classes_is_asked_for_them():
    prior = ClassConditional(Flat(), 3)
    prior.shifts.data = torch.tensor([[0.01, 0], [0, 0], [-0.01, 0]])  # brighter, as it is, darker
    classes = np.array([2, 1, 0])
    pictures = best_of_sample(ConfidenceAPI(Bright()), prior, classes, pool=3, size=(4, 4), seed=0)
    latents = torch.randn(3, 2, generator=torch.Generator().manual_seed(0))
    light = (latents[:, 0] + torch.tensor([-0.2, 0, 0.2])).tanh()
    np.testing.assert_allclose(pictures.float().mean(dim=(1, 2, 3)) / 127.5 - 1, light, atol=0.01)


def test_a_label_that_is_never_said_has_no_start():
    settings = brep.Settings(input_size=(4, 4), start_batch=20, start_batches=2)
    pictures, hit = first_with_label(LabelAPI(Bright()), Flat(), np.array([0, 2, 1]), settings=settings, seed=0)
    light = pictures.float().mean(dim=(1, 2, 3))
    assert hit.tolist() == [True, False, True] and light[0] < 127 < light[2] and 127 <= light[1] <= 128


def test_who_was_not_reached_is_a_failure(random_faces, maker):
    nan = float("nan")
    result = Reconstructions(
        images=torch.stack([torch.full((3, 16, 16), shade) for shade in (-1.0, 1.0, 0.5)]),
        codes=torch.zeros(3, 2),
        targets=torch.tensor([4, 4, 7]),
        scores=torch.tensor([0.1, 0.9, nan]),
        selected=torch.tensor([False, True, False]),
        trace=Trace.of_losses(torch.empty(0, 3)),
        queries=0,
        film=torch.empty(0, 3, 2),
    )
    pictures, reached = handed_in(result, np.array([7, 4, 4]))
    assert reached.tolist() == [False, True, True]
    assert pictures.flatten(1)[:, 0].tolist() == [128, 255, 255]
    judges = maker(read_recipe(str(TINY)).cells()[0].judges)
    said = judge_handed_in(judges, pictures, reached, np.array([5, 1, 2]))
    assert said["rank"][0] == said["identity_rank"][0] == 8 and not said["acc1"][0] and not said["verified"][0]
    assert np.isfinite(said["distance"]).all()


def test_a_set_of_the_peoples_photographs_and_one_picture_many_times(random_faces, maker):
    cell = read_recipe(str(TINY)).cells()[0]
    judges, photos = maker(cell.judges), maker(cell.people).judge
    labels = photos.labels.numpy()
    whole = judge_set(judges, lambda places: photos.floats[places], labels)
    assert whole["precision"] == whole["recall"] == whole["coverage"] == 1
    same = judge_set(judges, lambda places: photos.floats[:1].repeat(len(places), 1, 1, 1), labels[:6])
    assert same["precision"] == 1 and same["recall"] == 0 and 0 < same["coverage"] < 1
    assert judge_set(judges, lambda places: photos.floats[places], labels[:3]) == {}
