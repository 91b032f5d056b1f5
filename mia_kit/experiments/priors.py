"""The small priors by name, and what results depend on besides a recipe, for what is left of the first house."""

from __future__ import annotations

from mia_kit.models import DCGAN_FRAME, Framed, Prior, load_dcgan
from mia_kit.models.style_prior import load_style_prior, weights_digest


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
