"""The script that a GPU machine runs first: at toy size, so that it does not fail there."""

import json
from pathlib import Path

import benchmark_full
import pytest
import torch


def test_both_loops_take_the_same_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", lambda own: own)  # a compiler may not be here
    arguments = ["--tiny", "--device", "cpu", "--count", "30", "--steps", "4", "--out", str(tmp_path / "found.json")]
    benchmark_full.main(arguments)
    found = json.loads((tmp_path / "found.json").read_text())
    assert list(found["loops"]) == ["plain", "ours", "ours, compiled"] and found["device"].startswith("CPU")
    for own in found["loops"].values():
        assert own["images_per_second"] > 0 and len(own["losses"]) == 4
        assert own["greatest_relative_difference_of_losses"] < 0.02
    assert found["loops"]["plain"]["ratio"] == 1


def test_another_crop_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """In float32, with the same crops, the losses agree to five digits; other crops give other losses."""
    monkeypatch.setattr(torch, "compile", lambda own: own)
    monkeypatch.setattr(benchmark_full, "in_precision", lambda model, spec: model)
    build_prior = benchmark_full.build_prior
    exact = {"device": torch.device("cpu"), "count": 30, "steps": 3}
    monkeypatch.setattr(
        benchmark_full, "build_prior", lambda spec, **own: build_prior(spec | {"precision": "float32"}, **own)
    )
    found = benchmark_full.measure(benchmark_full.TINY, **exact)
    assert found["ours"]["greatest_relative_difference_of_losses"] < 5e-6
    cut = benchmark_full.cut
    monkeypatch.setattr(benchmark_full, "cut", lambda images, boxes, size: cut(images, boxes.flip(0), size))
    found = benchmark_full.measure(benchmark_full.TINY, **exact)
    assert found["ours"]["greatest_relative_difference_of_losses"] > 5e-5
