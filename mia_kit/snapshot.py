"""A model as it is now, for whatever asks it later: its owner cannot change the answers, nor who asks the model."""

from __future__ import annotations

import copy
from typing import TypeVar

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.utils.parametrize import is_parametrized

from mia_kit import check

Model = TypeVar("Model", bound=nn.Module)


def snapshot(model: Model) -> Model:
    """A copy of the model as it is, in evaluation mode and without gradients of its own, where the model is.

    Hooks are copied, too, and a compiled model's copy compiles anew. TypeError for what is no module or, such as one
    that holds the result of a computation with gradients, cannot be copied.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, got {check.brief(model)} instead")
    try:
        apart = copy.deepcopy(model).eval()
    except (RuntimeError, TypeError) as problem:
        raise TypeError(f"model must be one that copy.deepcopy copies, got {type(model).__name__} instead") from problem
    apart.zero_grad(set_to_none=True)
    return apart


def check_mode(name: str, network: object) -> None:
    """ValueError for a network whose batch norm, dropout or spectral norm is in training mode.

    It would answer by chance and by an image's neighbours, and learn from them. What is no module passes.
    """
    for layer in network.modules() if isinstance(network, nn.Module) else ():
        if layer.training and (isinstance(layer, _BatchNorm | _DropoutNd) or is_parametrized(layer)):
            raise ValueError(f"{name} must be in evaluation mode, got {type(layer).__name__} in training: call .eval()")
