"""What the rows of the study have in common: the columns that say whom and what they are about."""

from __future__ import annotations

from typing import Any

from mia_kit.studies.inversion.networks import Target, Trained
from mia_kit.studies.inversion.recipe import World

# What is stored by person at the end of an attack; along its curve the means over people are.
BY_PERSON = ("acc1", "rank", "named", "identity_rank", "distance", "latent_cosine")


def about(model: Trained) -> dict[str, Any]:
    """The columns that say which model is meant."""
    columns = about_world(model.people.world) | {"epochs": model.network.epochs, "width": model.network.width}
    if isinstance(model, Target):
        columns |= {"defence": model.defence, "strength": model.strength, "per_class": model.per_class}
    return columns


def about_world(world: World) -> dict[str, Any]:
    """The columns that say which people are meant."""
    return {"study": "inversion", "world": world.name, "size": world.size}
