"""Bad configurations: each is refused in a sentence before anything is read or trained."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from mia_kit.audit import config
from mia_kit.runs.recipe import RecipeError

GOOD: dict[str, Any] = {
    "model": {"torchvision": "resnet18", "weights": "weights.pt"},
    "pictures": {"train": "train", "unseen": "unseen", "size": 32},
    "inversion": {"prior": "dcgan"},
}
# What is changed (None: the key is removed), and what the sentence says.
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": ({"inverson": {}}, "did you mean inversion?"),
    "no pictures": ({"pictures": None}, "'pictures' is missing"),
    "a folder that is not there": ({"pictures.train": "trian"}, "pictures.train: there is no folder"),
    "the same folder twice": ({"pictures.unseen": "train"}, "another folder than pictures.train"),
    "a tiny size": ({"pictures.size": 8}, "from 16 to 1024 pixels, got 8"),
    "two means": ({"pictures.mean": [0.5, 0.5]}, "pictures.mean must be 1 or 3 numbers"),
    "a deviation of 0": ({"pictures.deviation": [0]}, "pictures.deviation.*got 0 instead"),
    "a class twice": ({"pictures.class_names": ["a", "a"]}, "named twice"),
    "two models": ({"model.onnx": "weights.pt"}, "exactly one of .*got torchvision, onnx"),
    "no model": ({"model": None}, "exactly one of .*got none"),
    "no weights": ({"model.weights": None}, "model.weights is missing"),
    "a pickle": ({"model.weights": "weights.pkl"}, "must end in .safetensors.*got weights.pkl"),
    "weights that are not there": ({"model.weights": "lost.pt"}, "there is no file at"),
    "code without trust": ({"model": {"module": "nets:Net"}}, "is code.*--trust"),
    "arguments of torchvision": ({"model.arguments": {"width": 2}}, "are those of a module"),
    "an unknown prior": ({"inversion.prior": "dcgan fase"}, "did you mean dcgan face?"),
    "an unknown loss": ({"inversion.losses": ["poincaré"]}, r"inversion.losses\[0\]: .*did you mean poincare?"),
    "a rate twice": ({"inversion.rates": [0.1, 0.1]}, "inversion.rates must be different"),
    "no access": ({"inversion.access": []}, "inversion.access must be different ones, at least one"),
    "an unknown measure": ({"fail_if": ["tpr@2%>0.1"]}, "fail-if knows .*did you mean"),
    "no condition": ({"fail_if": ["auc<0.6"]}, "such as tpr@1%>0.1, got 'auc<0.6' instead"),
    "a measure of what is left out": ({"inversion": None, "fail_if": ["recognised>0.1"]}, "needs the section"),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("train", "unseen"):
        (tmp_path / name).mkdir()
    for name in ("weights.pt", "weights.pkl"):
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def changed(changes: dict[str, Any]) -> dict[str, Any]:
    content = yaml.safe_load(yaml.safe_dump(GOOD))
    for key, value in changes.items():
        *sections, last = key.split(".")
        section = content
        for name in sections:
            section = section[name]
        section[last] = value
        if value is None:
            del section[last]
    return content


def check(folder: Path, content: dict[str, Any], **options: bool) -> config.Config:
    path = folder / "audit.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    read = config.read(path)
    config.check_whole(read, given=False, trust=options.get("trust", False))
    return read


def test_a_good_one_passes_with_paths_beside_the_file(folder: Path) -> None:
    read = check(folder, GOOD)
    assert read.pictures.train == str(folder / "train") and read.out == str(folder / "audit")
    assert read.pictures.shape == (32, 32) and read.inversion and read.inversion.prior == "dcgan"


@pytest.mark.parametrize("what", BAD)
def test_a_bad_one_is_refused_in_a_sentence(folder: Path, what: str) -> None:
    changes, words = BAD[what]
    with pytest.raises(RecipeError, match=f"(?s){words}") as caught:
        check(folder, changed(changes))
    assert "\n" not in str(caught.value)
    assert {path.name for path in folder.iterdir()} == {"train", "unseen", "weights.pt", "weights.pkl", "audit.yaml"}


def test_what_is_closed_needs_a_named_network_to_train(folder: Path) -> None:
    content = changed({"model": {"onnx": "weights.pt"}, "train": {"epochs": 1}})
    with pytest.raises(RecipeError, match="cannot be made anew: name one in train.torchvision"):
        check(folder, content)
    content["train"]["torchvision"] = "resnet18"
    check(folder, content)
