"""The cells of the study: each prior's pictures, and photographs of other people, against private photographs.

The features are the face embedder's 128 numbers, not Inception-v3's 2,048, so the Frechet distances compare with each
other and with nobody else's FID. Public photographs against private ones give the floor: the distance that two sets of
real photographs of different people have.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from mia_kit.attacks.prior_to_target import synthesise
from mia_kit.data.aligned import load_aligned, load_public_faces
from mia_kit.data.pictures import to_floats
from mia_kit.metrics import frechet_distance, manifold_measures
from mia_kit.models import embed, in_batches, load_embedder, sample_latents
from mia_kit.runs.cells import Cell, Columns, Rows
from mia_kit.runs.parts import Made, Part, Values
from mia_kit.studies.inversion.priors import load_prior, prior_digest
from mia_kit.studies.priors.recipe import Recipe

PRIVATE, PUBLIC = "celeba_id", "photographs of other people"


def cells(recipe: Recipe) -> Iterator[Cell]:
    """A cell for each seed and source: the floor, then every prior."""
    for seed in recipe.seeds:
        photographs = Photographs(recipe.images, seed)
        yield RealismCell(photographs, None, recipe.neighbours, seed)
        for name in recipe.priors:
            pictures = Pictures(name, recipe.images, seed, prior_digest(name))
            yield RealismCell(photographs, pictures, recipe.neighbours, seed)


@dataclass(frozen=True)
class Photographs(Part[tuple[np.ndarray, np.ndarray]]):
    """The face embedder's view of random photographs: private ones, and public ones of other people."""

    count: int
    seed: int
    kept: ClassVar[bool] = False

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        random, embedder = np.random.default_rng(self.seed), load_embedder()
        private = load_aligned(PRIVATE).to_tensor()
        private = private[random.choice(len(private), self.count, replace=False)]
        faces = torch.from_numpy(load_public_faces())
        public = to_floats(faces[random.choice(len(faces), self.count, replace=False)].permute(0, 3, 1, 2))
        return {"private": embed(embedder, private).numpy(), "public": embed(embedder, public).numpy()}

    def unpack(self, values: Values) -> tuple[np.ndarray, np.ndarray]:
        return np.asarray(values["private"]), np.asarray(values["public"])


@dataclass(frozen=True)
class Pictures(Part[np.ndarray]):
    """The face embedder's view of random pictures of a prior; `digest` of its weights, where they may change."""

    prior: str
    count: int
    seed: int
    digest: str
    kept: ClassVar[bool] = False

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        prior = load_prior(self.prior)
        pictures = synthesise(prior, in_batches(prior.map, sample_latents(prior, self.count, seed=self.seed)))
        return {"features": embed(load_embedder(), pictures).numpy()}


@dataclass(frozen=True)
class RealismCell(Cell):
    """Frechet distance, precision, recall, density and coverage of pictures against private photographs.

    pictures : of a prior; None for the public photographs
    """

    photographs: Photographs
    pictures: Pictures | None
    neighbours: int
    seed: int

    def columns(self) -> Columns:
        prior = self.pictures.prior if self.pictures else PUBLIC
        return {"study": "priors", "world": PRIVATE, "seed": self.seed, "prior": prior}

    def fill(self, rows: Rows, made: Made) -> None:
        real, public = made(self.photographs)
        others = made(self.pictures) if self.pictures else public
        rows.add("frechet", frechet_distance(real, others))
        for measure, value in asdict(manifold_measures(real, others, k=self.neighbours)).items():
            rows.add(measure, value)
