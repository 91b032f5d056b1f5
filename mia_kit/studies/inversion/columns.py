"""What the rows of the study have in common: the columns that say whom and what they are about."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mia_kit.runs.cells import Columns
from mia_kit.studies.inversion.attack import Inversion
from mia_kit.studies.inversion.networks import Target, Trained
from mia_kit.studies.inversion.recipe import World

# What is stored by person at the end of an attack; along its curve the means over people are.
BY_PERSON = ("acc1", "rank", "named", "identity_rank", "distance", "latent_cosine")


def about(model: Trained) -> Columns:
    """The columns that say which model is meant."""
    columns = about_world(model.people.world) | {"epochs": model.network.epochs, "width": model.network.width}
    if isinstance(model, Target):
        columns |= {"defence": model.defence, "strength": model.strength, "per_class": model.per_class}
    return columns


def about_attack(attack: Inversion) -> Columns:
    """The columns that say which attack is meant, and on whom."""
    return about(attack.model) | {
        "attack": attack.role,
        "loss": attack.loss,
        "optimiser": attack.optimiser,
        "prior": attack.search.prior,
        "temperature": attack.search.temperature if attack.loss == "temperature" else np.nan,
    }


def by_person(values: np.ndarray, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of each person's values, and the person's number, in the order in which they come first."""
    means = pd.Series(values.astype(float)).groupby(numbers, sort=False).mean()
    return means.to_numpy(), means.index.to_numpy()


def with_start(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows by person; what was there before the first step has an attack of its own name."""
    table.loc[table["unit"].notna() & (table["steps"] == 0), "attack"] = name
    return table


def about_world(world: World) -> Columns:
    """The columns that say which people are meant."""
    return {"study": "inversion", "world": world.name, "size": world.size}
