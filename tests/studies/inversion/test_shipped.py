"""The classifiers that come with the course: they are what their card says, and the visible attack is the package's."""

import hashlib

import numpy as np
import pytest
import torch

from data_scripts import ship_drawn
from mia_kit.access import WhiteBox
from mia_kit.attacks import Settings, run
from mia_kit.attacks.losses import LOSSES, poincare
from mia_kit.data.folders import DataError
from mia_kit.models import load_dcgan
from mia_kit.models.batches import in_batches
from mia_kit.runs.recipe import typed
from mia_kit.studies.inversion import shipped
from mia_kit.studies.inversion.recipe import Recipe

NETWORK = {"width": 4, "epochs": 2, "batch_size": 16}
PHOTOGRAPHS = {"target": 4, "evaluator": 4, "judge": 4, "test": 2}
TINY = {
    "study": "inversion",
    "world": {"name": "drawn", "people": 14, "size": 32, "photographs": PHOTOGRAPHS},
    "seeds": [1],
    "target": NETWORK,
    "evaluator": NETWORK | {"architecture": "small"},
    "judge": NETWORK | {"architecture": "convolutional"},
    "targets": [{"strengths": [-0.2, 0], "per_class": [4]}],
    "attacks": [{"losses": list(ship_drawn.LOSSES), "rates": [0.01]}],
    "search": {"prior": "dcgan", "steps": 2, "pool": 20, "people": 14, "tuning": {"people": 2, "steps": 1}},
}


@pytest.fixture
def parts(monkeypatch, tmp_path):
    """A recipe of seconds in the place of the course's, and what `ship_drawn` makes of it."""
    recipe = typed(TINY, Recipe, where="tiny")
    monkeypatch.setattr(shipped, "recipe", lambda: recipe)
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    return ship_drawn.Parts.of(recipe, shipped.SEED)


def test_what_is_written_comes_back_in_half_precision(parts, maker, tmp_path):
    ship_drawn.write_classifiers(parts, maker, tmp_path)
    ship_drawn.write_faces(parts, maker, tmp_path, tmp_path / "film.webp")
    images = maker(parts.people).test.floats
    for factor, part in parts.targets.items():
        torch.testing.assert_close(shipped.shipped_target(factor)(images), maker(part)(images), rtol=0.02, atol=0.02)
    assert "target_-0.20.safetensors" in (tmp_path / "card.md").read_text()
    assert (tmp_path / "faces_lab.webp").stat().st_size > 0


def test_photographs_are_those_that_everybody_was_given(parts, maker):
    for role in ("target", "evaluator", "test"):
        photos = getattr(maker(parts.people), role)
        again = shipped.photographs([3, 1], 2, role)
        rows = [int(row) for person in (3, 1) for row in torch.nonzero(photos.labels == person)[:2]]
        assert float((again - photos.floats[rows]).abs().max()) <= 1.01 / 127.5  # a shade, from another batch


def test_each_target_is_as_accurate_as_its_card_says():
    card = (shipped.FOLDER / "card.md").read_text()
    images, labels = shipped.photographs(range(60), 3, "test"), torch.arange(60).repeat_interleave(3)
    assert len(shipped.FACTORS) == 7
    for factor in shipped.FACTORS:
        line = next(line for line in card.splitlines() if shipped.target_file(factor) in line)
        said = float(line.split("|")[2])
        content = (shipped.FOLDER / f"{shipped.target_file(factor)}.safetensors").read_bytes()
        assert hashlib.sha256(content).hexdigest().startswith(line.split("|")[-2].strip())
        right = float((in_batches(shipped.shipped_target(factor), images).argmax(dim=1) == labels).float().mean())
        assert right == pytest.approx(said, abs=0.08), f"{factor}: {right} on 180 of 2,000 photographs"


def test_the_walk_is_the_packages_attack():
    target, people = shipped.shipped_target(-0.05), [5, 7, 2]
    *_, (codes, norms) = shipped.walk(target, people, poincare, steps=4, pool=30)
    numbers = {"pool": 30, "candidates": 1, "keep": 1, "steps": 4, "learning_rate": 0.03, "selection_views": 1}
    settings = Settings(input_size=(32, 32), **numbers)
    result = run(WhiteBox(target), people, prior=load_dcgan(), seed=1, settings=settings, loss=poincare, progress=False)
    torch.testing.assert_close(codes, result.codes, rtol=0, atol=1e-6)
    torch.testing.assert_close(norms, result.trace.gradient_norms[-1], rtol=1e-4, atol=0)


def test_the_shield_is_a_vanished_gradient_of_one_loss():
    """Once the target at -0.2 is sure, cross-entropy has nothing to follow; the Poincare loss has."""
    norms = {}
    for factor in (0.0, -0.2):
        for loss in ("cross_entropy", "poincare"):
            *_, (_, last) = shipped.walk(shipped.shipped_target(factor), range(6), LOSSES[loss], steps=15, rate=0.03)
            norms[factor, loss] = last.median().item()
    assert norms[-0.2, "cross_entropy"] < 1e-3 * norms[0.0, "cross_entropy"]
    assert norms[-0.2, "poincare"] > 0.1 * norms[0.0, "poincare"]


def test_live_frames_are_faces_with_ranks():
    frames = list(shipped.live_frames(0.0, "logit", [0, 1], steps=2, every=2))
    assert [frame[:2] for frame in frames] == [(0, 2), (2, 2)]
    assert frames[0][2].shape == (2, 64, 64, 3) and frames[0][2].dtype == np.uint8
    assert frames[1][3].shape == (2,) and frames[1][3].min() >= 1


def test_what_does_not_fit_is_told(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match=r"factor must be one of -0.2, .* got 0.3 instead"):
        shipped.shipped_target(0.3)
    with pytest.raises(ValueError, match="role must be"):
        shipped.photographs([0], 1, "friends")
    with pytest.raises(ValueError, match="in \\[0, 199\\]|at most 199|199"):
        shipped.photographs([200], 1)
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    with pytest.raises(DataError, match="damaged"):
        shipped.shipped_target(0.0)


def test_the_order_under_cross_entropy_comes_out_live():
    hits = {factor: hits for factor, hits, _ in shipped.live_order(20, steps=20)}
    assert list(hits) == [0.1, 0.0, -0.2] and min(hits[0.1], hits[0.0]) > hits[-0.2]
