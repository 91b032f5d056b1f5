"""The knowledge extraction score of the label-smoothing paper (Struppek et al., ICLR 2024).

A student is trained on the reconstructions, each labelled with the class it aims at, and tested on the target's
training photographs. The paper's is a ResNet-50 from ImageNet's weights; here a recipe says which. Near chance,
reconstructions hold nothing that tells these people apart, whatever an evaluator says.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mia_kit.attacks.prior_to_target import in_channels, resize
from mia_kit.data.pictures import to_bytes
from mia_kit.models import in_batches
from mia_kit.runs.cells import Cell, Columns, Rows
from mia_kit.runs.parts import Made, Values
from mia_kit.studies.inversion.attack import Inversion, pictures_of
from mia_kit.studies.inversion.columns import about_attack, by_person
from mia_kit.studies.inversion.devices import ask
from mia_kit.studies.inversion.networks import train, untrained
from mia_kit.studies.inversion.people import Photos
from mia_kit.studies.inversion.recipe import Network


@dataclass(frozen=True)
class ExtractionCell(Cell):
    """What a student that saw nothing but the reconstructions of an attack knows about the real people."""

    attack: Inversion
    student: Network
    seed: int

    def columns(self) -> Columns:
        return about_attack(self.attack) | {"seed": self.seed}

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        attacked, people, rows = made(self.attack), made(self.attack.people), Rows()
        size = self.attack.people.world.size
        codes, numbers = attacked.codes[-1][torch.from_numpy(attacked.selected)], attacked.people[attacked.selected]
        pictures = pictures_of(self.attack, codes)

        def shades(places: Tensor) -> Tensor:
            return to_bytes(resize(in_channels(people.channels, pictures(places.numpy())), (size, size)))

        shown = Photos(in_batches(shades, torch.arange(len(codes))), torch.from_numpy(numbers).long())
        student = untrained(self.student, channels=people.channels, classes=people.count, size=size, seed=self.seed)
        train(student, shown, self.student, seed=self.seed, checkpoint=checkpoint, progress=progress)
        truth = people.target.labels
        right = (ask(student, people.target.images).argmax(dim=1) == truth).numpy()
        aimed_at = np.isin(truth.numpy(), numbers)
        share, persons = by_person(right[aimed_at], truth.numpy()[aimed_at])
        rows.add("extraction", share, units=persons, steps=attacked.looks[-1])
        return rows.kept()
