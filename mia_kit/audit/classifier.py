"""The classifier that a configuration names, behind its normalisation and tried before anything is measured."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import nn

from mia_kit import check
from mia_kit.audit.config import Config, Pictures
from mia_kit.models.foreign import (
    Foreign,
    OnnxNetwork,
    give_weights,
    imported_network,
    read_weights,
    reason,
    reset,
    scripted_network,
    torchvision_network,
)
from mia_kit.training.checkpoints import fingerprint


def load(config: Config, classes: int, *, network: nn.Module | None = None) -> Foreign:
    """The configuration's classifier, or a network in memory: in evaluation mode, frozen.

    `mia_kit.audit.config.check_whole` has asked whether code may run. ValueError, OSError or ImportError, one sentence,
    if it cannot be had or its answer is none for `classes`.
    """
    model = config.model
    if network is None and model.torchscript:
        network = scripted_network(Path(model.torchscript))
    elif network is None and model.onnx:
        network = OnnxNetwork(Path(model.onnx))
    elif network is None:
        weights = read_weights(Path(model.weights)) if model.weights else {}
        network = fresh_network(config, classes, seed=config.seed, names=weights)
        if model.weights:
            give_weights(network, weights, where=model.weights)
    foreign = _behind(network, config.pictures, classes, confidences=model.answers == "confidences").eval()
    for parameter in foreign.parameters():
        parameter.requires_grad_(False)  # one by one: TorchScript has no other way
    _try(foreign, config.pictures)
    return foreign


def fresh_network(config: Config, classes: int, *, seed: int, names: Iterable[str] = ()) -> nn.Module:
    """The configuration's network before training; `names` of its weights say which outputs it has."""
    if config.model.torchvision:
        return torchvision_network(config.model.torchvision, classes, seed=seed, names=names)
    return imported_network(str(config.model.module), config.model.arguments, seed=seed)


def another(config: Config, audited: Foreign, *, seed: int) -> Foreign:
    """An untrained classifier such as the audited one, or with the network that `train.torchvision` names."""
    named = config.train.torchvision if config.train else None
    if named:
        network = torchvision_network(named, audited.classes, seed=seed)
    elif config.model.kind:
        network = fresh_network(config, audited.classes, seed=seed)
    else:
        network = reset(audited.network, seed=seed)
    return _behind(network, config.pictures, audited.classes, confidences=audited.confidences and not named)


def _try(foreign: Foreign, pictures: Pictures) -> None:
    """ValueError if its answer to blank pictures is none."""
    blank, classes = torch.zeros(2, pictures.colours, *pictures.shape), foreign.classes
    try:
        with torch.no_grad():
            raw, said = foreign.network((blank + 0.5 - foreign.mean) / foreign.deviation), foreign(blank)
    except Exception as problem:  # whatever a foreign network raises
        size = f"{pictures.colours} x {pictures.shape[0]} x {pictures.shape[1]}"
        raise ValueError(f"the network does not take pictures of {size} ({reason(problem)})") from problem
    if said.ndim != 2 or said.shape[1] != classes:
        came = tuple(said.shape[1:])
        raise ValueError(f"the network must answer with {classes} classes, one for each folder, got {came} instead")
    check.finite("the network's answer to a grey picture", said)
    sums = bool((raw >= 0).all() and ((raw.sum(dim=1) - 1).abs() < 1e-3).all())
    if sums and raw.shape[1] > 1 and not foreign.confidences:
        raise ValueError("the network's answers sum to 1: they are confidences, say so with model.answers: confidences")


def has_gradients(model: Foreign) -> bool:
    """Whether a white-box attack can ask it."""
    return not isinstance(model.network, OnnxNetwork)


def digest(model: Foreign) -> str:
    """What the network and its weights are known by."""
    if isinstance(model.network, OnnxNetwork):
        return model.network.digest
    return f"{fingerprint(model.state_dict())} {re.sub(' at 0x[0-9a-f]+', '', str(model.network))}"


def _behind(network: nn.Module, pictures: Pictures, classes: int, *, confidences: bool) -> Foreign:
    return Foreign(
        network,
        classes=classes,
        channels=pictures.colours,
        mean=pictures.mean,
        deviation=pictures.deviation,
        confidences=confidences,
    )
