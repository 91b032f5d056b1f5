"""Files of weights by others: hostile ones run nothing, damaged ones end in a sentence, good ones fit."""

import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from mia_kit.models.foreign import Foreign, OnnxNetwork, give_weights, read_weights, reset, scripted_network

STATE = {"0.weight": torch.ones(2, 3), "0.bias": torch.zeros(2)}


class Evil:
    """Pickled as a call that makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.folder),)


def in_zip(path: Path, content: bytes) -> None:
    """What `torch.load` takes for its own format."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", content)
        archive.writestr("archive/version", "3")


def header(path: Path, length: int, text: bytes = b"{}") -> None:
    path.write_bytes(struct.pack("<Q", length) + text)


def scripted(path: Path) -> None:
    torch.jit.save(torch.jit.script(nn.Linear(3, 2)), path)


HOSTILE: dict[str, tuple[str, Callable[[Path, Path], None]]] = {
    "a pickled call": ("a.pt", lambda path, marker: path.write_bytes(pickle.dumps(Evil(marker)))),
    "a call in PyTorch's zip": ("a.pt", lambda path, marker: in_zip(path, pickle.dumps(Evil(marker), 2))),
    "a call beside weights": ("a.pth", lambda path, marker: torch.save({**STATE, "x": Evil(marker)}, path)),
    "a call in the old format": (
        "a.bin",
        lambda path, marker: torch.save({"state_dict": Evil(marker)}, path, _use_new_zipfile_serialization=False),
    ),
    "a whole module": ("a.pt", lambda path, _: torch.save(nn.Linear(3, 2), path)),
    "TorchScript as weights": ("a.pt", lambda path, _: scripted(path)),
    "a pickle named safetensors": ("a.safetensors", lambda path, marker: path.write_bytes(pickle.dumps(Evil(marker)))),
    "a header of 2**60 bytes": ("a.safetensors", lambda path, _: header(path, 2**60)),
    "tensors outside of the file": (
        "a.safetensors",
        lambda path, _: header(path, 60, b'{"a":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}}'.ljust(60)),
    ),
    "not a number": ("a.pt", lambda path, _: torch.save({**STATE, "0.bias": torch.tensor([float("nan"), 0])}, path)),
    "text instead of tensors": ("a.pt", lambda path, _: torch.save({"0.weight": "rm -rf"}, path)),
    "a sparse tensor": ("a.pt", lambda path, _: torch.save({"0.weight": torch.ones(2, 3).to_sparse()}, path)),
    "a list": ("a.pt", lambda path, _: torch.save([1, 2], path)),
    "half a file": ("a.pt", lambda path, _: cut(path)),
    "an empty file": ("a.pt", lambda path, _: path.write_bytes(b"")),
}


def cut(path: Path) -> None:
    torch.save(STATE, path)
    path.write_bytes(path.read_bytes()[:200])


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_runs_nothing_and_ends_in_a_sentence(tmp_path: Path, what: str) -> None:
    name, write = HOSTILE[what]
    path, marker = tmp_path / name, tmp_path / "executed"
    write(path, marker)
    with pytest.raises(ValueError, match="damaged or holds more|must hold|must be a plain tensor") as caught:
        read_weights(path)
    assert "\n" not in str(caught.value) and not marker.exists()


def test_the_files_would_have_run(tmp_path: Path) -> None:
    """The check of the check: the same file, read as a pickle, makes the folder."""
    torch.save({"x": Evil(tmp_path / "executed")}, tmp_path / "a.pt")
    torch.load(tmp_path / "a.pt", weights_only=False)
    assert (tmp_path / "executed").exists()


@pytest.mark.parametrize("wrapped", ["plain", "in a checkpoint", "module.", "half"])
def test_weights_fit_as_training_scripts_leave_them(tmp_path: Path, wrapped: str) -> None:
    path, network = tmp_path / "a.pt", nn.Sequential(nn.Linear(3, 2))
    content: dict = STATE
    if wrapped == "module.":
        content = {f"module.{name}": tensor for name, tensor in STATE.items()}
    if wrapped == "half":
        content = {name: tensor.half() for name, tensor in STATE.items()}
    torch.save({"epoch": 3, "state_dict": content} if wrapped == "in a checkpoint" else content, path)
    give_weights(network, read_weights(path), where="a.pt")
    assert torch.equal(network[0].weight, STATE["0.weight"])


def test_weights_of_another_network_are_told(tmp_path: Path) -> None:
    save_file(STATE, tmp_path / "a.safetensors")
    with pytest.raises(
        ValueError, match=r"a.safetensors does not fit the network: expected 0.weight of shape \(5, 3\)"
    ):
        give_weights(nn.Sequential(nn.Linear(3, 5)), read_weights(tmp_path / "a.safetensors"), where="a.safetensors")


def test_other_files_are_no_torchscript_and_no_onnx(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="no TorchScript file"):
        scripted_network(tmp_path / "a.pt")
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: no ONNX file can be read")
    with pytest.raises(ValueError, match="no ONNX file that onnxruntime runs"):
        OnnxNetwork(tmp_path / "a.pt")


def foreign(network: nn.Module, classes: int = 2, *, confidences: bool = False) -> Foreign:
    return Foreign(network, classes=classes, channels=1, mean=(0.25,), deviation=(0.5,), confidences=confidences)


def test_pictures_are_normalised_as_the_training_script_did() -> None:
    images = torch.tensor([[[[-1.0, 1.0]]]])
    assert foreign(nn.Flatten())(images).tolist() == [[-0.5, 1.5]]  # (0 - 0.25) / 0.5 and (1 - 0.25) / 0.5


def test_a_single_output_and_confidences_become_logits() -> None:
    images = torch.full((1, 1, 1, 1), 0.5)  # 0.75 in [0, 1], 1 after normalisation
    assert foreign(nn.Flatten())(images).softmax(dim=1)[0, 1].item() == pytest.approx(
        torch.tensor(1.0).sigmoid().item()
    )
    certain = foreign(nn.Sequential(nn.Flatten(), nn.Sigmoid()), confidences=True)(images)
    assert certain.softmax(dim=1)[0, 1].item() == pytest.approx(torch.tensor(1.0).sigmoid().item())


def test_features_enter_the_last_linear_layer() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    images = torch.rand(5, 1, 2, 2) * 2 - 1
    model = foreign(network)
    assert torch.allclose(network[3](model.features(images)), model(images))
    with pytest.raises(ValueError, match="no linear layer"):
        foreign(nn.Flatten()).features(images)


def test_fresh_weights_are_others_and_come_from_the_seed() -> None:
    network = nn.Sequential(nn.Linear(3, 2))
    first, again, other = (reset(network, seed=seed)[0].weight for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other) and not torch.equal(first, network[0].weight)
