"""Whole recipes at toy size: contributors among drawn people and among signs, attacked by everybody."""

from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest
import torch

from mia_kit.data import DataCard, ImageSet
from mia_kit.runs.claims import NOT_MEASURED
from mia_kit.runs.recipe import typed
from mia_kit.runs.table import tidy
from mia_kit.studies.data_centric import cells
from mia_kit.studies.data_centric.cells import Bench, NoticedCell, TargetCell, name_of
from mia_kit.studies.data_centric.contributors import Looks
from mia_kit.studies.data_centric.recipe import Recipe
from mia_kit.studies.inversion import gans, people
from mia_kit.studies.inversion.attack import attacked_people
from mia_kit.studies.inversion.signs import PRIVATE, PUBLIC, STRANGERS, deal_signs, public_signs
from mia_kit.studies.registry import read_recipe
from tests.studies.tiny import answers, measured

TINY = Path(__file__).with_name("tiny_data_centric.yaml")
SIGNS = """
study: data_centric
world: {name: gtsrb, people: 15, size: 16, photographs: {target: 3, evaluator: 3, judge: 3, test: 2}}
seeds: [0]
target: {architecture: residual, width: 2, epochs: 1}
evaluator: {architecture: small, width: 2, epochs: 1}
judge: {architecture: small, width: 2, epochs: 1}
contributors: {people: 2}
attacks: [{method: gmi, rates: [0.02]}]
search: {prior: dcgan, steps: 1, pool: 4, people: 4, tuning: {people: 2, steps: 1}}
tools: {public: 20, width: 1, gmi_steps: 1, batch_size: 4}
"""


@pytest.fixture
def bench(random_faces) -> Bench:
    recipe = read_recipe(str(TINY)).recipe
    assert isinstance(recipe, Recipe)
    return Bench(recipe, 0)


def signs() -> ImageSet:
    """Each of the 43 signs with four training frames and eight test pictures; red tells the sign, blue the side."""
    labels = np.repeat(np.arange(43), 12)
    frame = np.tile(np.arange(12) < 4, 43)
    images = np.random.default_rng(0).integers(256, size=(len(labels), 16, 16, 3), dtype=np.uint8)
    images[..., 0], images[..., 2] = 5 * labels[:, None, None], np.where(frame, 0, 255)[:, None, None]
    files = tuple(f"{'train' if first else 'test'}/{place}" for place, first in enumerate(frame))
    return ImageSet(images, labels, tuple(map(str, range(43))), DataCard.read("orl"), files=files)


def test_the_table_answers_every_claim(random_faces, tmp_path):
    table = measured(TINY, tmp_path)
    by_person = table[table.measure == "acc1"].groupby(["defence", "attack"], observed=True).unit.nunique()
    assert by_person.eq(4).all(), "two groups of two"
    attacked = {"none", "dcd", "mid", "dp_sgd"}
    assert {d for d, a in by_person.index if a == "mirror"} == attacked
    assert {d for d, a in by_person.index if a == "ppa"} == {*attacked, "dcd without injection", "dcd injection alone"}
    assert {"placebo", "mirror placebo", "mirror_black_box placebo"} <= {a for d, a in by_person.index if d == "none"}
    parts = answers("data_centric_drawn", table)
    lacking = [claim for claim in parts for part in parts[claim] if part.word == NOT_MEASURED]
    assert lacking == ["D5", "D5"], "the toy recipe leaves out two choices of steps"


def test_signs_in_the_place_of_people(random_faces, maker, tmp_path, monkeypatch):
    for module in (people, gans):
        monkeypatch.setattr(module, "load", lambda name, size: signs())
    recipe = tmp_path / "tiny_signs.yaml"
    recipe.write_text(SIGNS)
    named = read_recipe(str(recipe))
    table = tidy(pd.concat([maker(cell) for cell in named.cells()], ignore_index=True))
    assert set(table[table.measure == "acc1"].attack) == {"gmi", "gmi start", "gmi placebo", "gmi placebo start"}


def test_signs_share_no_picture():
    world = read_recipe("data_centric_signs").recipe.world
    assert sorted((*PRIVATE, *STRANGERS, *PUBLIC)) == list(range(43))
    mirrored = [{19, 20}, {33, 34}, {36, 37}, {38, 39}]
    assert all(len(pair & set(PRIVATE)) < 2 for pair in mirrored)
    assert ((public_signs(signs())[:, 0, 0, 0] / 5).unique() == torch.tensor(sorted(PUBLIC))).all()
    small = typed({"name": "gtsrb", "size": 16, "photographs": dict.fromkeys(PHOTOGRAPHS, 2)}, type(world), where="x")
    sides = deal_signs(signs(), small, 0)
    dealt = {role: side.images[np.concatenate(rows)] for role, (side, rows) in sides.items()}
    assert {*dealt["target"][:, 0, 0, 2]} == {0} and {*dealt["test"][:, 0, 0, 2]} == {255}
    roles = [{image.tobytes() for image in dealt[role]} for role in PHOTOGRAPHS]
    assert len(set.union(*roles)) == sum(map(len, roles)) == 4 * 2 * 15
    assert (dealt["judge"][::2, 0, 0, 0] // 5).tolist() == list(PRIVATE)


PHOTOGRAPHS = ("target", "test", "evaluator", "judge")


def test_a_group_hands_in_its_own_and_strangers(bench, maker):
    surrogates = maker(bench.surrogates)
    assert len(set(surrogates.values())) == 4 and not set(bench.groups[0]) & set(bench.groups[1])
    who_tunes = attacked_people(10, bench.recipe.search)[:3]
    assert not set(who_tunes) & set(sum(bench.groups, ()))
    given = maker(bench._contributed(("injection", "loss", "curvature")).given[0])
    assert len(given.images) == 10 * 6 + 2 * 3 * 6, "three times as many again for each of two people"
    person = bench.groups[0][0]
    injected = given.images[60:][given.owners[60:] == person][:6]  # a contributor's surrogates come first
    strangers = maker(bench.strangers).target
    theirs = strangers.floats[strangers.labels == surrogates[person]]
    assert {image.numpy().tobytes() for image in injected} == {image.numpy().tobytes() for image in theirs}


def test_another_choice_of_steps_leaves_other_targets_alone(bench):
    fewer = msgspec.structs.replace(bench.recipe.contributors, steps=(("injection",),))
    other = Bench(msgspec.structs.replace(bench.recipe, contributors=fewer), 0)
    assert other._contributed(("injection",)).models[0].key == bench._contributed(("injection",)).models[0].key
    assert bench._contributed(("injection", "loss")).models[0].key != bench._contributed(("injection",)).models[0].key


def test_names_of_the_ablation():
    assert name_of(("injection", "loss", "curvature")) == "dcd"
    assert name_of(("loss", "curvature")) == "dcd without injection"
    assert name_of(("injection",)) == "dcd injection alone"


def test_the_loss_is_that_of_each_persons_own_class(bench, maker, monkeypatch):
    """A model that is sure of the first protected person everywhere: no loss there, a great one for the others."""
    first = bench.groups[0][0]

    class Sure(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return 20 * torch.eye(10)[first] + 0 * images.mean(dim=(1, 2, 3))[:, None]

    cell = next(cell for cell in bench.cells() if isinstance(cell, TargetCell) and cell.defence.name == "none")
    monkeypatch.setattr(type(cell.defence.models[0]), "make", lambda *_, **__: {})
    monkeypatch.setattr(type(cell.defence.models[0]), "unpack", lambda *_: Sure().eval())
    table = maker(cell).set_index(["measure", "unit"]).value
    assert table["loss_person", first] == pytest.approx(0, abs=1e-4)
    assert table["loss_surrogate", bench.groups[0][1]] == pytest.approx(20, abs=1e-3)
    assert table["curvature_person", first] == pytest.approx(0, abs=1e-6)


def test_the_detector_sees_the_size_of_a_class(bench, maker, monkeypatch):
    """Features that say nothing: size alone gives a class of four times the pictures away."""
    monkeypatch.setattr(cells, "embedding", lambda made, second: lambda images: torch.zeros(len(images), 2))
    cell = next(cell for cell in bench.cells() if isinstance(cell, NoticedCell) and cell.defence.name == "dcd")
    table = maker(cell).set_index("measure").value
    assert table["class_size"] > 2 and table["detector_auc"] > 0.75


def test_distances_to_the_person_and_to_the_surrogate():
    looks = Looks({3: np.zeros((2, 2)), 7: np.ones((2, 2))}, {3: np.full((1, 2), 5.0), 7: np.full((1, 2), 9.0)}, 1.0)
    ends = np.array([[5.0, 5.0], [1.0, 1.0]])
    numbers = np.array([3, 7])
    assert looks.distances(ends, numbers).tolist() == pytest.approx([50**0.5, 0])
    assert looks.distances(ends, numbers, surrogate=True).tolist() == pytest.approx([0, 128**0.5])
