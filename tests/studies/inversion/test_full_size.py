"""The full-size recipes at a hundredth of their size: the same command, other numbers."""

import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mia_kit import cli
from mia_kit.models import sample_latents
from mia_kit.runs.evidence import read_table
from mia_kit.runs.parts import with_inputs
from mia_kit.runs.run import Maker
from mia_kit.runs.store import Store
from mia_kit.studies.inversion import estimate as estimation
from mia_kit.studies.inversion import people
from mia_kit.studies.inversion.attack import Inversion
from mia_kit.studies.inversion.devices import InBfloat16, with_room
from mia_kit.studies.inversion.estimate import count_images, estimate
from mia_kit.studies.inversion.networks import target
from mia_kit.studies.inversion.people import PeoplePart, Photos, count_photographs, people_of
from mia_kit.studies.inversion.priors import load_prior
from mia_kit.studies.inversion.recipe import Network, Photographs, World
from mia_kit.studies.registry import measure, read_recipe, recipes

# What makes a recipe small: what stands in it, and what instead.
REHEARSAL = {"epochs: 20": "epochs: 2", "width: 8": "width: 4", "pool: 100": "pool: 20", "steps: 10": "steps: 2"}
HUNDREDTH = {
    "people: 500": "people: 12",
    "target: 20, evaluator: 30, judge: 30, test: 10": "target: 6, evaluator: 6, judge: 6, test: 4",
    "epochs: 150": "epochs: 2",
    "[-0.2, 0, 0.1, -0.05]": "[-0.2, 0]",
    "epochs: 15,": "epochs: 2,",
    "width: 32": "width: 8",
    "stem: small": "stem: imagenet",
    "per_class: [20]": "per_class: [6]",
    "steps: 200, pool: 1000, curve: [10, 20, 50, 100]": "steps: 2, pool: 20, curve: [1]",
    "people: 20, steps: 50": "people: 4, steps: 2",
}


def smaller(name: str, numbers: dict[str, str], folder: Path) -> Path:
    """A shipped recipe with other numbers, as a file."""
    text = recipes()[name].read_text()
    for number, other in numbers.items():
        assert number in text, number
        text = text.replace(number, other)
    path = folder / f"{name}_small.yaml"
    path.write_text(text)
    return path


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    monkeypatch.setenv("MIA_KIT_EVIDENCE", str(tmp_path / "evidence"))
    monkeypatch.setattr("mia_kit.data.folders._platform_cache", lambda: tmp_path / "cache")


def test_a_killed_attack_loses_one_piece_and_ends_the_same(tmp_path, monkeypatch):
    named = read_recipe(str(smaller("facescrub_rehearsal", REHEARSAL, tmp_path)))
    attack, attacked = Inversion._attack, []

    def killed(self, *given, **settings):
        attacked.append(self.piece)
        if len(attacked) == 2:
            raise KeyboardInterrupt
        return attack(self, *given, **settings)

    monkeypatch.setattr(Inversion, "_attack", killed)
    with pytest.raises(KeyboardInterrupt):
        measure(named, Store(tmp_path / "store"), progress=False)
    table = measure(named, Store(tmp_path / "store"), progress=False).read_bytes()
    assert attacked == [0, 1, 1, 2, 3]
    assert measure(named, Store(tmp_path / "alone"), progress=False).read_bytes() == table
    rows = read_table("facescrub_rehearsal_small")
    by_person = rows[(rows.attack == "ppa") & rows.unit.notna()]
    # All forty people of ORL, each once: two reconstructions of each are kept, and their mean is theirs.
    assert by_person.groupby("measure", observed=True).unit.agg(["count", "nunique"]).eq(40).all(axis=None)
    assert {"acc1", "extraction"} <= set(by_person.measure)


def test_the_gpu_recipe_at_a_hundredth(tmp_path, random_faces, capsys):
    assert cli.main(["run", str(smaller("gpu_drawn", HUNDREDTH, tmp_path))]) == 0
    rows = read_table("gpu_drawn_small")
    attacks = rows[(rows.attack == "ppa") & (rows.measure == "acc1")].groupby(["strength", "loss"], observed=True)
    assert len(attacks) == 2 * 3 and attacks.unit.nunique().eq(8).all()
    assert cli.main(["estimate", str(tmp_path / "gpu_drawn_small.yaml")]) == 0
    assert "optimisation" in capsys.readouterr().out


@pytest.fixture
def facescrub(tmp_path, monkeypatch):
    """Three people in FaceScrub's layout, with 12, 5 and 2 photographs, each of a shade of its own."""
    root = tmp_path / "data" / "facescrub"
    for person, count in enumerate([12, 5, 2]):
        (root / f"P_{person}").mkdir(parents=True)
        for number in range(count):
            picture = Image.new("RGB", (16, 16), (100 * person + number,) * 3)
            picture.save(root / f"P_{person}" / f"P_{person}_{number}_{number}.png")
    monkeypatch.setenv("MIA_KIT_DATA", str(root.parent))
    return root


def shades(photos: Photos) -> list[list[int]]:
    return [sorted(photos.images[photos.labels == label][:, 0, 0, 0].tolist()) for label in photos.labels.unique()]


def test_people_with_few_photographs_share_them_as_the_others_do(facescrub, maker):
    world = World(name="facescrub", size=16, photographs=Photographs(target=8, evaluator=2, least=4))
    crowd = maker(people_of(world, 1))
    assert [len(own) for own in shades(crowd.target)] == [8, 4] and [len(o) for o in shades(crowd.evaluator)] == [4, 1]
    assert not set(shades(crowd.target)[0]) & set(shades(crowd.evaluator)[0])
    assert count_photographs(world) == (2, {"target": 12, "evaluator": 5, "test": 5})
    shared = World(name="facescrub", size=16, photographs=Photographs(target=8, evaluator=2, least=4, shared=True))
    crowd = maker(people_of(shared, 1))
    assert shades(crowd.evaluator) == shades(crowd.target) and [len(own) for own in shades(crowd.test)] == [4, 1]
    assert people_of(world, 1).key != PeoplePart(world, 1).key
    facescrub.rename(facescrub.with_name("celeba_hd"))
    finer = World(name="celeba_hd", size=16, photographs=Photographs(target=3, evaluator=2))
    assert people_of(finer, 1).key != PeoplePart(finer, 1).key and maker(people_of(finer, 1)).count == 2


def test_photographs_that_fill_the_memory_lie_on_the_disk(facescrub, tmp_path, monkeypatch):
    world = World(name="facescrub", size=16, photographs=Photographs(target=3, evaluator=2))
    first = people_of(world, 1).make(None, None, progress=False)
    monkeypatch.setattr(people, "IN_MEMORY", 100)
    second = people_of(world, 1).make(None, None, progress=False)
    assert first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_a_large_network_is_trained_kept_and_attacked_in_its_precision(facescrub, maker, monkeypatch):
    world = World(name="facescrub", size=32, photographs=Photographs(target=3, evaluator=2))
    network = Network(architecture="resnet18", epochs=2, batch_size=4, precision="bfloat16", device="auto")
    part = target(people_of(world, 1), network, strength=-0.1, per_class=3)
    model, again = maker(part), Maker(maker.store, progress=False)(part)
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        exact = model(images)
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
        assert torch.equal(InBfloat16(model)(images), exact)  # which only imitates bfloat16
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
        rough = InBfloat16(model)(images)
        torch.testing.assert_close(again(images), exact)
    assert rough.dtype == torch.float32 and 0 < (rough - exact).abs().max() < 0.1 * exact.abs().max()


def test_the_prior_is_cut_and_resized():
    prior = load_prior("stylegan2 tiny")
    codes = prior.map(sample_latents(prior, 2, seed=0))
    whole = prior.prior.synthesise(codes)
    assert prior.synthesise(codes).shape == (2, *prior.image_size) == (2, 3, 32, 32)
    assert not torch.equal(prior.synthesise(codes), whole)
    rough = load_prior("stylegan2 tiny", precision="bfloat16").synthesise(codes)
    assert rough.dtype == torch.float32 and 0 < (rough - prior.synthesise(codes)).abs().max() < 0.2


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


@pytest.mark.parametrize(
    "name, people, photographs, steps, pool",
    [("facescrub_ppa", 530, 106_863, 50, 2000), ("celeba_ppa", 1000, 30_000, 70, 5000)],
)
def test_images_are_counted_from_the_cells(name, people, photographs, steps, pool):
    """The whole sets with 200 candidates a person and three factors."""
    named = read_recipe(name)
    assert [part.embedder for part in with_inputs(named.cells()) if part.kind == "References"] == ["facenet"]
    images = count_images(named.recipe)
    assert images["optimisation"] == 3 * people * 200 * steps and images["selection"] == 3 * people * 200 * 100
    assert images["sampling"] == 3 * pool and images["training the student"] == 3 * people * 50 * 75
    shown = images["training the target"] / (photographs * 0.9 * 100)
    assert shown == pytest.approx(2 + 0.5, abs=0.03)  # hard and negative labels share the first half


@pytest.mark.slow
def test_an_estimate_is_near_what_is_measured(tmp_path, monkeypatch):
    """In seconds of the processor, so that a busy computer does not matter; three tries, for it matters a little."""
    monkeypatch.setattr(estimation.time, "perf_counter", time.process_time)
    named, ratios = read_recipe("facescrub_rehearsal"), []
    for attempt in range(3):
        expected = 3600 * estimate(named.recipe).hours
        began = time.process_time()
        measure(named, Store(tmp_path / str(attempt)), progress=False)
        ratios.append((time.process_time() - began) / expected)
        if 1 / 1.5 < ratios[-1] < 1.5:
            return
    pytest.fail(f"measured is {np.round(ratios, 2)} times what was expected")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_what_has_no_estimate(capsys, monkeypatch):
    assert cli.main(["estimate", "facescrub_rehearsal", "--device", "cuda"]) == 2
    assert "PyTorch finds no GPU here" in capsys.readouterr().err
    assert cli.main(["estimate", "toy_order"]) == 2
    assert "only recipes of the study inversion can be estimated, got one of toy" in capsys.readouterr().err
    monkeypatch.delenv("MIA_KIT_EVIDENCE")  # what ships says how long it took
    assert cli.main(["estimate", "embedding_drawn"]) == 2
    assert " minutes of one core a seed, 3 seeds on CPU" in capsys.readouterr().err
