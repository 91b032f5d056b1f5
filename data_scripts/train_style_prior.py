"""Train the style-based prior that ships with the package: `python data_scripts/train_style_prior.py [cpu | cuda]`.

Needs `utkface` and `celeba10k` in the data folder. Writes generator and discriminator to
`mia_kit/models/style_prior.safetensors`, whose header says how they were made. A run that is killed goes on from its
last checkpoint, in the cache folder, when it is started again. `cpu` takes an hour and a half on two idle cores; `cuda`
trains a wider prior for longer.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mia_kit.data.aligned import load_public_faces
from mia_kit.data.folders import cache_folder, check_output, write_whole
from mia_kit.models import sample_latents
from mia_kit.models.style_prior import WEIGHTS, StylePrior
from mia_kit.runs.circumstances import circumstances
from style_gan import Discriminator, GanSettings, fit_gan

SHARED = {"learning_rate": 0.0025, "penalty": 0.1, "half_life": 10000}
# Channels at 4 x 4, 8 x 8, 16 x 16 and 32 x 32, and how the two are trained.
RECIPES: dict[str, dict[str, Any]] = {
    "cpu": {
        "device": "cpu",
        "seed": 0,
        "channels": [128, 128, 64, 32],
        "training": {"steps": 6300, "batch_size": 32, "checkpoint_every": 100} | SHARED,
    },
    "cuda": {
        "device": "cuda",
        "seed": 0,
        "channels": [256, 256, 128, 64],
        "training": {"steps": 60000, "batch_size": 64, "checkpoint_every": 1000} | SHARED,
    },
}
# Styles whose mean is what truncation draws towards.
STYLES = 10_000


def main(device: str) -> None:
    """Train on the device and write. DataError if a public set is absent."""
    check_output(WEIGHTS, "they ship with the package: install that into an environment of your own.")
    recipe = RECIPES[device]
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
    )
    assert isinstance(prior, StylePrior)
    save(WEIGHTS, prior.cpu(), discriminator.cpu(), recipe, seconds)
    checkpoint.unlink(missing_ok=True)
    print(f"wrote {WEIGHTS}")


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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("device", nargs="?", choices=list(RECIPES), default="cpu")
    device = parser.parse_args().device
    if device == "cuda" and not torch.cuda.is_available():
        parser.error("cuda needs a GPU that PyTorch can use, got none: take cpu instead")
    main(device)
