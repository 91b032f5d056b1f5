"""The live attacks of chapters 3 to 5: forty people of ORL, a small target, the DCGAN of rendered faces, on a CPU.

Everything comes from Python packages, so the second judge is not the face embedder, whose weights no package has, but
the features of another classifier, trained on the photographs that the target never sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mia_kit.access import WhiteBox
from mia_kit.attacks import Reconstructions, Settings
from mia_kit.attacks.ppa import score_pool
from mia_kit.attacks.reconstructions import comparable
from mia_kit.data.pictures import to_bytes
from mia_kit.experiments.face_attack import Judges, Measures, appoint, attack, film, fitted, measure
from mia_kit.experiments.face_people import People, load_people
from mia_kit.experiments.face_targets import Fitted, fit_evaluator, fit_target, in_batches
from mia_kit.metrics import person_distances
from mia_kit.models import DCGAN_FRAME, Framed, Prior, load_dcgan, load_embedder, sample_latents
from mia_kit.training import one_thread

SIZE, POOL, PHOTOGRAPHS = 64, 5, 10
EPOCHS = 50
TARGET = {"width": 16, "epochs": EPOCHS, "batch_size": 32, "learning_rate": 1e-3}
EVALUATOR = TARGET | {"width": 24}
ATTACK: dict[str, Any] = {
    "pool": 1000,
    "candidates": 4,
    "keep": 1,
    "steps": 50,
    "learning_rate": 0.05,
    "selection_views": 10,
    "batch_size": 32,
    "film": [0, 2, 5, 10, 20, 30, 40, 50],
}
# For chapters that train and attack several targets: half and a third of the time for each.
BRIEF_EPOCHS = 25
BRIEF_ATTACK = ATTACK | {"pool": 500, "candidates": 2, "steps": 30, "film": [0, 10, 20, 30]}


@dataclass(frozen=True, eq=False)
class Scene:
    """Who is attacked, with what, and who judges."""

    people: People
    target: Fitted
    evaluator: Fitted
    judges: Judges
    prior: Prior


@dataclass(frozen=True, eq=False)
class Film:
    """An attack along its way: for each number of steps the reconstructions and what the judges say of them."""

    steps: tuple[int, ...]
    frames: tuple[Reconstructions, ...]
    measures: tuple[Measures, ...]

    @property
    def selected(self) -> np.ndarray:
        """Which candidates the attacker hands in after the last step: bool array of shape (m,)."""
        return self.measures[-1].selected

    def pictures(self) -> np.ndarray:
        """The selected candidates at each step: uint8 array of shape (steps, people, h, w, 3)."""
        return np.stack([as_pictures(frame.images[frame.selected]) for frame in self.frames])

    def ranks(self) -> np.ndarray:
        """The evaluator's rank of the person for every candidate: shape (steps, m); 1 is a hit."""
        return np.stack([one.rank for one in self.measures])

    def distances(self) -> np.ndarray:
        """The second judge's distance from every candidate to the person: shape (steps, m)."""
        return np.stack([one.distance for one in self.measures])


@dataclass(frozen=True, eq=False)
class Sample:
    """Stage 1, sampling.

    random : the first faces of the pool, uint8 of shape (k, h, w, 3)
    best : for each target class the faces that the target model likes most, uint8 of shape (people, k, h, w, 3)
    confidences : the target model's in those, of shape (people, k)
    """

    random: np.ndarray
    best: np.ndarray
    confidences: np.ndarray


def orl_people(seed: int = 0) -> People:
    """The forty people; the seed deals their photographs out to target and evaluator."""
    return load_people("orl", size=SIZE, pool=POOL, least=PHOTOGRAPHS, seed=seed)


def set_up(smoothing: float = 0.0, *, seed: int = 0, epochs: int = EPOCHS, progress: bool = True) -> Scene:
    """Train the target and both judges, about half a minute. Raises DataError if the DCGAN's weights are absent."""
    prior = Framed(load_dcgan(), *DCGAN_FRAME)
    people = orl_people(seed)
    with one_thread():
        own, judges_own = TARGET | {"epochs": epochs}, EVALUATOR | {"epochs": epochs}
        target = fit_target(people, own, per_class=POOL, smoothing=smoothing, seed=seed, progress=progress)
        evaluator = fit_evaluator(people, judges_own, seed=seed + 1, progress=progress)
        second = fit_evaluator(people, judges_own, seed=seed + 2, progress=progress)
        judges = appoint(people, evaluator.model, second.model.features)
    return Scene(people, target, evaluator, judges, prior)


def retrained(
    scene: Scene,
    smoothing: float,
    *,
    per_class: int = POOL,
    seed: int = 0,
    epochs: int = EPOCHS,
    progress: bool = True,
) -> Scene:
    """The same scene with a target of another factor, or of fewer photographs of each person: ten seconds."""
    chosen: dict[str, Any] = {"per_class": per_class, "smoothing": smoothing, "seed": seed, "progress": progress}
    with one_thread():
        return replace(scene, target=fit_target(scene.people, TARGET | {"epochs": epochs}, **chosen))


def sample(scene: Scene, target_classes: Sequence[int], *, count: int = 6, seed: int = 0) -> Sample:
    """The faces that `attack_people` with the same seed begins from, the best `count` for each class."""
    settings = Settings(input_size=(SIZE, SIZE), pool=ATTACK["pool"])
    pool = sample_latents(scene.prior, settings.pool, seed=seed)
    scores = score_pool(WhiteBox(scene.target.model), scene.prior, pool, settings)
    best = comparable(scores[:, list(target_classes)]).T.topk(count, dim=1)  # (people, count)
    starts = torch.cat([torch.arange(count), best.indices.flatten()])
    faces = as_pictures(in_batches(scene.prior.synthesise, scene.prior.map(pool[starts])))
    return Sample(faces[:count], faces[count:].reshape(len(best.values), count, *faces.shape[1:]), best.values.numpy())


def attack_people(
    scene: Scene,
    target_classes: Sequence[int],
    *,
    settings: dict[str, Any] | None = None,
    seed: int = 0,
    progress: bool = True,
) -> Film:
    """Attack some of the forty, four seconds each with `ATTACK`, and let the judges look at every frame of the film."""
    settings = settings or ATTACK
    found = attack(scene.target.model, scene.prior, target_classes, settings, size=SIZE, seed=seed, progress=progress)
    frames = film(found, scene.prior)
    measures = tuple(measure(frame, scene.people, scene.judges, per_class=POOL) for frame in frames)
    return Film(tuple(settings["film"]), tuple(frames), measures)


def plain_confidences(scene: Scene, found: Reconstructions) -> np.ndarray:
    """The target's confidence in each reconstruction as it is, without augmentation: shape (m,)."""
    confidences = in_batches(WhiteBox(scene.target.model).confidences, fitted(found.images, scene.people))
    return confidences.gather(1, found.targets[:, None]).squeeze(1).numpy()


def beside_photographs(scene: Scene, film: Film) -> tuple[np.ndarray, np.ndarray]:
    """A photograph that the target never saw, and the reconstruction as judges get it: uint8 (people, h, w, 3) each."""
    people, found = scene.people, film.frames[-1]
    first = people.floats(people.order == people.pool)  # (all people, 1, h, w), by class
    photographs = first[found.targets[found.selected]]
    handed_in = fitted(found.images[found.selected], people)
    return as_pictures(photographs.expand(-1, 3, -1, -1)), as_pictures(handed_in.expand(-1, 3, -1, -1))


def strangers(scene: Scene, person: int) -> np.ndarray:
    """Distances to the person, as the second judge sees them, of all photographs of other people: shape (n,)."""
    people, judges = scene.people, scene.judges
    others = people.labels != person
    embeddings = in_batches(judges.embed, people.floats(others)).numpy()
    claimed = np.full(len(embeddings), person)
    return person_distances(embeddings, claimed, judges.references, judges.reference_labels)


def third_judge(scene: Scene) -> Judges:
    """A face embedder that has never seen anybody of ORL. Raises DataError if its weights are absent."""
    return appoint(scene.people, scene.evaluator.model, load_embedder())


def as_pictures(images: Tensor) -> np.ndarray:
    """Images in [-1, 1] of shape (n, 3, h, w) as uint8 of shape (n, h, w, 3)."""
    scaled: np.ndarray = to_bytes(images).permute(0, 2, 3, 1).numpy()
    return scaled
