"""NVIDIA's StyleGAN2-ADA files (`ffhq.pkl` and its like) as safetensors, without running anything in them.

Such a file is a pickle that carries the source code of its networks and runs it when it is opened as meant. Here the
generator's weights and the arguments that it was built with are taken out, and the rest is left; see
`inert_pickle`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from inert_pickle import LONGEST, RefusedError, StoredObject, read_pickle
from mia_kit.data.folders import DataError, write_whole
from mia_kit.models.stylegan2_files import build
from mia_kit.terminal import printable

# The averaged generator, which makes the better images (Karras et al., ICLR 2018).
NETWORK = "G_ema"
ORDER = ("z_dim", "c_dim", "w_dim", "img_resolution", "img_channels", "mapping_kwargs", "synthesis_kwargs")
# The original's defaults, for what a file does not say.
DEFAULTS = {"channel_base": 32768, "channel_max": 512, "mapping_layers": 8, "lr_multiplier": 0.01, "conv_clamp": None}
OURS = {"num_layers": "mapping_layers"}
# Arguments that change nothing here: how often the mean style was tracked, where the original computes in float16.
IGNORED = ("embed_features", "w_avg_beta", "num_fp16_res", "fp16_channels_last", "epochs")
# Arguments that would change the network, with the one value that ours has.
FIXED: dict[str, object] = {
    "c_dim": 0,
    "activation": "lrelu",
    "architecture": "skip",
    "kernel_size": 3,
    "resample_filter": [1, 3, 3, 1],
    "use_noise": True,
}
# Far more than a generator has; a file in which a module lies within itself has more than any number.
MODULES = 2000

Arguments = dict[str, int | float | None]


def convert(path: Path, out: Path) -> None:
    """Write the averaged generator of NVIDIA's file `path` to `out`, where `load_stylegan2` reads it.

    Nothing in the file is run. A kill, a full disk or a file that is refused leaves what was in `out` whole.

    DataError, in one sentence, if the file is damaged, asks for anything that no network needs, or holds another
    network.
    """
    try:
        with path.open("rb") as stream:
            content = read_pickle(stream)
    except RefusedError as problem:
        raise DataError(
            f"{path} was refused, and nothing in it was run: expected the pickle of a StyleGAN2-ADA network, got one "
            f"that asks for {problem} instead."
        ) from problem
    except ValueError as problem:
        raise DataError(f"{path} is damaged, half downloaded or no pickle ({problem}): get it again.") from problem
    try:
        save_stylegan2(out, *_generator(content, path.stat().st_size))
    except ValueError as problem:
        raise DataError(f"{path} holds no generator that fits ({problem}): give a file of StyleGAN2-ADA.") from problem


def save_stylegan2(path: Path, arguments: Mapping[str, int | float | None], weights: Mapping[str, Tensor]) -> None:
    """Write a file for `load_stylegan2`, so that a kill or a full disk leaves the file before it whole.

    ValueError if the weights are not those of a generator built with the arguments; see `build`.
    """
    from safetensors.torch import save

    prior = build(arguments, weights)
    header = {name: json.dumps(value) for name, value in arguments.items()}
    write_whole(path, save({name: tensor.contiguous() for name, tensor in prior.state_dict().items()}, metadata=header))


def _generator(content: Any, length: int) -> tuple[Arguments, dict[str, Tensor]]:
    """Arguments and weights under the original's names, of a file of so many bytes."""
    network = content.get(NETWORK) if type(content) is dict else None
    if type(network) is not StoredObject or network.class_name != "Generator":
        raise ValueError(f"expected a Generator called {NETWORK}, got none")
    stored = _tensors(network)
    taken = sum(tensor.nbytes for tensor in stored.values())
    if taken > length:
        raise ValueError(f"expected tensors of at most the file's {length} bytes, got {taken}")
    arguments = _arguments(network.state)
    return arguments, {name: tensor.clone(memory_format=torch.contiguous_format) for name, tensor in stored.items()}


def _arguments(state: dict[str, Any]) -> Arguments:
    """What the generator was built with, under the names of our `StyleGAN2`."""
    given, named = state.get("_init_args", ()), state.get("_init_kwargs", {})
    if type(given) is not tuple or type(named) is not dict or len(given) > len(ORDER):
        raise ValueError("expected the arguments that the generator was built with, got none")
    outer = dict(zip(ORDER, given, strict=False)) | named
    parts = [outer.pop("mapping_kwargs", {}), outer.pop("synthesis_kwargs", {})]
    if not all(type(part) is dict for part in parts):
        raise ValueError("expected dictionaries of arguments for mapping and synthesis, got something else")
    arguments: Arguments = dict(DEFAULTS)
    for name, value in (*outer.items(), *parts[0].items(), *parts[1].items()):
        if name in IGNORED or (name == "layer_features" and value in (None, outer.get("w_dim"))):
            continue
        if name in FIXED:
            if value != FIXED[name]:
                raise ValueError(f"expected {name} to be {FIXED[name]}, got {_shown(value)} instead")
        elif name in (*ORDER[:5], *DEFAULTS, *OURS) and (value is None or type(value) in (int, float)):
            arguments[OURS.get(name, name)] = value
        else:
            raise ValueError(f"expected no argument {printable(name, LONGEST)} = {_shown(value)}")
    return arguments


def _shown(value: object) -> str:
    """A value from the file that fits into a sentence."""
    plain = type(value) in (str, int, float, bool, type(None))
    return printable(value if plain else f"a {type(value).__name__}", LONGEST)


def _tensors(network: StoredObject) -> dict[str, Tensor]:
    """The tensors of a module and of all within it, by name. ValueError for what is none, and for too many modules."""
    tensors: dict[str, Tensor] = {}
    waiting: list[tuple[str, Any]] = [("", network)]
    seen = 0
    while waiting:
        prefix, module = waiting.pop()
        seen += 1
        if type(module) is not StoredObject or seen > MODULES:
            raise ValueError(f"expected at most {MODULES} modules, got more or something else")
        for name, tensor in (*_group(module, "_parameters"), *_group(module, "_buffers")):
            if type(tensor) is Tensor:
                tensors[f"{prefix}{name}"] = tensor
            elif tensor is not None:
                raise ValueError(f"expected a tensor called {prefix}{name}, got something else")
        waiting += [(f"{prefix}{name}.", inner) for name, inner in _group(module, "_modules")]
    return tensors


def _group(network: StoredObject, name: str) -> list[tuple[str, Any]]:
    members = network.state.get(name, {})
    if type(members) is not dict or len(members) > MODULES:
        raise ValueError(f"expected a dictionary of at most {MODULES} {name.strip('_')}, got something else")
    return [(printable(key, LONGEST), value) for key, value in members.items()]
