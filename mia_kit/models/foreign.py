"""Classifiers that somebody else has trained: how their files are read, and how the attacks see them.

Weights are read as numbers alone: safetensors, or PyTorch's format under `weights_only`, which runs no pickle. A
network by import path and TorchScript are code: load them only if you would run them. ONNX is a black box:
onnxruntime answers, and there are no gradients.
"""

from __future__ import annotations

import copy
import importlib
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mia_kit import check
from mia_kit.data.archives import sha256_of
from mia_kit.models.weights import set_weights
from mia_kit.seeds import seeded

INSTALL = "an ONNX file needs onnxruntime: run  python -m pip install onnxruntime  and try again"
# Where a training script may keep the state_dict among other things, and what wrappers put before names.
INNER = ("state_dict", "model_state_dict", "model", "net", "weights")
WRAPPERS = ("module.", "_orig_mod.", "model.")
LEAST = 2.0**-24  # a confidence in single precision stands for anything below


class Foreign(nn.Module):
    """A network behind its normalisation: pictures in [-1, 1] to logits.

    Parameters
    ----------
    network : takes normalised pictures and returns logits, or confidences if `confidences`; a single output of two
        `classes` is that of the second
    channels : colours of a picture, 1 or 3
    mean, deviation : of colours in [0, 1], one number or one for each colour
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        network: nn.Module,
        *,
        classes: int,
        channels: int,
        mean: Sequence[float],
        deviation: Sequence[float],
        confidences: bool = False,
    ) -> None:
        super().__init__()
        self.network, self.channels, self.classes, self.confidences = network, channels, classes, confidences
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(deviation).view(1, -1, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Logits of shape (n, classes) for images of shape (n, channels, h, w)."""
        scores: Tensor = self.network((images / 2 + 0.5 - self.mean) / self.deviation)
        if scores.shape[1] == 1 and self.classes == 2:
            scores = torch.cat([1 - scores, scores] if self.confidences else [-scores / 2, scores / 2], dim=1)
        return scores.clamp_min(LEAST).log() if self.confidences else scores

    def features(self, images: Tensor) -> Tensor:
        """What enters the last linear layer, of shape (n, d). ValueError for a network that has none in sight."""
        linear = [layer for layer in self.network.modules() if isinstance(layer, nn.Linear)]
        seen: list[Tensor] = []
        with linear[-1].register_forward_pre_hook(lambda _, given: seen.append(given[0])) if linear else nullcontext():
            self(images)
        if not seen:
            raise ValueError(f"{type(self.network).__name__} has no linear layer that can be looked at")
        return seen[-1].flatten(1)


class OnnxNetwork(nn.Module):
    """An ONNX file as a module without gradients. ImportError without onnxruntime, ValueError if it does not run."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        try:
            import onnxruntime
        except ImportError as problem:
            raise ImportError(INSTALL) from problem
        try:
            session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        except Exception as problem:  # onnxruntime's errors are classes of its own
            raise ValueError(f"{path} is no ONNX file that onnxruntime runs ({reason(problem)})") from problem
        given = session.get_inputs()
        check.count(f"the number of inputs of {path}", len(given), most=1)
        self.at_once = given[0].shape[0] if isinstance(given[0].shape[0], int) else None
        self.digest = sha256_of(path)
        self._session, self._name = session, given[0].name

    def forward(self, images: Tensor) -> Tensor:
        """The first output, for as many pictures at a time as the file takes."""
        parts = images.detach().contiguous().split(self.at_once or max(1, len(images)))
        return torch.cat([torch.from_numpy(self._session.run(None, {self._name: part.numpy()})[0]) for part in parts])

    def __deepcopy__(self, memo: dict[int, Any]) -> OnnxNetwork:
        """Itself: nothing in it changes."""
        return self


def torchvision_network(name: str, classes: int, *, seed: int, names: Iterable[str] = ()) -> nn.Module:
    """One of torchvision's classifiers with fresh weights; `names` of weights tell whether it has auxiliary outputs.

    ValueError proposes a name.
    """
    from torchvision import models

    check.one_of("the network of torchvision", name, models.list_models(module=models))
    options: dict[str, Any] = {}
    if name in ("inception_v3", "googlenet"):
        options = {"aux_logits": any("aux" in each.lower() for each in names), "init_weights": False}
    with seeded(seed):
        network: nn.Module = models.get_model(name, weights=None, num_classes=classes, **options)
    return network


def imported_network(name: str, arguments: dict[str, Any], *, seed: int) -> nn.Module:
    """What package.module:name makes: this runs code, also of the current folder. ValueError if it fails."""
    module, _, attribute = name.partition(":")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        with seeded(seed):
            made: nn.Module = getattr(importlib.import_module(module), attribute)(**arguments)
    except Exception as problem:  # whatever somebody else's code raises
        raise ValueError(f"{name} makes no network ({type(problem).__name__}: {reason(problem)})") from problem
    if not isinstance(made, nn.Module):
        raise ValueError(f"{name} must make an nn.Module, got {type(made).__name__} instead")
    return made


def scripted_network(path: Path) -> nn.Module:
    """A TorchScript file, which is code. ValueError for another file."""
    try:
        network: nn.Module = torch.jit.load(path, map_location="cpu")
    except (RuntimeError, ValueError, OSError) as problem:
        raise ValueError(f"{path} is no TorchScript file ({reason(problem)})") from problem
    return network


def reset(network: nn.Module, *, seed: int) -> nn.Module:
    """A copy with fresh weights, which every layer draws itself. ValueError if one that has weights cannot."""
    fresh = copy.deepcopy(network)
    with seeded(seed):
        for layer in fresh.modules():
            draw: Callable[[], None] | None = getattr(layer, "reset_parameters", None)
            if draw is not None:
                draw()
            elif next(layer.parameters(recurse=False), None) is not None:
                raise ValueError(f"a layer of kind {type(layer).__name__} cannot draw fresh weights: name the network")
    return fresh.requires_grad_(True)


def give_weights(network: nn.Module, weights: dict[str, Tensor], *, where: str) -> None:
    """Put weights into a network, without what a wrapper put before their names. ValueError if they do not fit."""
    names = network.state_dict().keys()
    for prefix in WRAPPERS:
        if weights.keys() != names and all(name.startswith(prefix) for name in weights):
            weights = {name.removeprefix(prefix): tensor for name, tensor in weights.items()}
    try:
        set_weights(network, weights)
    except ValueError as problem:
        raise ValueError(f"{where} does not fit the network: {problem}") from problem


def read_weights(path: Path) -> dict[str, Tensor]:
    """A state_dict of plain, finite tensors. ValueError if the file holds anything else; nothing of it is run."""
    from safetensors.torch import load_file

    try:
        state = load_file(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
    except Exception as problem:  # the readers raise whatever damaged bytes lead them to
        raise ValueError(
            f"{path} is damaged or holds more than tensors, and nothing of it was run: save the state_dict() of the "
            "trained network as safetensors"
        ) from problem
    while isinstance(state, dict) and (inner := next((key for key in INNER if isinstance(state.get(key), dict)), None)):
        state = state[inner]
    if not isinstance(state, dict) or not state:
        raise ValueError(f"{path} must hold a state_dict, tensors by name, got {check.brief(state)} instead")
    for key, tensor in state.items():
        if not isinstance(key, str) or not isinstance(tensor, Tensor) or tensor.layout != torch.strided:
            raise ValueError(f"{path}: {check.brief(key)} must be a plain tensor, got {type(tensor).__name__} instead")
        if tensor.is_quantized or not bool(tensor.isfinite().all()):
            raise ValueError(f"{path}: {key} must hold finite numbers, got others")
    return {key: tensor.float() if tensor.is_floating_point() else tensor for key, tensor in state.items()}


def reason(problem: BaseException) -> str:
    """The first line of an error, shortened."""
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return lines[0][:160] if lines else type(problem).__name__
