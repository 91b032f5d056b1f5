"""A whole recipe at toy size: every row is measured, shared parts are made once, and every claim can be asked."""

from pathlib import Path

import msgspec
import pandas as pd
import pytest
import torch

from mia_kit.metrics import membership, separability
from mia_kit.runs.parts import with_inputs
from mia_kit.runs.run import Maker
from mia_kit.runs.store import Store
from mia_kit.studies.poisoning.attackers import spread
from mia_kit.studies.poisoning.cells import Bench, cells
from mia_kit.studies.poisoning.recipe import SUBSTITUTED, Adaptation, Defence, Diffusion, Recipe, Row, Training
from mia_kit.studies.registry import read_recipe
from tests.studies.tiny import measured

TINY = Path(__file__).with_name("tiny_poisoning.yaml")


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return read_recipe(str(TINY)).recipe


@pytest.fixture(scope="module")
def bench(recipe) -> Bench:
    return Bench(recipe, 0)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Maker:
    return Maker(Store(tmp_path_factory.mktemp("store")), progress=False)


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> pd.DataFrame:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(separability, "TREES", 3)
        patch.setattr(membership, "RESAMPLES", 5)
        return measured(TINY, tmp_path_factory.mktemp("evidence"))


def test_the_table_has_every_row_with_every_seed(table, recipe):
    by_picture = table[table.measure == "attack_accuracy"]
    counts = by_picture.groupby([*Row.__dataclass_fields__, "seed"], observed=True).unit.nunique()
    assert len(counts) == len(recipe.table_rows) * 3 and counts.eq(12).all()
    lpa = table[(table.defence == "lpa") & (table.measure == "distortion")]
    assert lpa.value.gt(0).all() and (lpa.value <= lpa.strength + 1e-6).all()


def test_a_row_is_held_against_the_same_attack_without_a_defence(table):
    plain = table[table.defence == "none"]
    assert plain[plain.measure == "distortion"].value.eq(0).all()
    assert plain[plain.measure == "beyond"].groupby("seed").value.mean().ge(0.5).all()  # at least its own median
    kept = table[(table.measure == "accuracy") & (table.defence.isin(["none", "lpa", "vae"]))]
    assert kept.groupby("seed").value.nunique().eq(1).all()  # their labels are those of the undefended service
    assert set(table[table.measure == "detector_auc"].defence) & {"none", "mid"} == set()


def test_rows_share_what_they_have_in_common(recipe):
    rows = msgspec.structs.replace(recipe, seeds=[1])
    kinds = [part.kind for part in with_inputs(list(cells(rows)))]
    # Two targets, one of them with MID; of decoders as many as there are attackers, and the defenders' own.
    assert kinds.count("Trained") == 3 and kinds.count("SidesPart") == 1
    served = {Bench(rows, 1).served(row).key for row in (*rows.table_rows, Row(half=1))}  # and the undefended one
    assert kinds.count("Served") == len(served)


@pytest.mark.parametrize("defence", Defence.__args__)
def test_each_defence_serves_probability_vectors(defence, made, bench):
    strength = {"none": 0.0, "rounding": 1.0, "top_k": 2.0}.get(defence, 0.1)
    answers, clean = made(bench.served(Row(defence, strength))), made(bench.served(Row()))
    for name, count in (("public", 24), ("private", 12), ("test", 24)):
        vectors = getattr(answers, name)
        assert vectors.shape == (count, 5) and bool((vectors >= 0).all())
        torch.testing.assert_close(vectors.sum(dim=1), torch.ones(count), atol=1e-5, rtol=0)
    assert (defence in SUBSTITUTED) == (bench.served(Row(defence, strength)).substitute is not None)
    if defence in ("lpa", "vae", "advexa", "poi_mse"):
        assert torch.equal(answers.test.argmax(dim=1), clean.test.argmax(dim=1))


def test_what_the_attacker_does_is_another_attack_on_the_same_answers(made, bench):
    rows = [Row("lpa", 0.1, adaptation=adaptation) for adaptation in Adaptation.__args__]
    errors = [made(bench.attack(row)).errors for row in rows]
    assert len({values.tobytes() for values in errors}) == len(rows)
    assert len({bench.served(row).key for row in rows}) == 1


@pytest.mark.slow  # diffusers alone takes seconds to import
def test_attacks_that_differ_in_guidance_share_a_diffusion_model(made, recipe):
    pytest.importorskip("diffusers", reason='needs diffusers: pip install "mia_kit[diffusion]"')
    diffusion = Diffusion(widths=(4, 8), steps=2, training=Training(epochs=1, batch_size=8))
    guided = Bench(msgspec.structs.replace(recipe, diffusion=diffusion, guidance=(1.0, 3.0)), 0)
    one, three = (guided.attack(Row(attacker=f"guidance {guidance}")) for guidance in (1, 3))
    assert one.learnt.key == three.learnt.key and one.key != three.key
    assert not torch.equal(made(one).pictures, made(three).pictures)
    assert guided.attack(Row(attacker="guidance 1", half=1)).learnt.key != one.learnt.key


def test_spread_is_none_for_one_picture_and_whole_for_the_pictures_themselves():
    images = torch.rand(20, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    assert spread(images[:1].expand(20, -1, -1, -1), images) == pytest.approx(0, abs=1e-6)
    assert spread(images, images) == pytest.approx(1) and spread(0.5 * images, images) == pytest.approx(0.5)
