"""The script that a GPU machine runs first: at toy size, so that it does not fail there."""

import json
from pathlib import Path

import benchmark_attack
import benchmark_course
import pytest
import torch


@pytest.fixture(autouse=True)
def uncompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiler may not be here."""
    monkeypatch.setattr(torch, "compile", lambda function: function)


def test_both_loops_take_the_same_way(tmp_path: Path) -> None:
    benchmark_attack.main(["--tiny", "--count", "30", "--steps", "4", "--out", str(tmp_path / "found.json")])
    found = json.loads((tmp_path / "found.json").read_text())
    assert list(found["loops"]) == ["plain", "ours", "ours, compiled"] and found["device"]
    for result in found["loops"].values():
        assert result["images_per_second"] > 0 and len(result["losses"]) == 4
        assert result["greatest_relative_difference_of_losses"] < 0.02
    assert found["loops"]["plain"]["ratio"] == 1


def test_another_crop_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """In float32, with the same crops, the losses agree to five digits; other crops give other losses."""
    found = benchmark_attack.measure(benchmark_attack.TINY, count=30, steps=3, rounded=False)
    assert found["ours"]["greatest_relative_difference_of_losses"] < 5e-6
    cut = benchmark_attack.cut
    monkeypatch.setattr(benchmark_attack, "cut", lambda images, boxes, size: cut(images, boxes.flip(0), size))
    found = benchmark_attack.measure(benchmark_attack.TINY, count=30, steps=3, rounded=False)
    assert found["ours"]["greatest_relative_difference_of_losses"] > 2e-5


def test_course_size_is_timed_beside_the_plain_loops(capsys: pytest.CaptureFixture[str]) -> None:
    benchmark_course.main(["--epochs", "1", "--people", "3", "--steps", "2"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines[:3]] == ["training, plain", "training, ours", "training"]
    losses = [float(line.split("loss ")[1].split()[0].rstrip(")")) for line in lines if "loss" in line]
    assert losses[:2] == pytest.approx([5.4] * 2, abs=0.6)  # both learn 200 classes: guessing costs 5.3
    assert losses[2] == pytest.approx(losses[3], abs=0.05)  # the same latents and crops
