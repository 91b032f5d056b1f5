"""The widget's Python side: state line, result, and training in a thread. No browser here."""

import importlib
import sys

import numpy as np
import pytest

from mia_kit import toy
from mia_kit.widgets.smoothing_lab import SmoothingLab

LINE = "smoothing=+0.05 seed=3 start=(0.0,0.0) target=1 stop=0.90"


@pytest.fixture
def lab():
    return SmoothingLab()


def test_state_is_written_in_one_way_and_checked(lab):
    assert lab.state == "smoothing=+0.00 seed=42 start=(-3.0,-10.0) target=2 stop=0.95"
    assert (lab.guess, lab.result) == ("", {})
    lab.state = " seed=3  smoothing=0.05 start=(0,0) target=1 stop=.9"
    assert lab.state == LINE == SmoothingLab(LINE).state
    with pytest.raises(ValueError, match=r"smoothing=\+0.06 is not in the table"):
        lab.state = LINE.replace("0.05", "0.06")
    assert lab.state == LINE
    with pytest.raises(ValueError, match="seed must be one of"):
        SmoothingLab(LINE.replace("seed=3", "seed=300"))


def train(lab, monkeypatch):
    """Press the button as the browser does; the messages that Python sends back."""
    sent = []
    monkeypatch.setattr(lab, "send", lambda content, buffers=(): sent.append((content, list(buffers))))
    lab._handle_custom_msg({"type": "train", "smoothing": 0.1}, [])
    lab.thread.join(timeout=60)
    return sent


def test_training_reports_progress_and_sends_the_model(lab, monkeypatch):
    asked = []

    def short_training(smoothing, seed, *, steps, on_step):
        asked.append((smoothing, seed, steps))
        return real_train(smoothing, seed, steps=100, on_step=on_step)

    real_train = toy.train
    monkeypatch.setattr(toy, "train", short_training)
    *progress, (answer, buffers) = train(lab, monkeypatch)
    fresh = max(lab.seeds) + 1
    assert asked == [(0.1, fresh, 5000)]
    assert [content["done"] for content, _ in progress] == [50, 100]
    assert answer == {"type": "trained", "smoothing": 0.1, "seed": fresh}
    numbers = np.frombuffer(buffers[0], "<f4")
    expected = real_train(0.1, fresh, steps=100).head.weight.detach().numpy().ravel()
    assert numbers.shape == (540,) and np.allclose(numbers[480:], expected, atol=1e-6)


def test_a_failed_training_is_told_and_the_next_one_runs(lab, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(toy, "train", broken)
    for _ in range(2):
        sent = train(lab, monkeypatch)
        assert sent == [({"type": "failed", "sentence": "Training did not finish: out of memory"}, [])]


def test_missing_anywidget_gives_the_install_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    for name in ("live", "smoothing_lab"):
        monkeypatch.delitem(sys.modules, f"mia_kit.widgets.{name}")
    with pytest.raises(ImportError, match=r'pip install "mia-kit\[lab\]"'):
        importlib.import_module("mia_kit.widgets.smoothing_lab")
