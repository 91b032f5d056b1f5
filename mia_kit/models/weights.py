"""Weights into a network, with one sentence where they do not fit: torch's own report runs over many lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from torch import Tensor, nn

from mia_kit.data.folders import DataError

Network = TypeVar("Network", bound=nn.Module)


def load_weights(
    build: Callable[[Mapping[str, Tensor]], Network], path: Path, remedy: str, *, prefix: str = ""
) -> Network:
    """The network that `build` makes for the tensors of a safetensors file, with them, in evaluation mode, frozen.

    Only tensors whose names begin with `prefix` are looked at. DataError if the file is absent, damaged, or another's.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = {name: tensor for name, tensor in load_file(path).items() if name.startswith(prefix)}
        tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
        network = build(tensors)
        set_weights(network, tensors)
    except (OSError, SafetensorError, LookupError, ValueError) as problem:
        raise DataError(f"{path} is missing or damaged ({str(problem).splitlines()[0]}): {remedy}") from problem
    return network.eval().requires_grad_(False)


def set_weights(network: nn.Module, weights: Mapping[str, Tensor], *, assign: bool = False) -> None:
    """Copy `weights`, one Tensor for each name in the network's `state_dict()`, into the network.

    With `assign` the network takes the tensors themselves, so that one on the device "meta" costs no memory before it
    is known that they fit. ValueError if a name or a shape does not; the network is then as it was.
    """
    _compare(network.state_dict(), weights)
    network.load_state_dict(weights, assign=assign)


def without_head(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A classifier's weights, all but those of its last layer."""
    return {name: weight for name, weight in state.items() if not name.startswith("head.")}


def transplant(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Give `model` the trained weights, a `state_dict()`, of another classifier of its kind and size, but the head's.

    For a target that was trained on public people first. ValueError if they do not fit; then nothing changes.
    """
    trunk, given = without_head(model.state_dict()), without_head(state)
    try:
        _compare(trunk, given)
    except ValueError as problem:
        kind = getattr(model, "name", type(model).__name__)
        raise ValueError(f"the weights are not those of a {kind} built like this one, {problem}") from problem
    model.load_state_dict(given, strict=False)


def _compare(expected: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> None:
    for name, tensor in expected.items():
        wanted = f"expected {name} of shape {tuple(tensor.shape)}"
        if name not in weights:
            raise ValueError(f"{wanted}, got no such tensor")
        if weights[name].shape != tensor.shape:
            raise ValueError(f"{wanted}, got {tuple(weights[name].shape)} instead")
    surplus = next((name for name in weights if name not in expected), None)
    if surplus is not None:
        raise ValueError(f"expected no tensor called {surplus}, got one of shape {tuple(weights[surplus].shape)}")
