"""Chapter 3's live attack: its numbers fit together, what it says without the DCGAN, and a film of a tiny scene."""

from pathlib import Path

import pytest
import torch
from tiny_people import FlatPrior, shaded_people

from mia_kit.attacks import Settings
from mia_kit.data import DataError
from mia_kit.experiments import face_quick
from mia_kit.experiments.face_attack import appoint
from mia_kit.experiments.face_people import load_people
from mia_kit.experiments.face_quick import ATTACK, EVALUATOR, PHOTOGRAPHS, POOL, SIZE, TARGET, Scene
from mia_kit.experiments.face_targets import fit_evaluator, fit_target
from mia_kit.models import DCGAN, DCGAN_FRAME, Framed


def test_numbers_fit_together() -> None:
    settings = Settings(input_size=(SIZE, SIZE), **(ATTACK | {"film": tuple(ATTACK["film"])}))
    assert settings.film[0] == 0
    assert settings.film[-1] == settings.steps
    assert 1 <= POOL < PHOTOGRAPHS
    assert set(TARGET) == set(EVALUATOR) == {"width", "epochs", "batch_size", "learning_rate"}
    channels, height, width = Framed(DCGAN(width=4), *DCGAN_FRAME).image_size
    assert (channels, height) == (3, width)  # square as the faces of the target


def test_the_forty_have_enough_photographs() -> None:
    try:
        people = load_people("orl", size=16, pool=POOL, least=PHOTOGRAPHS, seed=0)
    except DataError as problem:
        pytest.skip(str(problem))
    assert len(people.class_names) == 40
    assert people.target_training(POOL).sum() == people.evaluator_training().sum() == 200


def test_without_the_dcgan_nothing_is_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIA_KIT_DATA", str(tmp_path))
    monkeypatch.setattr("mia_kit.data.folders._platform_cache", lambda: tmp_path / "cache")
    monkeypatch.setattr(face_quick, "fit_target", lambda *_, **__: pytest.fail("the target was trained in vain"))
    with pytest.raises(DataError, match=r"is missing: .*; run  python data_scripts/fetch_dcgan\.py$"):
        face_quick.set_up(progress=False)


@pytest.fixture
def tiny_scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Four people of two shades, untrained networks, an attack of two steps."""
    numbers = {"pool": 10, "candidates": 3, "steps": 2, "selection_views": 2, "film": [0, 1, 2]}
    monkeypatch.setattr(face_quick, "ATTACK", ATTACK | numbers)
    monkeypatch.setattr(face_quick, "TARGET", {"width": 2, "epochs": 1, "batch_size": 16, "learning_rate": 1e-3})
    monkeypatch.setattr(face_quick, "SIZE", 16)
    people = shaded_people(classes=4, each=10, pool=POOL)
    target = fit_target(people, face_quick.TARGET, per_class=POOL, smoothing=0.0, seed=0, progress=False)
    evaluator = fit_evaluator(people, face_quick.TARGET, seed=1, progress=False)
    judges = appoint(people, evaluator.model, evaluator.model.features)
    return Scene(people, target, evaluator, judges, FlatPrior())


def test_a_film_of_a_tiny_scene(tiny_scene: Scene) -> None:
    film = face_quick.attack_people(tiny_scene, [0, 2], seed=0, progress=False)
    assert film.steps == (0, 1, 2)
    assert len(film.frames) == len(film.measures) == 3
    for frame, measured in zip(film.frames, film.measures, strict=True):
        assert frame.images.shape == (6, 3, 16, 16)
        assert measured.targets.tolist() == [0, 0, 0, 2, 2, 2]
        assert measured.selected.sum() == 2
        assert measured.rank.min() >= 1
        assert measured.rank.max() <= 4
    assert not torch.equal(film.frames[0].images, film.frames[-1].images)


def test_a_retrained_scene_has_another_target_and_the_same_judges(tiny_scene: Scene) -> None:
    other = face_quick.retrained(tiny_scene, 0.2, per_class=2, epochs=1, progress=False)
    assert other.judges is tiny_scene.judges and other.people is tiny_scene.people
    before, after = (scene.target.model.state_dict()["head.weight"] for scene in (tiny_scene, other))
    assert not torch.equal(before, after)
