"""Group norm for batch norm: pictures no longer see each other, and what the network had learnt is kept.

Batch norm in evaluation mode scales a channel by the mean and variance it saw in training; group norm (Wu and He, ECCV
2018) takes mean and variance of a group of channels from the picture itself. Ours begins as near to the old layer as
it can: its weights are those of the batch norm, with the running statistics folded in. Where the statistics of a
picture's group are those of the training pictures, both layers do the same. They differ picture by picture, so the
network's function is kept roughly; training does the rest.
"""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from mia_kit.signatures import checked

# At least so many channels in a group, as in Wu and He (table 3). With their 32 groups, a narrow network's last layers
# would have groups of one channel, and where the picture is down to one pixel those are always 0.
GROUP_SIZE = 16

Model = TypeVar("Model", bound=nn.Module)


@checked
def with_group_norm(model: Model) -> Model:
    """A copy of the model with group norm for each batch norm, as `folded` says.

    Under DP-SGD its statistics must come from public pictures: the guarantee does not cover what was learnt before.
    """
    model = copy.deepcopy(model)
    for name, layer in list(model.named_modules()):
        if isinstance(layer, _BatchNorm):
            model.set_submodule(name, folded(layer))
    return model


@torch.no_grad()
def folded(batch_norm: _BatchNorm) -> nn.GroupNorm:
    """The group norm that does what `batch_norm` does wherever a group's statistics are the running ones.

    With the running mean m and deviation s of a channel, and M and S of all channels of its group together:
    weight' = weight S / s, bias' = bias + weight (M - m) / s. A batch norm that was never trained gives ones and zeros.
    """
    channels = batch_norm.num_features
    groups = max(n for n in range(1, max(1, channels // GROUP_SIZE) + 1) if channels % n == 0)
    norm = nn.GroupNorm(groups, channels, eps=batch_norm.eps)
    if batch_norm.affine:
        norm.to(batch_norm.weight)
        norm.weight.copy_(batch_norm.weight)
        norm.bias.copy_(batch_norm.bias)
    if batch_norm.running_mean is not None and batch_norm.running_var is not None:
        norm.to(batch_norm.running_mean)
        mean, variance = (part.view(groups, -1) for part in (batch_norm.running_mean, batch_norm.running_var))
        group_mean = mean.mean(dim=1, keepdim=True)  # (groups, 1)
        group_variance = (variance + (mean - group_mean).square()).mean(dim=1, keepdim=True)
        deviation = (variance + batch_norm.eps).sqrt()
        norm.bias.add_(norm.weight * ((group_mean - mean) / deviation).flatten())
        norm.weight.mul_(((group_variance + batch_norm.eps).sqrt() / deviation).flatten())
    return norm
