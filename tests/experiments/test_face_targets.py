"""Targets and evaluators on people of a few pixels: what they are trained on, and what they are judged by."""

import pytest
import torch
from tiny_people import shaded_people

from mia_kit.experiments import face_targets
from mia_kit.experiments.face_targets import KINDS, fit_evaluator, fit_target, pretrain
from mia_kit.metrics import calibration_error
from mia_kit.models import ResidualClassifier, SmallClassifier
from mia_kit.training import flip_and_shift, flip_shift_and_colour

SETTINGS = {"width": 4, "epochs": 25, "batch_size": 6, "learning_rate": 3e-3}
# Steps too small to see: the model stays as it began.
STILL = SETTINGS | {"epochs": 1, "learning_rate": 1e-12}


@pytest.fixture(scope="module")
def target():
    return fit_target(shaded_people(lie=True), SETTINGS, per_class=2, smoothing=0.0, seed=0, progress=False)


def test_accuracy_is_of_photographs_not_trained_on(target) -> None:
    """All photographs of the evaluator show the wrong person; one of three in each pool is right and not trained on."""
    assert target.training_accuracy == 1.0
    assert target.accuracy == pytest.approx(1 / 4)


def test_the_evaluator_learns_from_the_others() -> None:
    found = fit_evaluator(shaded_people(lie=True), SETTINGS, seed=0, progress=False)
    assert found.training_accuracy == 1.0
    assert found.accuracy == 0.0


def test_calibration_and_confidence_are_of_the_same_photographs(target) -> None:
    people = shaded_people(lie=True)
    chosen = people.order >= 2
    with torch.no_grad():
        confidences = target.model(people.floats(chosen)).softmax(dim=1).numpy()
    assert target.confidence == pytest.approx(confidences.max(axis=1).mean(), abs=1e-5)
    expected = calibration_error(confidences, people.labels[chosen].numpy()).value
    assert target.calibration_error == pytest.approx(expected, abs=1e-5)


def test_target_and_evaluator_share_no_architecture(target) -> None:
    assert {"target": ResidualClassifier, "evaluator": SmallClassifier} == KINDS
    assert type(target.model) is ResidualClassifier
    assert not target.model.training
    evaluator = fit_evaluator(shaded_people(), STILL, seed=0, progress=False)
    assert type(evaluator.model) is SmallClassifier


def test_the_seed_and_the_smoothing_factor_matter() -> None:
    def weights(seed: int, smoothing: float) -> torch.Tensor:
        settings = SETTINGS | {"epochs": 2}
        found = fit_target(shaded_people(), settings, per_class=3, smoothing=smoothing, seed=seed, progress=False)
        return found.model.head.weight.detach()

    first = weights(0, 0.0)
    assert torch.equal(first, weights(0, 0.0))
    assert not torch.equal(first, weights(1, 0.0))
    assert not torch.equal(first, weights(0, 0.2))


def test_more_photographs_than_the_pool() -> None:
    with pytest.raises(ValueError, match=r"per_class must lie in \[1, 3\], got 4 instead"):
        fit_target(shaded_people(), STILL, per_class=4, smoothing=0.0, seed=0, progress=False)


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five public people in colour."""
    images = torch.randint(0, 256, (20, 3, 16, 16), generator=torch.Generator().manual_seed(0)).byte()
    monkeypatch.setattr(face_targets, "public_people", lambda size: (images, torch.arange(20) % 5))


@pytest.mark.usefixtures("public")
@pytest.mark.parametrize("kind", KINDS)
def test_a_pretrained_trunk_is_where_training_begins(kind: str) -> None:
    trunk = pretrain(kind, SETTINGS | {"seed": 3, "epochs": 2}, size=16, progress=False)
    fresh = KINDS[kind](3, 5, seed=3, width=4).state_dict()
    assert set(trunk) == {name for name in fresh if not name.startswith("head.")}
    convolutions = [name for name, weight in trunk.items() if weight.ndim == 4]
    assert all(not torch.equal(trunk[name], fresh[name]) for name in convolutions)  # it was trained
    people = shaded_people()
    people = type(people)(people.images.expand(-1, 3, -1, -1), people.labels, people.order, 3, people.class_names)
    if kind == "target":
        found = fit_target(people, STILL, per_class=3, smoothing=0.0, seed=0, trunk=trunk, progress=False)
    else:
        found = fit_evaluator(people, STILL, seed=0, trunk=trunk, progress=False)
    state = found.model.state_dict()
    assert all(torch.allclose(state[name], trunk[name], atol=1e-6) for name in convolutions)
    assert state["head.weight"].shape[0] == 3


@pytest.mark.usefixtures("public")
def test_a_trunk_of_colour_for_grey_people() -> None:
    trunk = pretrain("target", STILL | {"seed": 3}, size=16, progress=False)
    with pytest.raises(ValueError, match=r"expected body\.0\.weight of shape \(4, 1, 3, 3\), got \(4, 3, 3, 3\)"):
        fit_target(shaded_people(), STILL, per_class=3, smoothing=0.0, seed=0, trunk=trunk, progress=False)


@pytest.mark.usefixtures("public")
def test_colours_change_in_training_where_there_are_some(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = []
    monkeypatch.setattr(face_targets, "fit", lambda *_, augment, **__: chosen.append(augment))
    pretrain("target", STILL | {"seed": 3}, size=16, progress=False)
    fit_evaluator(shaded_people(), STILL, seed=0, progress=False)
    assert chosen == [flip_shift_and_colour, flip_and_shift]
