"""Train the style-based prior that ships with the package on public photographs, its discriminator beside it.

Writes `mia_kit/models/style_prior.safetensors`, whose header says how it was made. A run that is killed goes on from
its last checkpoint, in the cache folder, when it is started again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mia_kit.data.aligned import load_public_faces
from mia_kit.data.folders import cache_folder, check_output, write_whole
from mia_kit.models import sample_latents
from mia_kit.models.style_prior import WEIGHTS, Discriminator, StylePrior
from mia_kit.runs.circumstances import circumstances
from mia_kit.training.adversarial import GanSettings, fit_gan

# Styles whose mean is what truncation draws towards.
STYLES = 10_000


def run(recipe: dict[str, Any], progress: bool = True) -> Path:
    """Train as the recipe says, write the weights and return their path.

    Raises
    ------
    DataError
        If a public set is absent.
    ValueError
        If the recipe asks for CUDA and there is none.
    """
    device = recipe["device"]
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("the recipe needs a GPU that PyTorch can use, got none: take the recipe style_prior instead")
    check_output(WEIGHTS, "they ship with the package: install that into an environment of your own.")
    channels = tuple(recipe["channels"])
    discriminator = Discriminator(seed=recipe["seed"] + 1, channels=channels)
    checkpoint = cache_folder() / "checkpoints" / f"style_prior_{device}.pt"
    prior, seconds = fit_gan(
        StylePrior(seed=recipe["seed"], channels=channels),
        discriminator,
        load_public_faces(StylePrior.image_size[1]),
        latent_size=StylePrior.latent_size,
        seed=recipe["seed"],
        settings=GanSettings(**recipe["training"]),
        checkpoint=checkpoint,
        device=device,
        progress=progress,
    )
    assert isinstance(prior, StylePrior)
    save(WEIGHTS, prior.cpu(), discriminator.cpu(), recipe, seconds)
    checkpoint.unlink(missing_ok=True)
    return WEIGHTS


def save(path: Path, prior: StylePrior, discriminator: nn.Module, recipe: dict[str, Any], seconds: float) -> None:
    """Write both networks, the mean style included, whole or not at all."""
    from safetensors.torch import save as packed

    with torch.no_grad():
        prior.mean_style.copy_(prior.map(sample_latents(prior, STYLES, seed=recipe["seed"])).mean(dim=0))
    weights = {
        f"{name}.{part}": weight.contiguous()
        for name, network in (("generator", prior), ("discriminator", discriminator))
        for part, weight in network.state_dict().items()
    }
    made = {"recipe": recipe, **circumstances(seconds)}
    write_whole(path, packed(weights, metadata={"made": json.dumps(made)}))
