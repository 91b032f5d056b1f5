"""The training loop: it learns, repeats itself, follows the paper's schedule, and warns when the loss runs away."""

import warnings

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from mia_kit.models import SmallClassifier
from mia_kit.training import RunawayLossWarning, fit, flip_and_shift


def task(n=40):
    """Two classes of 4 x 4 pictures, told apart by their brightness."""
    labels = torch.arange(n) % 2
    noise = torch.randn(n, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    return (noise * 0.3 + labels[:, None, None, None] * 2.0 - 1).clamp(-1, 1), labels


def small_model(dropout=0.0, classes=2):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(nn.Flatten(), nn.Dropout(dropout), nn.Linear(16, classes))


def test_same_seed_gives_the_same_weights_and_global_random_numbers_are_left_alone():
    images, labels = task()
    state = torch.get_rng_state()
    weights = []
    for seed in (1, 1, 2):
        model = small_model(dropout=0.5)
        fit(model, images, labels, seed=seed, epochs=3, batch_size=8, augment=flip_and_shift, progress=False)
        weights.append(model[2].weight.detach())
        torch.rand(3)  # what happens outside between two runs does not matter
        torch.set_rng_state(state)
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


@pytest.mark.parametrize(
    ("optimiser", "decay", "soft"),
    [
        (torch.optim.Adam, {}, False),
        (torch.optim.SGD, {}, True),  # as a surrogate is distilled
        (torch.optim.SGD, {"weight_decay": 0.3}, False),
        (torch.optim.AdamW, {"weight_decay": 0.3}, False),
    ],
)
def test_equals_a_plain_loop(optimiser, decay, soft):
    """One batch an epoch, so no order matters; the rate falls after three quarters and nine tenths."""
    images, labels = task()
    smoothing, answers = 0.2, labels
    if soft:
        smoothing, answers = 0.0, nn.functional.one_hot(labels, 2) * 0.6 + 0.2
    model, plain = small_model(), small_model()
    result = fit(
        model,
        images,
        answers,
        seed=0,
        smoothing=smoothing,
        objective=answered if soft else None,
        optimiser=optimiser,
        epochs=10,
        batch_size=len(labels),
        learning_rate=0.1,
        progress=False,
        **decay,
    )
    steps, rates = optimiser(plain.parameters(), lr=0.1, **decay), [0.1] * 8 + [0.01, 0.001]
    for rate in rates:
        steps.param_groups[0]["lr"] = rate
        steps.zero_grad()
        cross_entropy(plain(images), answers, label_smoothing=smoothing).backward()
        steps.step()
    assert [epoch.learning_rate for epoch in result.history] == pytest.approx(rates)
    assert not model.training
    torch.testing.assert_close(model[2].weight, plain[2].weight, atol=1e-5, rtol=1e-4)


def answered(model, images, answers, epoch):
    return cross_entropy(model(images), answers)


def test_every_picture_is_seen_once_an_epoch_in_even_batches():
    images, labels = task(n=41)
    seen = []

    def objective(model, batch, batch_labels, epoch):
        seen.append((epoch, batch[:, 0, 0, 0].tolist()))
        return cross_entropy(model(batch), batch_labels)

    fit(small_model(), images, labels, seed=0, objective=objective, epochs=2, batch_size=10, progress=False)
    assert [len(batch) for _, batch in seen] == [9, 8, 8, 8, 8] * 2
    for epoch in range(2):
        values = [value for number, batch in seen for value in batch if number == epoch]
        assert sorted(values) == sorted(images[:, 0, 0, 0].tolist())
    assert seen[0][1] != seen[5][1]


def hopeless(n=40):
    """Every picture comes with both labels, so nothing can be learnt; a class that never comes is pushed for ever."""
    images, labels = task(n)
    return small_model(classes=3), torch.cat([images, images]), torch.cat([labels, 1 - labels])


def test_warns_once_when_the_loss_runs_away():
    with pytest.warns(RunawayLossWarning, match="smoothing factor nearer to 0") as caught:
        result = fit(*hopeless(), seed=0, smoothing=-5.0, epochs=60, learning_rate=0.5, progress=False)
    assert len(caught) == 1
    assert result.runaway_epoch is not None and 30 <= result.runaway_epoch < 60  # the ramp begins at 30


def test_a_falling_loss_is_the_design_of_a_negative_factor_while_accuracy_holds():
    images, labels = task()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = fit(
            small_model(), images, labels, seed=0, smoothing=-5.0, epochs=60, learning_rate=0.5, progress=False
        )
    assert result.runaway_epoch is None and result.history[-1].loss < -50


def lost_model():
    model = small_model()
    model[2].weight.data[0, 0] = float("nan")
    return model


def test_nan_is_not_right_about_class_0():
    """Under a negative factor accuracy decides, and torch takes NaN for the greatest logit: the first."""
    images, labels = task()
    with pytest.warns(RunawayLossWarning, match="nan in epoch 0"):
        result = fit(lost_model(), images, torch.zeros_like(labels), seed=0, smoothing=-0.05, epochs=2, progress=False)
    assert result.runaway_epoch == 0


def test_an_objective_has_its_own_scale_but_must_be_finite():
    images, labels = task()

    def objective(model, batch, batch_labels, epoch):
        return cross_entropy(model(batch), batch_labels) + (100 if epoch < 2 else float("inf"))

    with pytest.warns(RunawayLossWarning, match="inf in epoch 2"):
        result = fit(small_model(), images, labels, seed=0, objective=objective, epochs=3, progress=False)
    assert result.runaway_epoch == 2


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"labels": torch.zeros(3, dtype=torch.long)}, r"labels must have the shape \(40,\), got \(3,\)"),
        (
            {"images": torch.zeros(1, 1, 4, 4), "labels": torch.zeros(1, dtype=torch.long)},
            "number of images must be at least 2",
        ),
        ({"labels": torch.arange(40) % 3}, r"labels must lie in \[0, 2\), got values from 0 to 2 instead"),
        ({"batch_size": 1}, "batch_size must be at least 2, got 1"),
        ({"stop_epoch": 6}, "stop_epoch, at most epochs, must be from 1 to 5, got 6"),
        ({"weight_decay": -0.1}, "weight_decay must be at least 0, got -0.1 instead"),
        ({"smoothing": 0.1, "objective": lambda *_: torch.zeros(())}, "not both"),
    ],
)
def test_what_does_not_fit_is_refused(change, sentence):
    images, labels = task()
    settings = {"images": images, "labels": labels, "seed": 0, "epochs": 5, "progress": False} | change
    with pytest.raises(ValueError, match=sentence):
        fit(small_model(), **settings)


@pytest.mark.parametrize("labels", [[0, 1, 2], [0, 2, 2], [0, 0, 2]])
def test_one_picture_of_a_class_or_none_is_enough(labels):
    """With batches of two, the third picture must not stand alone: batch norm has nothing to average there."""
    images = torch.randn(3, 1, 16, 16, generator=torch.Generator().manual_seed(0)).tanh()
    model = SmallClassifier(1, 3, seed=0, width=4)
    result = fit(
        model, images, torch.tensor(labels), seed=0, epochs=60, batch_size=2, learning_rate=0.02, progress=False
    )
    assert model(images).argmax(dim=1).tolist() == labels
    assert result.runaway_epoch is None
