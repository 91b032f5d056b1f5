"""The full-size experiment at toy size: FaceScrub's layout, random weights, chunks that outlive a kill."""

import json

import numpy as np
import pytest
import torch

from mia_kit.data import DataError
from mia_kit.data.facescrub import TWELVE
from mia_kit.experiments import facescrub_ppa, full_parts
from mia_kit.experiments.full_networks import InBfloat16, build, choose_device
from mia_kit.experiments.full_parts import FullParts, with_room
from mia_kit.experiments.full_priors import build_prior, prior_digest
from mia_kit.experiments.runner import read_recipe
from mia_kit.models import sample_latents
from mia_kit.runs.store import Store

BRIEF = {"epochs": 1, "width": 2}
CPU = torch.device("cpu")


def toy():
    """The rehearsal with next to no training and two factors."""
    recipe = read_recipe("facescrub_rehearsal")
    brief = {kind: recipe[kind] | BRIEF for kind in ("target", "evaluator", "embedder", "student")}
    attack = recipe["attack"] | {"pool": 8, "candidates": 2, "keep": 1, "steps": 2, "selection_views": 1}
    return recipe | brief | {"attack": attack, "chunk": 15, "smoothings": [0.1]}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr("mia_kit.data.folders._platform_cache", lambda: tmp_path / "cache")
    torch.set_num_threads(1)


def run(recipe, store):
    return json.loads(json.dumps(facescrub_ppa.run(recipe, progress=False, store=store)))


@pytest.mark.slow
def test_a_killed_run_loses_one_chunk_and_ends_the_same(tmp_path, monkeypatch):
    """Killed in its second chunk of three it goes on there; asked again, it makes nothing; alone, it finds the same."""
    recipe = toy() | {"smoothings": [-0.05]}
    store, attack, chunks = Store(tmp_path / "runs"), full_parts.attack, []

    def killed(*given, **settings):
        chunks.append(tuple(given[2]))
        if len(chunks) == 2:
            raise KeyboardInterrupt
        return attack(*given, **settings)

    monkeypatch.setattr(full_parts, "attack", killed)
    with pytest.raises(KeyboardInterrupt):
        facescrub_ppa.run(recipe, progress=False, store=store)
    found = run(recipe, store)
    assert [len(own) for own in chunks] == [15, 15, 15, 10]
    assert chunks[1] == chunks[2] and sorted({one for own in chunks for one in own}) == list(range(40))
    monkeypatch.setattr(store, "_make", lambda *_: pytest.fail("made again"))
    assert run(recipe, store) == found
    assert run(recipe, Store(tmp_path / "alone")) == found
    assert found["people"] == 40
    (cell,) = found["cells"]
    assert len(cell["acc1_all"]["by_person"]) == 40 and 0 <= cell["acc5_selected"]["value"] <= 1
    assert cell["nearest_selected"]["value"] > 0 and cell["distance_selected"]["value"] > 0
    lines = facescrub_ppa.table(found).splitlines()
    assert len(lines) == 2 and "knowledge extraction" in lines[0] and lines[1].split()[0] == "-0.05"


@pytest.mark.slow
def test_the_plan_holds_every_part(tmp_path, monkeypatch):
    recipe = toy() | {"chunk": 40, "smoothings": [-0.05, 0.0, 0.1]}
    store, stages = Store(tmp_path / "runs"), facescrub_ppa.plan(recipe)
    assert [len(stage) for stage in stages] == [2 + 3, 1 + 3, 3, 3]
    for task in [task for stage in stages for task in stage]:
        json.dumps(task.arguments)
        task.make(store)
    monkeypatch.setattr(store, "_make", lambda *_: pytest.fail("a part was not in the plan"))
    assert len(run(recipe, store)["cells"]) == 3


@pytest.mark.slow
def test_facescrubs_own_files(tmp_path):
    """Twelve people of FaceScrub, where the archive is in the data folder."""
    try:
        TWELVE.checked()
    except DataError as problem:
        pytest.skip(str(problem))
    recipe = toy() | {"people": {"name": "facescrub12", "size": 32, "least": 100}, "chunk": 5}
    found = run(recipe, Store(tmp_path / "runs"))
    assert found["people"] == 12 and len(found["cells"][0]["acc1_all"]["by_person"]) == 12


def test_networks_begin_from_public_people_where_the_recipe_says_so(tmp_path, monkeypatch):
    """With a learning rate of 0 the target keeps the weights that public people gave it, all but the head's."""
    public = torch.randint(256, (12, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    monkeypatch.setattr(full_parts, "public_people", lambda size: (public, torch.arange(12) % 3))
    recipe = toy()
    recipe["target"] |= {"learning_rate": 0.0, "public": {"learning_rate": 0.01}}
    parts = FullParts(recipe, Store(tmp_path / "runs"), progress=False)
    trunk, untrained = parts.trunk("target"), build(recipe["target"], 40, seed=0).state_dict()
    found = parts.classifier("target", 0, 0.0).model.state_dict()
    weights = [name for name in trunk if name.endswith("weight")]
    assert weights and not any(name.startswith("head.") for name in trunk)
    assert all(torch.equal(found[name], trunk[name]) for name in weights)
    assert not any(torch.equal(trunk[name], untrained[name]) for name in weights if trunk[name].ndim == 4)
    assert parts.trunk("evaluator") is None
    first, *rest = facescrub_ppa.plan(recipe)
    assert [task.arguments["kind"] for task in first] == ["target"] and len(rest) == 4
    assert "training on public people" in facescrub_ppa.bill(recipe).unknown


def test_facenet_judges_where_the_recipe_says_so(tmp_path, monkeypatch):
    class Shades(torch.nn.Module):
        def forward(self, images):
            return images.mean(dim=(2, 3))

    monkeypatch.setitem(full_parts.EMBEDDERS, "facenet", Shades)
    judges = FullParts(toy() | {"embedder": "facenet"}, Store(tmp_path), progress=False).judges(0)
    assert judges.references.shape[1] == 3 and 0 <= judges.genuine <= 1
    assert read_recipe("facescrub_ppa")["embedder"] == "facenet"
    with pytest.raises(ValueError, match="embedder must be one of face_embed128, facenet or a network, got 'dlib'"):
        full_parts.trained_elsewhere("dlib")


def test_judges_look_at_the_pictures_that_were_kept(tmp_path):
    """An evaluator that names everybody right sees hits where the pictures are the people's own photographs."""
    parts = FullParts(toy(), Store(tmp_path / "runs"), progress=False)
    album, people = parts.album(0), [3, 4]
    own = [int((album.labels == person).nonzero()[0]) for person in people]
    parts.store.get(
        "full_attack",
        parts.attack_settings(people, 0, 0.1),
        lambda _: {
            "images": album.take(torch.tensor(own)),
            "targets": torch.tensor(people),
            "selected": torch.ones(2, dtype=torch.bool),
            "cosines": torch.zeros(2),
            "norms": torch.zeros(2),
        },
        version=full_parts.VERSION,
    )
    found = parts.judged(people, seed=0, smoothing=0.1)
    assert found["nearest"].max() < 1e-6  # the target was trained on a person's first photograph
    assert found["rank"].shape == (2,) and found["targets"].tolist() == people


def test_too_little_memory_halves_the_batch():
    tried = []

    def work(batch_size):
        tried.append(batch_size)
        if batch_size > 6:
            raise torch.OutOfMemoryError
        return "done"

    assert with_room(work, 50) == "done" and tried == [50, 25, 12, 6]
    with pytest.raises(torch.OutOfMemoryError):
        with_room(lambda batch_size: work(99), 4)


def test_bfloat16_gives_nearly_the_same_logits_in_float32():
    model = build({"network": "residual", "width": 4}, 5, seed=0).eval()
    images = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        exact, rough = model(images), InBfloat16(model)(images)
    assert rough.dtype == torch.float32 and 0 < (rough - exact).abs().max() < 0.05 * exact.abs().max()


def test_the_prior_is_cut_and_resized():
    spec = read_recipe("facescrub_rehearsal")["prior"]
    prior = build_prior(spec, size=20, device=CPU)
    codes = prior.map(sample_latents(prior, 2, seed=0))
    assert prior.synthesise(codes).shape == (2, *prior.image_size) == (2, 3, 20, 20)
    whole = build_prior({**spec, "crop": 32}, size=32, device=CPU).synthesise(codes)
    middle = build_prior(spec, size=28, device=CPU).synthesise(codes)
    torch.testing.assert_close(whole[:, :, 2:30, 2:30], middle)
    assert prior_digest(spec) == "" and len(prior_digest({"style": 0.7})) == 64


@pytest.mark.parametrize(
    ("change", "problem", "sentence"),
    [
        ({"device": "tpu"}, ValueError, "device must be auto, cpu or cuda, got 'tpu'"),
        ({"prior": {"crop": 3}}, ValueError, r"a prior must be one of file, random, style, got \['crop'\]"),
        ({"prior": {"file": "stylegan2/none.safetensors"}}, DataError, "is missing: .*; make it with"),
        ({"target": {**toy()["target"], "network": "vgg"}}, ValueError, "network must be one of residual, small"),
        ({"target": {**toy()["target"], "precision": "int8"}}, ValueError, "precision must be one of"),
    ],
)
def test_settings_that_do_not_fit(change, problem, sentence, tmp_path):
    with pytest.raises(problem, match=sentence):
        facescrub_ppa.run(toy() | change, progress=False, store=Store(tmp_path / "runs"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there():
    with pytest.raises(ValueError, match="PyTorch finds no GPU here: take --device cpu"):
        choose_device("cuda")
    assert choose_device("auto") == CPU


@pytest.mark.parametrize("name", ["facescrub_ppa", "gpu_evidence", "facescrub_rehearsal"])
def test_the_recipes_agree_on_their_entries(name):
    recipe, rehearsal = read_recipe(name), read_recipe("facescrub_rehearsal")
    assert rehearsal.keys() - recipe.keys() == set() and recipe.keys() - rehearsal.keys() <= {"claims_at"}
    assert recipe["attack"].keys() == rehearsal["attack"].keys()
    assert np.diff([*recipe["target"]["span"]]) > 0
