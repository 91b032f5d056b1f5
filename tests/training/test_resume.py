"""Training that is stopped and started again ends as training that was left alone, to the last bit."""

import warnings
from dataclasses import dataclass

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from mia_kit.training import CheckpointError, RunawayLossWarning, fit, flip_and_shift
from mia_kit.training.checkpoints import save_checkpoint
from tests.killing import alone_and_killed
from tests.training.test_fit import hopeless, task

SETTINGS = {"seed": 3, "smoothing": -0.1, "epochs": 40, "batch_size": 8, "learning_rate": 0.01, "progress": False}


def model(seed=0, dropout=0.3):
    """Batch norm, which keeps figures of its own, and dropout, which draws at random."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Dropout(dropout), nn.Linear(16, 2)
        )


def same(first, second):
    ours, theirs = first.state_dict(), second.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


class StoppedError(Exception):
    pass


def stops_after(epochs):
    """The augmentation `flip_and_shift` under its own name, which gives up in the middle of an epoch."""
    calls = []

    def augment(images, generator):
        calls.append(1)
        if len(calls) > 5 * epochs + 2:  # 40 pictures in batches of 8
            raise StoppedError
        return flip_and_shift(images, generator)

    augment.__module__, augment.__qualname__ = flip_and_shift.__module__, flip_and_shift.__qualname__
    return augment


@pytest.fixture(scope="module")
def alone():
    """A run that nothing disturbs: the model and the result."""
    left_alone = model()
    return left_alone, fit(left_alone, *task(), augment=flip_and_shift, **SETTINGS)


@pytest.mark.parametrize("epochs", [0, 1, 17, 30, 36, 39])
def test_a_stopped_run_goes_on_to_the_same_end(epochs, alone, tmp_path):
    checkpoint = tmp_path / "fit.pt"
    with pytest.raises(StoppedError):
        fit(model(), *task(), augment=stops_after(epochs), checkpoint=checkpoint, **SETTINGS)
    assert checkpoint.exists() == (epochs > 0)
    torch.rand(5)  # what happens outside between the two does not matter
    resumed = model()
    result = fit(resumed, *task(), augment=flip_and_shift, checkpoint=checkpoint, **SETTINGS)
    assert same(resumed, alone[0]) and not resumed.training
    assert result.history == alone[1].history and result.runaway_epoch is None


def test_a_finished_run_is_not_trained_again(alone, tmp_path):
    first, second = model(), model()
    settings = {"augment": flip_and_shift, "checkpoint": tmp_path / "fit.pt", **SETTINGS}
    result = fit(first, *task(), **settings)
    settings["augment"] = stops_after(0)
    again = fit(second, *task(), **settings)
    assert same(first, second) and same(first, alone[0]) and not second.training
    assert again.history == result.history == alone[1].history
    assert again.seconds == pytest.approx(result.seconds, abs=0.2)


def test_a_runaway_before_the_stop_is_kept_and_told_again(tmp_path):
    settings = SETTINGS | {"smoothing": -5.0, "learning_rate": 0.5}
    with pytest.warns(RunawayLossWarning):
        expected = fit(*hopeless(20), augment=flip_and_shift, **settings)
    with pytest.warns(RunawayLossWarning), pytest.raises(StoppedError):
        fit(*hopeless(20), augment=stops_after(38), checkpoint=tmp_path / "fit.pt", **settings)
    with pytest.warns(RunawayLossWarning, match=f"in epoch {expected.runaway_epoch}") as caught:
        result = fit(*hopeless(20), augment=flip_and_shift, checkpoint=tmp_path / "fit.pt", **settings)
    assert len(caught) == 1 and caught[0].filename == __file__
    assert result.runaway_epoch == expected.runaway_epoch < 38 and result.history == expected.history


def other_objective(network, images, labels, epoch):
    return cross_entropy(network(images), labels)


def frozen():
    part = model()
    part[0].weight.requires_grad_(False)
    return part


IMAGES, LABELS = task()
OTHERS = {
    "seed": {"seed": 4},
    "smoothing": {"smoothing": -0.2},
    "epochs": {"epochs": 41},
    "batch size": {"batch_size": 9},
    "learning rate": {"learning_rate": 0.02},
    "augmentation": {"augment": None},
    "optimiser": {"optimiser": torch.optim.SGD},
    "weight decay": {"weight_decay": 0.01},
    "early stopping": {"stop_epoch": 39},
    "objective": {"smoothing": 0.0, "objective": other_objective},
    "one pixel": {"images": IMAGES + (torch.arange(640) == 77).reshape(IMAGES.shape) * 1e-3},
    "shape": {"images": IMAGES.reshape(40, 1, 2, 8)},
    "one label": {"labels": LABELS.clone().index_fill(0, torch.tensor([5]), 0)},
    "initial weights": {"model": model(seed=1)},
    "a layer": {"model": model(dropout=0.4)},
    "a frozen layer": {"model": frozen()},
}


@pytest.mark.parametrize("what", OTHERS)
def test_other_settings_are_refused(what, tmp_path):
    settings = {"model": model(), "images": IMAGES, "labels": LABELS, "augment": flip_and_shift, **SETTINGS}
    checkpoint = tmp_path / "fit.pt"
    with pytest.raises(StoppedError):
        fit(**settings | {"augment": stops_after(1)}, checkpoint=checkpoint)
    before = checkpoint.read_bytes()
    with pytest.raises(CheckpointError, match="belongs to a run with other settings"):
        fit(**settings | OTHERS[what], checkpoint=checkpoint)
    assert checkpoint.read_bytes() == before


@dataclass(frozen=True)
class Scaled:
    """An objective with a setting of its own."""

    factor: float

    def __call__(self, network, images, labels, epoch):
        return self.factor * cross_entropy(network(images), labels)


def test_the_fields_of_an_objective_are_settings(tmp_path):
    settings = SETTINGS | {"smoothing": 0.0, "epochs": 2}
    fit(model(), IMAGES, LABELS, objective=Scaled(1.0), checkpoint=tmp_path / "fit.pt", **settings)
    fit(model(), IMAGES, LABELS, objective=Scaled(1.0), checkpoint=tmp_path / "fit.pt", **settings)
    with pytest.raises(CheckpointError, match="belongs to a run with other settings"):
        fit(model(), IMAGES, LABELS, objective=Scaled(2.0), checkpoint=tmp_path / "fit.pt", **settings)


def test_a_state_is_what_it_was_however_often_training_goes_on_from_it():
    """Optimisers take over the Tensors they are given: a second branch would count its steps from the first's end."""
    trained = model()
    half = fit(trained, *task(), **SETTINGS | {"epochs": 4, "stop_epoch": 2}).state
    branches = []
    for _ in range(2):
        branches.append(model())
        fit(branches[-1], *task(), start=half, **SETTINGS | {"epochs": 4})
    fit(trained, *task(), **SETTINGS | {"epochs": 1})
    last, whole = model(), model()
    fit(last, *task(), start=half, **SETTINGS | {"epochs": 4})
    fit(whole, *task(), **SETTINGS | {"epochs": 4})
    for branch in (*branches, last):
        assert all(torch.equal(one, other) for one, other in zip(branch.parameters(), whole.parameters(), strict=True))


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"epochs": 5}, "drops of the rate"),
        ({"learning_rate": 0.02}, "learning_rate"),
        ({"weight_decay": 0.1}, "weight_decay"),
        ({"optimiser": torch.optim.SGD}, "settings of the optimiser"),
    ],
)
def test_a_start_with_another_schedule_or_optimiser_is_refused(changes, name):
    half = fit(model(), *task(), **SETTINGS | {"epochs": 4, "stop_epoch": 1}).state
    with pytest.raises(ValueError, match=f"start must have the {name} of this call"):
        fit(model(), *task(), start=half, **SETTINGS | {"epochs": 4} | changes)


def test_a_checkpoint_is_of_one_start(tmp_path):
    one, other = (fit(model(), *task(), **SETTINGS | {"seed": seed, "stop_epoch": 1}).state for seed in (3, 4))
    settings = SETTINGS | {"stop_epoch": 2, "checkpoint": tmp_path / "fit.pt"}
    for _ in range(2):
        fit(model(), *task(), start=one, **settings)
    with pytest.raises(CheckpointError, match="belongs to a run with other settings"):
        fit(model(), *task(), start=other, **settings)


@pytest.mark.parametrize("state", [{}, {"model": {}}, [1, 2], {"model": {}, "optimiser": 3}])
def test_a_checkpoint_that_makes_no_sense_is_refused(state, tmp_path):
    checkpoint = tmp_path / "fit.pt"
    fit(model(), *task(), checkpoint=checkpoint, **SETTINGS | {"epochs": 1})
    run = torch.load(checkpoint, weights_only=True)["run"]
    save_checkpoint(checkpoint, state, run=run)
    with pytest.raises(CheckpointError, match="cannot be read: delete it"):
        fit(model(), *task(), checkpoint=checkpoint, **SETTINGS | {"epochs": 1})


def train_to_file(folder):
    """What the killed process does: train with a checkpoint, then leave the weights and the history."""
    torch.set_num_threads(1)
    trained = model()
    result = fit(trained, *task(), augment=flip_and_shift, checkpoint=folder / "fit.pt", **LONG)
    save_checkpoint(folder / "end.pt", {"model": trained.state_dict(), "history": repr(result.history)}, run="end")


LONG = SETTINGS | {"epochs": 80}


@pytest.mark.slow
def test_a_run_killed_ten_times_ends_the_same(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        alone, killed = alone_and_killed(train_to_file, tmp_path, seed=0)
    assert killed["history"] == alone["history"]
    assert all(torch.equal(killed["model"][name], alone["model"][name]) for name in alone["model"])
    assert sorted(entry.name for entry in (tmp_path / "killed").iterdir()) == ["end.pt", "fit.pt"]
