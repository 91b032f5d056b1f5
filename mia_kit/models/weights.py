"""Weights into a network, with one sentence where they do not fit: torch's own report runs over many lines."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn


def set_weights(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Copy `weights`, one Tensor for each name in the network's `state_dict()`, into the network.

    Raises ValueError if a name is missing or too many, or a shape does not fit; the network is then as it was.
    """
    own = network.state_dict()
    for name, tensor in own.items():
        wanted = f"expected {name} of shape {tuple(tensor.shape)}"
        if name not in weights:
            raise ValueError(f"{wanted}, got no such tensor")
        if weights[name].shape != tensor.shape:
            raise ValueError(f"{wanted}, got {tuple(weights[name].shape)} instead")
    surplus = next((name for name in weights if name not in own), None)
    if surplus is not None:
        raise ValueError(f"expected no tensor called {surplus}, got one of shape {tuple(weights[surplus].shape)}")
    network.load_state_dict(weights)
