"""StyleGAN2's weights on disk: a safetensors file whose header holds the arguments that the network is built with.

The header's numbers are as untrusted as the rest: the network is built without memory, and gets some once every tensor
of the file has been found to fit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mia_kit.data.folders import DataError
from mia_kit.models.stylegan2 import StyleGAN2, check_draws
from mia_kit.models.weights import set_weights

# What a file must say, and what it may say, of `StyleGAN2`'s parameters.
NEEDED = ("z_dim", "w_dim", "img_resolution", "img_channels", "channel_base", "channel_max", "mapping_layers")
OPTIONAL = ("lr_multiplier", "conv_clamp")
Arguments = Mapping[str, Any]


def build(
    arguments: Arguments,
    weights: Mapping[str, Tensor],
    *,
    truncation: float = 1.0,
    truncation_cutoff: int | None = None,
    dtype: torch.dtype = torch.float32,
) -> StyleGAN2:
    """The generator with these weights, in evaluation mode, frozen; it keeps the tensors that are in float32 already.

    ValueError or TypeError, in one line, if an argument, a tensor or its shape does not fit, or a weight is not finite.
    """
    missing = [name for name in NEEDED if name not in arguments]
    unknown = [name for name in arguments if name not in NEEDED + OPTIONAL]
    if missing or unknown:
        raise ValueError(f"expected the arguments {', '.join(NEEDED)}, got no {missing} and the unknown {unknown}")
    with torch.device("meta"):
        prior = StyleGAN2(**arguments, truncation=truncation, truncation_cutoff=truncation_cutoff, dtype=dtype)
    set_weights(prior, {name: tensor.float() for name, tensor in weights.items()}, assign=True)
    wrong = next((name for name, tensor in prior.state_dict().items() if not tensor.isfinite().all()), None)
    if wrong is not None:
        raise ValueError(f"expected finite numbers, got NaN or infinity in {wrong}")
    return prior.eval().requires_grad_(False)


def load_stylegan2(
    path: Path, *, truncation: float = 0.5, truncation_cutoff: int | None = 8, dtype: torch.dtype = torch.float32
) -> StyleGAN2:
    """The generator of a file that `data_scripts/convert_stylegan2.py` wrote, in evaluation mode, frozen.

    Truncation is that of Plug & Play Attacks; see `StyleGAN2`. DataError if the file is absent, damaged or another one.
    """
    from safetensors import SafetensorError, safe_open

    check_draws(truncation, truncation_cutoff, dtype)
    if not path.is_file():
        raise DataError(f"{path} is missing: make it with  python data_scripts/convert_stylegan2.py")
    try:
        with safe_open(path, framework="pt") as file:
            header = {name: json.loads(text) for name, text in (file.metadata() or {}).items()}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return build(header, weights, truncation=truncation, truncation_cutoff=truncation_cutoff, dtype=dtype)
    except PermissionError as problem:
        raise DataError(f"{path} cannot be read ({problem.strerror}): allow it to be read.") from problem
    except (SafetensorError, OSError, TypeError, ValueError, RecursionError) as problem:
        reason = str(problem).splitlines()[0]
        raise DataError(f"{path} is damaged or holds another network ({reason}): convert it again.") from problem
