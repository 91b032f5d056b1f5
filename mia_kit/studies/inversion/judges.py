"""Judges of reconstructions: an evaluator that names people, and an embedding in which people lie apart.

The *evaluator* was trained on other photographs of the same people than the target and is another architecture. The
*embedding* is independent of both: of drawn people the features of a second judge, trained on photographs of its own;
of real people the numbers of a face embedder that has never seen any of them: dlib's, or the papers' FaceNet. In the
embedding a reconstruction is held against photographs of the person that no target sees. It counts as verified if it
lies nearer to them than all but a hundredth of strangers do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from mia_kit.attacks.prior_to_target import in_channels, resize
from mia_kit.data.pictures import to_floats
from mia_kit.metrics import person_distances, target_ranks
from mia_kit.metrics.leakage import centre_ranks
from mia_kit.metrics.realism import manifold_measures
from mia_kit.models import Classifier, in_batches, load_embedder, same_person_threshold
from mia_kit.models.facenet import load_facenet
from mia_kit.runs.parts import Made, Part, Values
from mia_kit.studies.inversion.devices import ask
from mia_kit.studies.inversion.networks import Evaluator, evaluator_of
from mia_kit.studies.inversion.people import PeoplePart
from mia_kit.studies.inversion.recipe import Embedder, Network

FALSE_MATCH_RATE = 0.01
AT_ONCE = 1024  # pictures that are judged together
Embed = Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Judges:
    """Who judges, and what they go by.

    evaluator : classifier of the people
    embed : images of shape (n, channels, h, w) -> embeddings of shape (n, d)
    references, labels : embeddings of photographs that no target sees, and whose they are
    threshold : distance below which a hundredth of strangers fall
    size : (h, w) of the photographs
    latents : of drawn people, their true latents
    """

    evaluator: Classifier
    embed: Embed
    references: np.ndarray
    labels: np.ndarray
    threshold: float
    size: tuple[int, int]
    channels: int
    latents: Tensor | None

    @property
    def centres(self) -> np.ndarray:
        """The mean embedding of each person's references: shape (people, d)."""
        return np.stack([self.references[self.labels == person].mean(axis=0) for person in np.unique(self.labels)])


def judge(judges: Judges, images: Tensor, codes: Tensor | None, targets: np.ndarray) -> dict[str, np.ndarray]:
    """What the judges say of reconstructions of shape (m, channels, h, w): an array of shape (m,) for each measure.

    rank : of the person among the evaluator's classes; 1 is a hit. acc1, acc5 : whether it is at most 1 or 5
    identity_rank : of the person among all people's centres in the embedding. named : whether it is 1
    distance : median distance in the embedding to photographs of the person. verified : whether below the threshold
    latent_rank, latent_cosine : of drawn people, where `codes` are latents: the true latent's rank among all people's
        by its cosine with the code, and that cosine; 1 is the identity itself
    """
    images = resize(in_channels(judges.channels, images), judges.size)
    rank = target_ranks(ask(judges.evaluator, images).numpy(), targets)
    embeddings = in_batches(judges.embed, images).numpy()
    identity_rank = centre_ranks(embeddings, targets, judges.centres)
    distance = person_distances(embeddings, targets, judges.references, judges.labels)
    measures = {
        "acc1": rank == 1,
        "acc5": rank <= 5,
        "rank": rank,
        "identity_rank": identity_rank,
        "named": identity_rank == 1,
        "distance": distance,
        "verified": distance < judges.threshold,
    }
    if judges.latents is not None and codes is not None and codes.shape[1:] == judges.latents.shape[1:]:
        cosines = (normalize(codes) @ normalize(judges.latents).T).numpy()  # (m, people)
        measures["latent_cosine"] = cosines[np.arange(len(targets)), targets]
        measures["latent_rank"] = target_ranks(cosines, targets)
    return measures


def judge_all(
    judges: Judges, images: Callable[[np.ndarray], Tensor], codes: Tensor | None, targets: np.ndarray
) -> dict[str, np.ndarray]:
    """`judge` for any number of pictures: `images` gives those at some places, so that not all exist at once."""
    parts = []
    for places in np.split(np.arange(len(targets)), range(AT_ONCE, len(targets), AT_ONCE)):
        of_part = None if codes is None else codes[torch.from_numpy(places)]
        parts.append(judge(judges, images(places), of_part, targets[places]))
    return {measure: np.concatenate([part[measure] for part in parts]) for measure in parts[0]}


def judge_set(judges: Judges, images: Callable[[np.ndarray], Tensor], targets: np.ndarray) -> dict[str, float]:
    """Precision, recall, density and coverage of all reconstructions against references of the same people.

    All in the embedding, with the three nearest neighbours; at most `AT_ONCE` of each, evenly chosen. Nothing of fewer
    than four. See `mia_kit.metrics.realism`.
    """
    if len(targets) < 4:
        return {}
    references = judges.references[np.isin(judges.labels, targets)]
    seen = resize(in_channels(judges.channels, images(_evenly(len(targets)))), judges.size)
    embeddings = in_batches(judges.embed, seen).numpy()
    return asdict(manifold_measures(references[_evenly(len(references))], embeddings))


def _evenly(count: int) -> np.ndarray:
    """At most `AT_ONCE` of so many places, evenly spread."""
    return np.linspace(0, count - 1, min(count, AT_ONCE)).astype(int)


@dataclass(frozen=True)
class References(Part[np.ndarray]):
    """Embeddings of the photographs that reconstructions are held against: shape (n, d)."""

    people: PeoplePart
    second: Evaluator | None
    embedder: Embedder = "face_embed128"
    device: str = "cpu"

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        embed = embedding(made, self.second, self.embedder, self.device)
        return {"embeddings": in_batches(lambda part: embed(to_floats(part)), made(self.people).judge.images).numpy()}


@dataclass(frozen=True)
class JudgesPart(Part[Judges]):
    """The judges of a seed's people.

    second : the second judge, or None for real people whom the `embedder` of the references knows apart
    named_by : who names people: the evaluator, or the second judge of somebody who inverts the evaluator
    """

    people: PeoplePart
    named_by: Evaluator
    second: Evaluator | None
    references: References
    kept: ClassVar[bool] = False

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        people, references = made(self.people), made(self.references)
        labels = people.judge.labels.numpy()
        threshold = threshold_of(references, labels, people.count)
        embed = embedding(made, self.second, self.references.embedder, self.references.device)
        (height, width), evaluator = people.target.images.shape[2:], made(self.named_by)
        about_people = ((height, width), people.channels, people.latents)
        return {"judges": Judges(evaluator, embed, references, labels, threshold, *about_people)}


def threshold_of(embeddings: np.ndarray, labels: np.ndarray, people: int) -> float:
    """The distance below which a hundredth of strangers fall: photographs held against the next five people's."""
    shifts = range(1, min(6, people))
    apart = [person_distances(embeddings, (labels + shift) % people, embeddings, labels) for shift in shifts]
    return float(same_person_threshold(FALSE_MATCH_RATE, np.concatenate(apart)))


def embedding(made: Made, second: Evaluator | None, embedder: Embedder = "face_embed128", device: str = "cpu") -> Embed:
    """The second judge's features, or a face embedder's; a grey picture is shown to all three of its colours."""
    if second is not None:
        model = made(second)
        return lambda images: ask(model, images, model.features)
    place = "cuda" if device == "auto" and torch.cuda.is_available() else "cpu"
    network: nn.Module = (load_facenet() if embedder == "facenet" else load_embedder()).to(place)
    return lambda images: in_batches(network, images.expand(-1, 3, -1, -1).to(place), batch_size=64).cpu()


def judges_of(
    people: PeoplePart, namer: Network, second: Network | None, *, embedder: Embedder = "face_embed128"
) -> JudgesPart:
    """The judges, among whom the evaluator names people; each begins from its public trunk, if it has one."""
    evaluator = evaluator_of(people, namer)
    judge = evaluator_of(people, second, role="judge") if second else None
    return JudgesPart(people, evaluator, judge, References(people, judge, embedder, namer.device))
