"""Both priors beside each other: how real and how varied their images are, against photographs neither has seen.

The features are the face embedder's 128 numbers, not Inception-v3's 2,048, so the Frechet distances compare with each
other and with nobody else's FID. Public photographs against private ones give the floor: the distance that two sets of
real photographs of different people have.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from mia_kit.attacks.prior_to_target import synthesise
from mia_kit.data.aligned import load_aligned, load_public_faces
from mia_kit.data.pictures import to_floats
from mia_kit.metrics import frechet_distance, manifold_measures
from mia_kit.models import DCGAN_FRAME, Framed, Prior, embed, in_batches, load_dcgan, load_embedder, sample_latents
from mia_kit.models.style_prior import load_style_prior, weights_digest

VERSION = 1


def run(recipe: dict[str, Any], progress: bool = True) -> dict[str, Any]:
    """Measure every seed of the recipe and return means and each seed's numbers."""
    embedder, count = load_embedder(), recipe["images"]
    private = load_aligned("celeba_id").to_tensor()
    results: dict[str, Any] = {"photographs": [], "priors": {name: [] for name in recipe["priors"]}}
    public = torch.from_numpy(load_public_faces())
    for seed in range(recipe["seeds"]):
        random = np.random.default_rng(seed)
        real = embed(embedder, private[random.choice(len(private), count, replace=False)]).numpy()
        others = to_floats(public[random.choice(len(public), count, replace=False)].permute(0, 3, 1, 2))
        results["photographs"].append(compare(real, embed(embedder, others).numpy(), recipe["k"]))
        for name in recipe["priors"]:
            made = draw(build(name), count, seed=seed)
            results["priors"][name].append(compare(real, embed(embedder, made).numpy(), recipe["k"]))
    return results


def inputs() -> dict[str, str]:
    """What the results depend on besides the recipe."""
    return {"style_prior": weights_digest()}


def build(name: str) -> Prior:
    """A prior by its name in a recipe: `dcgan`, or `style` with its truncation, as in `style 0.7`."""
    if name == "dcgan":
        return Framed(load_dcgan(), *DCGAN_FRAME)
    kind, _, truncation = name.partition(" ")
    if kind != "style":
        raise ValueError(f"a prior must be dcgan or style with a truncation, such as style 0.7, got {name!r} instead")
    return load_style_prior(truncation=float(truncation or 1))


def draw(prior: Prior, count: int, *, seed: int) -> Tensor:
    """Random images of a prior, of shape (count, channels, h, w) in [-1, 1]."""
    return synthesise(prior, in_batches(prior.map, sample_latents(prior, count, seed=seed)))


def compare(real: np.ndarray, made: np.ndarray, k: int) -> dict[str, float]:
    """Frechet distance, precision, recall, density and coverage of one set of features against another."""
    measured = manifold_measures(real, made, k=k)
    parts = ("precision", "recall", "density", "coverage")
    return {"frechet": frechet_distance(real, made)} | {part: getattr(measured, part).value for part in parts}
