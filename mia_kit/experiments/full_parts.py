"""The parts of a Plug & Play attack at full size, each kept in the store under all that shapes it, pictures included.

Classifiers, the target's opinion of the pool, one chunk of people under attack, what the judges say of a chunk, the
student that learns from all of them. A killed run loses at most the chunk at work, and of a classifier the epoch.
Images are synthesised once, by the attack; they are kept as pictures of 256 shades, and every measure looks at those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from mia_kit.access import WhiteBox
from mia_kit.attacks import Reconstructions
from mia_kit.attacks.ppa import Settings, score_pool
from mia_kit.data.pictures import to_bytes
from mia_kit.experiments.albums import Album, load_album
from mia_kit.experiments.face_attack import Judges, appoint_for, attack
from mia_kit.experiments.face_parts import course, packed, per_person, unpacked
from mia_kit.experiments.face_people import public_people
from mia_kit.experiments.face_targets import Fitted, quality
from mia_kit.experiments.full_networks import ask, build, choose_device, in_precision, placed, prepared, train
from mia_kit.experiments.full_priors import build_prior, prior_digest
from mia_kit.metrics import nearest_squared, person_distances, target_ranks
from mia_kit.metrics.leakage import centre_ranks
from mia_kit.models import Prior, in_batches, load_embedder, sample_latents
from mia_kit.models.facenet import load_facenet
from mia_kit.models.weights import without_head
from mia_kit.runs.store import Store
from mia_kit.training.journal import journal

# Raise it when a part's code gives other results.
VERSION = 1
# Judges that come with weights, by the name that a recipe gives as `embedder`: dlib's network, and FaceNet.
EMBEDDERS: dict[str, Callable[[], nn.Module]] = {"face_embed128": load_embedder, "facenet": load_facenet}


@dataclass(frozen=True)
class FullParts:
    """The parts that a recipe of `facescrub_ppa` needs, made when they are asked for."""

    recipe: dict[str, Any]
    store: Store
    progress: bool = True
    _albums: dict[int, Album] = field(default_factory=dict, init=False, repr=False)
    _models: dict[str, Fitted] = field(default_factory=dict, init=False, repr=False)
    _appointed: dict[int, Judges] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def device(self) -> torch.device:
        return choose_device(self.recipe["device"])

    @cached_property
    def prior(self) -> Prior:
        return build_prior(self.recipe["prior"], size=self.recipe["target"]["size"], device=self.device)

    @cached_property
    def prior_settings(self) -> list[Any]:
        return [self.recipe["prior"], prior_digest(self.recipe["prior"])]

    def album(self, seed: int) -> Album:
        if seed not in self._albums:
            self._albums[seed] = load_album(seed=seed, **self.recipe["people"])
        return self._albums[seed]

    def chunks(self, seed: int = 0) -> Iterator[list[int]]:
        """The people, `chunk` at a time."""
        people = range(len(self.album(seed).class_names))
        for first in people[:: self.recipe["chunk"]]:
            yield list(people[first : first + self.recipe["chunk"]])

    def classifier(self, kind: str, seed: int, smoothing: float = 0.0) -> Fitted:
        """The target, evaluator or embedder of a seed's split; they stay on the device."""
        spec, album = self.recipe[kind], self.album(seed)
        training, classes = album.span(spec["span"]), len(album.class_names)
        settings = self.classifier_settings(kind, seed, smoothing)

        def make(checkpoint: Path) -> dict[str, Any]:
            model = train(
                spec,
                album.take(training.nonzero().squeeze(1)),
                album.labels[training],
                classes,
                seed=seed,
                smoothing=smoothing,
                trunk=self.trunk(kind),
                device=self.device,
                checkpoint=checkpoint,
                progress=self.progress,
            )
            everybody = torch.ones(len(album.labels), dtype=torch.bool)
            logits = ask(model, album, everybody, size=spec["size"], device=self.device)
            confidences = logits.softmax(dim=1).numpy()
            return packed(Fitted(model, **quality(confidences, album.labels.numpy(), training.numpy())))

        name = f"{kind} {seed} {smoothing}"
        if name not in self._models:
            stored = self.store.get(f"full_{kind}", settings, make, version=VERSION)
            fitted = unpacked(build(spec, classes, seed=0, pretrained=False), stored)
            placed(fitted.model, self.device)
            self._models[name] = fitted
        return self._models[name]

    def trunk(self, kind: str) -> dict[str, Tensor] | None:
        """The weights of a network of this kind that has learnt public people; None if the recipe asks for none.

        They take the place of ImageNet's where a computer has no network to fetch those.
        """
        spec = self.recipe[kind]
        if "public" not in spec:
            return None
        own, size = {**spec, **spec["public"]}, self.recipe["people"]["size"]

        def make(checkpoint: Path) -> dict[str, Any]:
            pictures, labels = public_people(size)
            model = train(
                own,
                pictures,
                labels,
                int(labels.max()) + 1,
                seed=0,
                device=self.device,
                checkpoint=checkpoint,
                progress=self.progress,
            )
            return without_head(model.state_dict())

        settings = {"kind": kind, "size": size, "network": own}
        return self.store.get("full_trunk", settings, make, version=VERSION)

    def judges(self, seed: int) -> Judges:
        """The evaluator and the embedder, appointed once; references are photographs that the target does not see."""
        if seed not in self._appointed:
            self._appointed[seed] = self._appoint(seed)
        return self._appointed[seed]

    def _appoint(self, seed: int) -> Judges:
        album, embed = self.album(seed), self._embedder(seed)

        def make(checkpoint: Path) -> dict[str, Any]:
            everybody = torch.ones(len(album.labels), dtype=torch.bool)
            size = self._side("embedder", album)
            return {"embeddings": ask(embed, album, everybody, size=size, device=self.device)}

        stored = self.store.get("full_embeddings", self._embedder_settings(seed), make, version=VERSION)
        everything = np.asarray(stored["embeddings"])
        unseen = ~album.span(self.recipe["target"]["span"])
        evaluator = self.classifier("evaluator", seed).model
        return appoint_for(everything, album.labels.numpy(), unseen.numpy(), evaluator, embed)

    def scores(self, seed: int, smoothing: float) -> Tensor:
        """The target's mean confidence in each image of the pool and its mirror image: shape (pool, people)."""
        own, side = self.recipe["attack"], self.recipe["target"]["size"]

        def score(batch_size: int) -> Tensor:
            settings = Settings((side, side), pool=own["pool"], candidates=1, keep=1, batch_size=batch_size)
            pool = sample_latents(self.prior, own["pool"], seed=seed).to(self.device)
            return score_pool(WhiteBox(self._target(seed, smoothing)), self.prior, pool, settings)

        settings = {
            "target": self.classifier_settings("target", seed, smoothing),
            "prior": self.prior_settings,
            "pool": own["pool"],
        }
        stored = self.store.get(
            "full_scores",
            settings,
            lambda checkpoint: {"scores": with_room(score, own["batch_size"])},
            version=VERSION,
        )
        return torch.as_tensor(stored["scores"])

    def attacked(self, people: list[int], *, seed: int, smoothing: float) -> dict[str, Any]:
        """All candidates of these people.

        images : uint8 Tensor of shape (m, 3, size, size)
        codes : of shape (m, ...); targets, selected, scores : of shape (m,)
        cosines, norms : of gradients, medians over candidates, of shape (steps,)
        """

        def search(batch_size: int) -> Reconstructions:
            return attack(
                self._target(seed, smoothing),
                self.prior,
                people,
                self.recipe["attack"] | {"batch_size": batch_size},
                size=self.recipe["target"]["size"],
                seed=seed,
                scores=self.scores(seed, smoothing),
                progress=self.progress,
            )

        def make(checkpoint: Path) -> dict[str, Any]:
            found = with_room(search, self.recipe["attack"]["batch_size"])
            with journal(checkpoint) as note:
                for step, (loss, norm) in enumerate(zip(found.trace.losses, found.trace.gradient_norms, strict=True)):
                    note(step, loss=loss.mean(), gradient_norm=norm.median())
            return {"images": to_bytes(found.images), "codes": found.codes, **course(found)}

        settings = self.attack_settings(people, seed, smoothing)
        return self.store.get("full_attack", settings, make, version=VERSION)

    def judged(self, people: list[int], *, seed: int, smoothing: float) -> dict[str, np.ndarray]:
        """What the judges say of `attacked`: targets, selected, rank, embedder_rank, distance, nearest, each (m,).

        More: cosines and norms of `attacked`; threshold, genuine and named, the judges' own, single numbers.
        """
        found = self.attacked(people, seed=seed, smoothing=smoothing)

        def make(checkpoint: Path) -> dict[str, Any]:
            judges, album = self.judges(seed), self.album(seed)
            sizes = {name: self._side(name, album) for name in ("evaluator", "embedder")}
            targets = found["targets"].numpy()

            def look(function: Callable[[Tensor], Tensor], name: str) -> Tensor:
                return in_batches(
                    lambda part: function(prepared(part, sizes[name], self.device)).float().cpu(), found["images"]
                )

            features, embeddings = look(judges.evaluator.features, "evaluator"), look(judges.embed, "embedder").numpy()
            own = album.span(self.recipe["target"]["span"]) & torch.isin(album.labels, torch.tensor(people))
            trained_on = ask(judges.evaluator.features, album, own, size=sizes["evaluator"], device=self.device)
            logits = in_batches(lambda part: judges.evaluator.head(part.to(self.device)).cpu(), features)
            return {
                "rank": target_ranks(logits.numpy(), targets),
                "embedder_rank": centre_ranks(embeddings, targets, judges.centres),
                "distance": person_distances(embeddings, targets, judges.references, judges.reference_labels),
                "nearest": nearest_squared(features.numpy(), targets, trained_on.numpy(), album.labels[own].numpy()),
                **{name: getattr(judges, name) for name in ("threshold", "genuine", "named")},
            }

        settings = self.attack_settings(people, seed, smoothing) | {
            "evaluator": self.classifier_settings("evaluator", seed, 0.0),
            "embedder": self._embedder_settings(seed),
        }
        stored = self.store.get("full_judged", settings, make, version=VERSION)
        kept = {name: found[name] for name in ("targets", "selected", "cosines", "norms")}
        return {name: np.asarray(value) for name, value in (kept | stored).items()}

    def extraction(self, *, seed: int, smoothing: float) -> np.ndarray:
        """Each person's score as `mia_kit.experiments.knowledge_extraction` explains it: shape (people,)."""
        spec, album = self.recipe["student"], self.album(seed)
        chunks = list(self.chunks(seed))

        def make(checkpoint: Path) -> dict[str, Any]:
            pictures, labels = [], []
            for people in chunks:
                found = self.attacked(people, seed=seed, smoothing=smoothing)
                picked = found["selected"].bool()
                pictures.append(found["images"][picked])
                labels.append(found["targets"][picked])
            student = train(
                spec,
                torch.cat(pictures),
                torch.cat(labels),
                len(album.class_names),
                seed=seed,
                device=self.device,
                checkpoint=checkpoint,
                progress=self.progress,
            )
            own = album.span(self.recipe["target"]["span"])
            truth = album.labels[own].numpy()
            named = ask(student, album, own, size=spec["size"], device=self.device).argmax(dim=1).numpy()
            return {"score": per_person(named == truth, truth, np.ones(len(truth), dtype=bool))}

        settings = self.attack_settings([], seed, smoothing) | {"student": spec, "chunk": self.recipe["chunk"]}
        return np.asarray(self.store.get("full_extraction", settings, make, version=VERSION)["score"])

    def classifier_settings(self, kind: str, seed: int, smoothing: float) -> dict[str, Any]:
        people = {"people": self.recipe["people"], "photographs": self.album(seed).digest, "seed": seed}
        return people | {kind: self.recipe[kind], "smoothing": smoothing}

    def attack_settings(self, people: list[int], seed: int, smoothing: float) -> dict[str, Any]:
        return {
            "target": self.classifier_settings("target", seed, smoothing),
            "attack": self.recipe["attack"],
            "prior": self.prior_settings,
            "classes": people,
        }

    def _target(self, seed: int, smoothing: float) -> nn.Module:
        return in_precision(self.classifier("target", seed, smoothing).model, self.recipe["target"])

    def _embedder(self, seed: int) -> Callable[[Tensor], Tensor]:
        """The face embedder, or the features of a classifier of our own where the recipe describes one."""
        if trained_elsewhere(name := self.recipe["embedder"]):
            return EMBEDDERS[name]().to(self.device)
        return self.classifier("embedder", seed).model.features

    def _embedder_settings(self, seed: int) -> dict[str, Any]:
        if trained_elsewhere(name := self.recipe["embedder"]):
            return self.classifier_settings("people", seed, 0.0) | {"embedder": name}
        return self.classifier_settings("embedder", seed, 0.0)

    def _side(self, kind: str, album: Album) -> int:
        """Pixels that a judge is shown; the face embedder resizes for itself."""
        spec = self.recipe[kind]
        return int(album.size if trained_elsewhere(spec) else spec["size"])


def trained_elsewhere(embedder: str | dict[str, Any]) -> bool:
    """Whether a recipe's embedder is one of `EMBEDDERS` and not a network to train. ValueError for another name."""
    if isinstance(embedder, str) and embedder not in EMBEDDERS:
        raise ValueError(f"embedder must be one of {', '.join(EMBEDDERS)} or a network, got {embedder!r} instead")
    return isinstance(embedder, str)


Result = TypeVar("Result")


def with_room(work: Callable[[int], Result], batch_size: int) -> Result:
    """`work(batch_size)`, with half as many images at a time as often as a GPU's memory is too small for that.

    So a recipe may ask for many. Raises torch.OutOfMemoryError if one image is too many.
    """
    while True:
        try:
            return work(batch_size)
        except torch.OutOfMemoryError:
            if batch_size == 1:
                raise
        batch_size //= 2
        torch.cuda.empty_cache()
