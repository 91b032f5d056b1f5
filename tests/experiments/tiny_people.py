"""People of a few grey or coloured pixels, for the tests of the face experiments."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mia_kit.data import DataCard, ImageSet
from mia_kit.experiments import face_parts
from mia_kit.experiments.face_attack import appoint
from mia_kit.experiments.face_parts import Parts
from mia_kit.experiments.face_people import People
from mia_kit.experiments.face_quick import POOL, Scene
from mia_kit.experiments.face_targets import Fitted
from mia_kit.models import ResidualClassifier
from mia_kit.runs.store import Store

BRIEF = {"width": 2, "epochs": 1, "batch_size": 16, "learning_rate": 1e-3}
RECIPE: dict[str, Any] = {
    "people": {"name": "shades", "size": 16, "pool": 4, "least": 20},
    "evaluator_from": 3,
    "prior": "flat",
    "pretraining": {},
    "target": BRIEF,
    "evaluator": BRIEF,
    "attack": {"pool": 8, "candidates": 2, "keep": 1, "steps": 1, "selection_views": 1, "film": [0, 1]},
}
CHOSEN: dict[str, Any] = {"smoothing": 0.0, "per_class": 3, "seed": 0}


def numbered_faces(counts: list[int], *, size: tuple[int, int] = (4, 4), colour: bool = False) -> ImageSet:
    """Picture number i is of the shade i all over, so that it is known again; the people are mixed up."""
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    shades = np.arange(len(labels), dtype=np.uint8).reshape(-1, 1, 1)
    images = np.tile(shades, (1, *size))
    images = np.stack([images] * 3, axis=-1) if colour else images
    return ImageSet(images, labels, tuple("abcdefgh"[: len(counts)]), DataCard.read("orl"))


def shaded_people(*, classes: int = 3, each: int = 6, pool: int = 3, lie: bool = False) -> People:
    """Grey people of 16 x 16, told apart by shade; with `lie` the evaluator is shown the next person instead."""
    labels = torch.arange(classes).repeat_interleave(each)
    order = torch.arange(each).repeat(classes)
    shown = (labels + (order >= pool)) % classes if lie else labels
    noise = torch.randint(-10, 11, (len(labels), 1, 16, 16), generator=torch.Generator().manual_seed(0))
    shades = 20 + 215 * shown // (classes - 1)
    images = (shades.view(-1, 1, 1, 1) + noise).byte()
    return People(images, labels, order, pool, tuple("abcdefgh"[:classes]))


class Quarters(nn.Module):
    """The features are the mean shades of the four quarters, those of the classes 0 to 3, and so are the logits."""

    def features(self, images: Tensor) -> Tensor:
        return nn.functional.adaptive_avg_pool2d(images.mean(dim=1, keepdim=True), 2).flatten(1)

    def forward(self, images: Tensor) -> Tensor:
        return self.features(images)


class FlatPrior:
    """Four latents, one for the shade of each quarter of a 16 x 16 picture in colour."""

    latent_size = 4
    image_size = (3, 16, 16)

    def map(self, latents: Tensor) -> Tensor:
        return latents

    def synthesise(self, codes: Tensor) -> Tensor:
        quarters = torch.tanh(codes).view(-1, 1, 2, 2).expand(-1, 3, -1, -1)
        return quarters.repeat_interleave(8, 2).repeat_interleave(8, 3)


def tiny_parts(folder: Path, monkeypatch: pytest.MonkeyPatch, recipe: dict[str, Any] = RECIPE) -> Parts:
    """The parts of a recipe on three shaded people, with a store in `folder` and an embedder that sees mean colours."""
    monkeypatch.setattr(face_parts, "build", lambda name: FlatPrior())
    monkeypatch.setattr(face_parts, "load_embedder", lambda: None)
    monkeypatch.setattr(face_parts, "embed", lambda embedder, images: images.mean(dim=(2, 3)))
    monkeypatch.setattr(face_parts, "load_people", lambda **_: shaded_people(classes=3, each=20, pool=4))
    return Parts(recipe, Store(folder), progress=False)


def scene(seed: int = 0) -> Scene:
    """Four shaded people and a classifier that has learnt nothing, which is target and judges in one."""
    people = shaded_people(classes=4, each=10, pool=POOL)
    model = ResidualClassifier(1, 4, seed=seed, width=2).eval()
    fitted = Fitted(model, 1.0, 1.0, 0.0, 1.0)
    return Scene(people, fitted, fitted, appoint(people, model, model.features), FlatPrior())
