"""Curves for TensorBoard: the epochs of a run under its part's name, a killed run without doubles, nothing unasked."""

import sys
from pathlib import Path

import pytest

from mia_kit.training import fit, journal
from tests.training.test_fit import small_model, task


def train(checkpoint: Path | None) -> list[float]:
    result = fit(small_model(), *task(8), seed=0, epochs=3, checkpoint=checkpoint, progress=False)
    return [epoch.loss for epoch in result.history]


def curve(folder: Path, name: str) -> list[tuple[int, float]]:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = accumulator.EventAccumulator(str(folder))
    events.Reload()
    return [(point.step, point.value) for point in events.Scalars(name)]


def test_the_losses_of_a_run_stand_under_the_name_of_its_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(journal.FOLDER, str(tmp_path / "board"))
    work = tmp_path / "runs" / "face_target" / "0123456789abcdef.work"
    work.mkdir(parents=True)
    losses = train(work / "checkpoint.pt")
    found = curve(tmp_path / "board" / "face_target-01234567", "loss")
    assert [step for step, _ in found] == [0, 1, 2]
    assert [value for _, value in found] == pytest.approx(losses, rel=1e-6)


def test_a_run_that_goes_on_writes_no_epoch_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(journal.FOLDER, str(tmp_path))
    for first, last in ((0, 3), (2, 4)):  # the second process begins again at step 2
        with journal.journal(None, first=first) as note:
            for step in range(first, last):
                note(step, loss=10 * first + step)
    assert curve(tmp_path / "without-checkpoint", "loss") == [(0, 0), (1, 1), (2, 22), (3, 23)]


def test_nothing_is_imported_unless_a_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(journal.FOLDER, raising=False)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    assert len(train(None)) == 3
    monkeypatch.setenv(journal.FOLDER, str(tmp_path))
    with pytest.raises(ImportError, match=r'TensorBoard is absent: python -m pip install "tensorboard>=2.18"'):
        train(None)
