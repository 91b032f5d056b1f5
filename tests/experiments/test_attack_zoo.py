"""The attack zoo at a size of three people: what is shared, what is counted, who may ask for what."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_people import BRIEF, FlatPrior, Quarters, tiny_parts
from tiny_people import RECIPE as SHARED

from mia_kit.access import AccessError, ConfidenceAPI, LabelAPI, WhiteBox
from mia_kit.attacks import Settings
from mia_kit.attacks import run as plug_and_play
from mia_kit.attacks.ppa import score_pool
from mia_kit.experiments import attack_zoo, face_parts, zoo_parts, zoo_tools
from mia_kit.experiments.face_parts import Parts
from mia_kit.experiments.runner import read_recipe
from mia_kit.experiments.zoo_attacks import (
    KINDS,
    Pixels,
    Tools,
    access_name,
    best_start,
    give_access,
    handed_in,
    random_start,
    run_attack,
)
from mia_kit.experiments.zoo_parts import Cell, Zoo, plug_and_play_queries
from mia_kit.models import sample_latents
from mia_kit.models.style_prior import Discriminator, StylePrior
from mia_kit.runs.store import Store

GAN = {"width": 1, "steps": 1, "batch_size": 4}
SEARCH = {"steps": 1, "starts": 1}
ATTACKS: list[dict[str, Any]] = [
    {"name": "PPA", "attack": "ppa"},
    {"name": "PPA (margin)", "attack": "ppa", "loss": "margin"},
    {"name": "GMI", "attack": "gmi", "settings": SEARCH},
    {"name": "KED-MI", "attack": "kedmi", "settings": SEARCH | {"samples": 2}},
    {"name": "LOMMA (GMI)", "attack": "gmi", "loss": "lomma", "settings": SEARCH},
    {"name": "PLG-MI", "attack": "plgmi", "settings": SEARCH},
    {"name": "MIRROR", "attack": "mirror", "settings": {"pool": 8, "steps": 1}},
    {
        "name": "MIRROR (black)",
        "attack": "mirror_black",
        "settings": {"pool": 8, "population": 4, "generations": 1},
    },
    {"name": "BREP-MI", "attack": "brep", "settings": {"start_batch": 8, "start_batches": 1, "iterations": 1}},
    {"name": "Fredrikson", "attack": "fredrikson", "settings": {"steps": 2}},
]
RECIPE: dict[str, Any] = SHARED | {
    "public": 12,
    "generators": {"gmi": GAN, "kedmi": GAN, "plgmi": GAN | {"per_class": 4}},
    "lomma": {"widths": [2], "epochs": 1},
    "attacks": ATTACKS,
    "smoothings": [0.0],
    "per_class": 3,
    "seeds": 1,
}


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Zoo:
    public = torch.randint(256, (40, 3, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    monkeypatch.setattr(zoo_tools, "public_people", lambda size: (public, torch.zeros(40)))
    return Zoo(tiny_parts(tmp_path, monkeypatch, RECIPE))


@pytest.fixture
def cell(zoo: Zoo) -> Cell:
    return Cell(zoo.parts.people(0), 0.0, 3, 0)


def spec(name: str) -> dict[str, Any]:
    return next(own for own in ATTACKS if own["name"] == name)


def test_every_attack_gives_a_row_and_a_second_run_makes_nothing(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    """The attacks that no other test here runs, through the whole experiment."""
    names = ["PPA (margin)", "KED-MI", "BREP-MI", "Fredrikson"]
    recipe = RECIPE | {"attacks": [spec(name) for name in names]}
    found = attack_zoo.run(recipe, progress=False, store=zoo.parts.store)
    assert [row["attack"] for row in found["rows"]] == names
    for row in found["rows"]:
        assert row["people"] == 3
        assert row["queries"] > 0 and row["generator_queries"] <= row["queries"]
        for own in (row, row["start_random"], row["start_best"]):
            for measure, text in own["hits"].items():
                assert len(text) == 3 and own[measure] == pytest.approx(text.count("1") / 3, abs=1e-4)
    assert found["beats"]["verified"]["KED-MI"]["+0"]["random"]["by_seed"]
    monkeypatch.setattr(zoo_parts, "run_attack", lambda *_, **__: pytest.fail("attacked again"))
    monkeypatch.setattr(zoo_tools, "train_players", lambda *_, **__: pytest.fail("trained again"))
    monkeypatch.setattr(face_parts, "fit_target", lambda *_, **__: pytest.fail("trained again"))
    assert attack_zoo.run(recipe, progress=False, store=zoo.parts.store) == found


@pytest.mark.parametrize("name", ["MIRROR (black)", "LOMMA (GMI)", "PLG-MI"])
def test_a_cell_is_made_alike_again(zoo: Zoo, cell: Cell, tmp_path: Path, name: str) -> None:
    anew = Zoo(Parts(RECIPE, Store(tmp_path / "anew"), progress=False))
    one, other = zoo.attacked(spec(name), cell), anew.attacked(spec(name), cell)
    for part in ("pictures", "reached", "queries", "tools_queries"):
        np.testing.assert_array_equal(one[part], other[part])


def test_plug_and_play_and_targets_are_those_of_another_recipe(
    zoo: Zoo, cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = Parts({**RECIPE, "smoothings": [0.0, 0.1]}, zoo.parts.store, progress=False)
    others.attack(cell.people, **cell.chosen)
    monkeypatch.setattr(face_parts, "attack", lambda *_, **__: pytest.fail("attacked again"))
    monkeypatch.setattr(face_parts, "fit_target", lambda *_, **__: pytest.fail("trained again"))
    assert zoo.attacked(spec("PPA"), cell)["pictures"].shape == (3, 3, 16, 16)
    assert zoo.attacked(spec("MIRROR"), cell)["reached"].all()


def test_gmis_generator_serves_all_targets_and_kedmis_one(zoo: Zoo, cell: Cell) -> None:
    other = Cell(cell.people, 0.1, 3, 0)
    for attack, shared in (("gmi", True), ("kedmi", False), ("plgmi", False)):
        own = {"attack": attack}
        assert (zoo.start_settings("random", own, cell) == zoo.start_settings("random", own, other)) is shared
        assert zoo.start_settings("best", own, cell) != zoo.start_settings("best", own, other)


@pytest.mark.parametrize("kind", ["gmi", "kedmi", "plgmi"])
def test_generators_go_on_from_the_style_based_prior(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zoo: Zoo, cell: Cell, kind: str
) -> None:
    small = (8, 8, 8, 8)
    monkeypatch.setattr(zoo_tools, "load_style_prior", lambda truncation: StylePrior(channels=small))
    monkeypatch.setattr(zoo_tools, "load_discriminator", lambda: Discriminator(channels=small))
    monkeypatch.setattr(zoo_parts, "load_discriminator", lambda: Discriminator(channels=small))
    public = torch.randint(256, (12, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    monkeypatch.setattr(zoo_tools, "public_people", lambda size: (public, torch.zeros(12)))
    start = {"start": "style"} | ({} if kind == "gmi" else {"steps": 1, "batch_size": 4})
    start |= {"per_class": 2} if kind == "plgmi" else {}
    monkeypatch.setattr(face_parts, "build", lambda name: StylePrior(channels=small).eval())
    recipe = RECIPE | {"prior": "style 0.7", "generators": {kind: start}}
    found = Zoo(Parts(recipe, Store(tmp_path / "anew"), progress=False))
    own = {"name": kind, "attack": kind, "settings": SEARCH}
    assert found.attacked(own, cell)["pictures"].shape == (3, 3, 64, 64)
    asked = {"gmi": 0, "kedmi": 12, "plgmi": 12 + 4}
    assert found.generator(kind, cell).queries == asked[kind]
    same = found.start_settings("random", own, cell) == found.start_settings("random", {"attack": "mirror"}, cell)
    assert same is (kind == "gmi")
    with pytest.raises(ValueError, match=f"generator of {kind} needs a width unless the prior is style-based"):
        Zoo(Parts(recipe | {"prior": "flat"}, Store(tmp_path), progress=False)).generator(kind, cell)


def test_other_judges_see_the_same_pictures(zoo: Zoo, cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    attack_zoo.measure(zoo, spec("MIRROR"), cell)
    monkeypatch.setattr(zoo_parts, "run_attack", lambda *_, **__: pytest.fail("attacked again"))
    again = Zoo(Parts({**RECIPE, "evaluator": BRIEF | {"width": 3}}, zoo.parts.store, progress=False))
    assert attack_zoo.measure(again, spec("MIRROR"), cell)["people"] == 3


def test_queries_add_up(zoo: Zoo, cell: Cell) -> None:
    """A white box that counts for itself, and the formula for Plug & Play, whose stored attacks have no count."""
    model = zoo.parts.target(cell.people, **cell.chosen).model
    access = WhiteBox(model)
    settings = {name: value for name, value in RECIPE["attack"].items() if name != "film"}
    own = plug_and_play(
        access, range(3), prior=FlatPrior(), seed=0, settings=Settings(input_size=(16, 16), **settings), progress=False
    )
    assert plug_and_play_queries(RECIPE["attack"], 3) == own.queries == access.queries
    assert zoo.attacked(spec("PPA"), cell)["queries"] == own.queries
    lomma = zoo.attacked(spec("LOMMA (GMI)"), cell)
    assert lomma["tools_queries"] == 12  # each public face once, GMI's generator asks nothing
    assert lomma["queries"] == zoo.attacked(spec("GMI"), cell)["queries"] == 1 + 3 + 3  # classes, a step, the score
    assert zoo.attacked(spec("PLG-MI"), cell)["tools_queries"] == 12 + 4
    assert zoo.start("best", spec("GMI"), cell)["queries"] == 2 * 8
    assert zoo.start("best", spec("BREP-MI"), cell)["queries"] <= 2 * 8
    row = attack_zoo.measure(zoo, spec("LOMMA (GMI)"), cell)
    assert row["queries"] == pytest.approx((12 + 7) / 3, abs=0.05) and row["generator_queries"] == 4


def test_attacks_are_given_no_more_than_they_need() -> None:
    model = Quarters()
    assert [access_name(own) for own in ("ppa", "mirror", "mirror_black", "brep")] == [
        *["white box"] * 2,
        "confidences",
        "labels",
    ]
    assert isinstance(give_access("mirror_black", model), ConfidenceAPI)
    access = give_access("brep", model)
    assert isinstance(access, LabelAPI)
    for wanted in ("model", "logits", "confidences", "features"):
        with pytest.raises(AccessError, match="LabelAPI gives no"):
            getattr(access, wanted)
    for attack in set(KINDS) - {"brep", "fredrikson"}:
        with pytest.raises(AccessError):
            tools = Tools(Pixels((3, 16, 16)), critic=Quarters())
            run_attack(attack, access, [0], tools, {}, image_size=(3, 16, 16), seed=0, progress=False)


def test_the_best_start_is_plug_and_plays_own() -> None:
    model, prior = Quarters(), FlatPrior()
    pool = sample_latents(prior, 30, seed=5)
    scores = score_pool(WhiteBox(model), prior, pool, Settings(input_size=(16, 16), pool=30, candidates=1, keep=1))
    wanted = prior.synthesise(pool[scores.argmax(dim=0)])
    access = ConfidenceAPI(model)
    pictures, reached = best_start(access, prior, 4, pool=30, size=(16, 16), seed=5)
    assert access.queries == 60 and reached.all()
    torch.testing.assert_close(pictures.float() / 127.5 - 1, wanted, atol=0.005, rtol=0)
    assert not torch.equal(pictures, random_start(prior, 4, seed=5))


class Silent(Quarters):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return super().forward(images) * torch.nan


class NeverThree(Quarters):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return super().forward(images) - torch.tensor([0.0, 0.0, 0.0, 1e4])


def test_a_label_that_is_never_hit_is_a_failure_in_the_denominator() -> None:
    access, prior = LabelAPI(NeverThree()), FlatPrior()
    settings = {"start_batch": 32, "start_batches": 1, "iterations": 1}
    found = run_attack("brep", access, range(4), Tools(prior), settings, image_size=(3, 16, 16), seed=0, progress=False)
    pictures, reached = handed_in(found)
    assert reached.tolist() == [True, True, True, False]
    assert (pictures[3] == 128).all() and len(pictures[0].unique()) > 1
    perfect = {"rank": np.ones(4), "embedder_rank": np.ones(4), "distance": np.array([0.1, 0.2, 0.3, 0.0])}
    row = attack_zoo.shares(perfect | {"threshold": np.array(0.5)}, reached.numpy())
    assert row["acc1"] == row["verified"] == 0.75
    assert row["hits"]["acc1"] == "1110" and row["reached"] == 3
    assert row["distance"] == pytest.approx(0.2)
    starts, hit = best_start(ConfidenceAPI(Silent()), prior, 4, pool=16, size=(16, 16), seed=0)
    assert not hit.any() and (starts == 128).all()
    starts, hit = best_start(access, prior, 4, pool=16, size=(16, 16), seed=0)
    assert hit.tolist() == [True, True, True, False] and (starts[3] == 128).all()


def test_more_than_a_picture_of_each_person_is_refused() -> None:
    with pytest.raises(ValueError, match="one picture of each person, got keep 2"):
        run_attack("gmi", WhiteBox(Quarters()), [0], Tools(FlatPrior()), {"keep": 2}, image_size=(3, 16, 16), seed=0)
    with pytest.raises(ValueError, match="attack must be ppa or one of gmi, .*, got 'nobody' instead"):
        run_attack("nobody", WhiteBox(Quarters()), [0], Tools(FlatPrior()), {}, image_size=(3, 16, 16), seed=0)


@pytest.mark.parametrize("name", ["attack_zoo", "attack_zoo_orl"])
def test_recipes_name_attacks_and_settings_that_exist(name: str) -> None:
    recipe = read_recipe(name)
    names = [own["name"] for own in recipe["attacks"]]
    assert len(set(names)) == len(names)
    for own in recipe["attacks"]:
        if own["attack"] == "ppa":
            assert "settings" not in own
        else:
            KINDS[own["attack"]].settings(**own["settings"])
    for pairs in recipe.get("undo", {}).values():
        assert {name for pair in pairs for name in pair} <= set(names)
