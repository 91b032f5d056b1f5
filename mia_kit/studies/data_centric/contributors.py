"""Contributors: who stands in for whom, what the trainer is given, and the targets that come of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from mia_kit.data.pictures import to_floats
from mia_kit.defences import DataCentric, Protected, farthest_identity, protect
from mia_kit.metrics import person_distances
from mia_kit.models import in_batches
from mia_kit.runs.parts import Made, Part, Values
from mia_kit.studies.data_centric.recipe import Step
from mia_kit.studies.inversion.judges import embedding, threshold_of
from mia_kit.studies.inversion.networks import Evaluator, StrangersTrunk, Trained, Trunk, kept, train
from mia_kit.studies.inversion.people import PeoplePart, Photos
from mia_kit.studies.inversion.recipe import Network


@dataclass(frozen=True)
class Surrogates(Part[dict[int, int]]):
    """The stranger who stands in for each protected person: the one farthest in the judges' embedding.

    A stranger is no class of the target, or the same pictures would stand under two labels. Nobody shares one.
    """

    people: PeoplePart
    strangers: PeoplePart
    second: Evaluator | None
    protected: tuple[int, ...]

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        people, strangers = made(self.people), made(self.strangers)
        mask = torch.isin(people.target.labels, torch.tensor(self.protected))
        pictures = torch.cat([people.target.images[mask], strangers.target.images])
        labels = torch.cat([people.target.labels[mask], strangers.target.labels + people.count])
        embeddings = in_batches(embedding(made, self.second), to_floats(pictures))
        candidates = range(people.count, people.count + strangers.count)
        farthest = farthest_identity(embeddings, labels, self.protected, candidates=candidates)
        return {"strangers": [farthest[person] - people.count for person in self.protected]}

    def unpack(self, values: Values) -> dict[int, int]:
        """Person -> number among the strangers."""
        return dict(zip(self.protected, map(int, values["strangers"]), strict=True))


@dataclass(frozen=True)
class HandedIn(Part[Protected]):
    """What the trainer is given if a group protects itself by some of the steps."""

    surrogates: Surrogates
    group: tuple[int, ...]
    steps: tuple[Step, ...]
    mislabelled: float
    copies_mislabelled: float
    seed: int
    kept: ClassVar[bool] = False

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        people, strangers = made(self.surrogates.people), made(self.surrogates.strangers)
        pictures = {
            person: to_floats(strangers.target.images[strangers.target.labels == stranger])
            for person, stranger in made(self.surrogates).items()
            if person in self.group
        }
        settings = DataCentric(self.steps, self.mislabelled, self.copies_mislabelled)
        given = protect(
            people.target.floats,
            people.target.labels,
            self.group,
            seed=self.seed,
            surrogates=pictures,
            settings=settings,
            classes=people.count,
        )
        return {"given": given}


@dataclass(frozen=True)
class Contributed(Trained):
    """A target trained on what contributors hand in, as an undefended one is trained."""

    people: PeoplePart
    network: Network
    given: HandedIn
    seed: int
    trunk: Trunk | StrangersTrunk | None = None

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        (model, people), given = self.fresh(made), made(self.given)
        photos = Photos(given.images, given.labels)
        train(model, photos, self.network, seed=self.seed, checkpoint=checkpoint, progress=progress)
        return kept(model, people.channels)


@dataclass(frozen=True, eq=False)
class Looks:
    """What everybody looks like in the judges' embedding, in photographs that nobody trains on.

    person, surrogate : embeddings by protected person, of shape (n, d), of their own photographs and their stranger's
    threshold : distance below which a hundredth of strangers fall
    """

    person: dict[int, np.ndarray]
    surrogate: dict[int, np.ndarray]
    threshold: float

    def distances(self, embeddings: np.ndarray, numbers: np.ndarray, *, surrogate: bool = False) -> np.ndarray:
        """Median distance of each of (m, d) to photographs of the person in `numbers`, or of their surrogate: (m,)."""
        looks = self.surrogate if surrogate else self.person
        labels = np.repeat(list(looks), [len(look) for look in looks.values()])
        return person_distances(embeddings, numbers, np.concatenate(list(looks.values())), labels)


@dataclass(frozen=True)
class LooksPart(Part[Looks]):
    """Photographs for the test, of people and strangers alike, so that neither are those that a judge has learnt."""

    surrogates: Surrogates

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        people, strangers = made(self.surrogates.people), made(self.surrogates.strangers)
        embed, chosen = embedding(made, self.surrogates.second), list(made(self.surrogates).values())
        photographs, labels = in_batches(embed, people.test.floats).numpy(), people.test.labels.numpy()
        mask = torch.isin(strangers.test.labels, torch.tensor(chosen))
        return {
            "photographs": photographs,
            "labels": labels,
            "strangers": in_batches(embed, to_floats(strangers.test.images[mask])).numpy(),
            "stranger_labels": strangers.test.labels[mask].numpy(),
            "chosen": chosen,
            "threshold": threshold_of(photographs, labels, people.count),
        }

    def unpack(self, values: Values) -> Looks:
        photographs, labels, strangers, whose = (
            values[name] for name in ("photographs", "labels", "strangers", "stranger_labels")
        )
        pairs = list(zip(self.surrogates.protected, map(int, values["chosen"]), strict=True))
        return Looks(
            {person: photographs[labels == person] for person, _ in pairs},
            {person: strangers[whose == stranger] for person, stranger in pairs},
            float(values["threshold"]),
        )
