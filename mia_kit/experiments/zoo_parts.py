"""The parts of the attack zoo, each kept in the store: GANs, surrogates, attacks, their starts, and what judges say.

Targets, evaluators and Plug & Play's attacks are those of `face_parts`, under the same names: what another recipe has
made of the same people is found again. Judging is a part of its own, so that other judges need no new attack.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mia_kit.access import Access
from mia_kit.attacks import Settings
from mia_kit.attacks.latent_search import white_box
from mia_kit.attacks.losses import LOSSES
from mia_kit.attacks.prior_to_target import synthesise
from mia_kit.data.pictures import to_bytes, to_floats
from mia_kit.experiments import zoo_tools
from mia_kit.experiments.face_attack import judge
from mia_kit.experiments.face_parts import VERSION as FACE_VERSION
from mia_kit.experiments.face_parts import Parts
from mia_kit.experiments.face_people import People
from mia_kit.experiments.zoo_attacks import (
    Pixels,
    Tools,
    access_name,
    best_start,
    give_access,
    handed_in,
    random_start,
    run_attack,
)
from mia_kit.experiments.zoo_tools import CRITICS, LEARNS_FROM_TARGET
from mia_kit.models import Classifier, Prior
from mia_kit.models.style_prior import load_discriminator, weights_digest

# Raise it when a part's code gives other results.
VERSION = 2
LOMMA_VERSION = 3  # of its loss
LOMMA = "lomma"
STYLE = "style"
STARTS = ("random", "best")

Spec = Mapping[str, Any]  # an entry of a recipe's `attacks`: name, attack, and optionally loss and settings


@dataclass(frozen=True, eq=False)
class Cell:
    """Which target is under attack."""

    people: People
    smoothing: float
    per_class: int
    seed: int

    @property
    def chosen(self) -> dict[str, Any]:
        """The same in the words of `Parts`."""
        return {"smoothing": self.smoothing, "per_class": self.per_class, "seed": self.seed}

    @property
    def classes(self) -> int:
        """How many people there are."""
        return len(self.people.class_names)

    @property
    def image_size(self) -> tuple[int, int, int]:
        """What the target takes."""
        channels, height, width = self.people.images.shape[1:]
        return channels, height, width


@dataclass(frozen=True)
class Zoo:
    """The parts that a recipe of the zoo needs, made when they are asked for.

    parts : of a recipe that has, besides what `Parts` needs, public (a number of photographs), generators (by attack,
        see `zoo_tools`), lomma (widths of the surrogates, and LOMMA's settings)
    """

    parts: Parts

    def attacked(self, spec: Spec, cell: Cell) -> dict[str, Any]:
        """One picture of each person, and what it took.

        pictures : uint8 array of shape (people, channels, h, w), blank where the attack found nothing
        reached : bool array of shape (people,)
        took, queries : seconds of the attack, and images that the target was asked about in it
        tools_took, tools_queries : the same for the GAN and the surrogates
        """

        def make(checkpoint: Path) -> dict[str, Any]:
            if spec["attack"] == "ppa":
                return self._plug_and_play(spec, cell)
            access = give_access(spec["attack"], self._target(cell))
            tools = self.tools(spec, cell, access)
            began = time.perf_counter()
            found = run_attack(
                spec["attack"],
                access,
                range(cell.classes),
                tools,
                dict(spec.get("settings", {})),
                image_size=cell.image_size,
                seed=cell.seed,
                progress=self.parts.progress,
            )
            pictures, reached = handed_in(found)
            return {
                "pictures": pictures.numpy(),
                "reached": reached.numpy(),
                "took": time.perf_counter() - began,
                "queries": found.queries,
                "tools_took": tools.seconds,
                "tools_queries": tools.queries,
            }

        return self.parts.store.get("zoo_attack", self.attack_settings(spec, cell), make, version=VERSION)

    def start(self, which: str, spec: Spec, cell: Cell) -> dict[str, Any]:
        """The attack's start, "random" or "best": pictures, reached and queries as from `attacked`."""

        def make(checkpoint: Path) -> dict[str, Any]:
            prior = self._source(spec, cell)
            if which == "random":
                pictures = random_start(prior, cell.classes, seed=cell.seed).numpy()
                return {"pictures": pictures, "reached": np.ones(cell.classes, dtype=bool), "queries": 0}
            access, pool = give_access(spec["attack"], self._target(cell)), self.parts.recipe["attack"]["pool"]
            own = best_start(access, prior, cell.classes, pool=pool, size=cell.image_size[1:], seed=cell.seed)
            return {"pictures": own[0].numpy(), "reached": own[1].numpy(), "queries": access.queries}

        return self.parts.store.get("zoo_start", self.start_settings(which, spec, cell), make, version=VERSION)

    def judged(self, made: dict[str, Any], settings: dict[str, Any], cell: Cell) -> dict[str, np.ndarray]:
        """What the judges say of the pictures that these settings name: arrays of shape (people,), as in `Measures`.

        More: threshold, genuine and named, the judges' own, single numbers.
        """

        def make(checkpoint: Path) -> dict[str, Any]:
            judges = self.parts.judges(cell.people, cell.seed)
            images = to_floats(torch.from_numpy(made["pictures"]))
            everybody = np.arange(cell.classes)
            found = judge(images, everybody, made["reached"], cell.people, judges, per_class=cell.per_class)
            names = ("rank", "embedder_rank", "distance", "nearest")
            measured = {name: getattr(found, name) for name in names}
            return measured | {name: getattr(judges, name) for name in ("threshold", "genuine", "named")}

        own = {"of": settings, "per_class": cell.per_class, "evaluator": self.parts.evaluator_settings(cell.seed)}
        stored = self.parts.store.get("zoo_judged", own, make, version=VERSION)
        return {name: np.asarray(value) for name, value in stored.items()}

    def tools(self, spec: Spec, cell: Cell, access: Access) -> Tools:
        """What the attack has besides this access. ValueError for an unknown loss."""
        kind, loss = spec["attack"], spec.get("loss")
        tools = self.generator(kind, cell) if kind in CRITICS else Tools(self._source(spec, cell))
        if loss is None:
            return tools
        if loss != LOMMA:
            if loss not in LOSSES:
                raise ValueError(f"loss must be {LOMMA} or one of {', '.join(LOSSES)}, got {loss!r} instead")
            return replace(tools, loss=LOSSES[loss])
        stored = self.surrogates(cell)
        own = {"channels": cell.image_size[0], "classes": cell.classes, "seed": cell.seed}
        return replace(
            tools,
            loss=zoo_tools.logit_loss(self.parts.recipe["lomma"], white_box(access, "LOMMA"), stored, **own),
            seconds=tools.seconds + stored["took"],
            queries=tools.queries + stored["queries"],
        )

    def generator(self, kind: str, cell: Cell) -> Tools:
        """The GAN of "gmi", which serves all targets of a seed, or of "kedmi" or "plgmi", one for each target."""
        if kind == "gmi" and self._from_style(kind):
            return Tools(self.parts.prior, load_discriminator())
        own = dict(self.parts.recipe["generators"][kind])
        width = own.pop("width", None)
        own.pop("start", None)

        def fresh() -> tuple[Any, Any]:
            return zoo_tools.players(kind, width, image_size=cell.image_size, classes=cell.classes, seed=cell.seed)

        def make(checkpoint: Path) -> dict[str, Any]:
            both = fresh()
            training = zoo_tools.train_players(
                kind,
                *both,
                self._public(both[0].image_size),
                own,
                target=self._target(cell) if kind in LEARNS_FROM_TARGET else None,
                seed=cell.seed,
                checkpoint=checkpoint,
                progress=self.parts.progress,
            )
            return zoo_tools.packed(*both, training)

        settings = self._source_settings(kind, cell)
        return zoo_tools.unpacked(*fresh(), self.parts.store.get("zoo_generator", settings, make, version=VERSION))

    def surrogates(self, cell: Cell) -> dict[str, Any]:
        """LOMMA's surrogates of a target, and what they took."""

        def make(checkpoint: Path) -> dict[str, Any]:
            target, images = self._target(cell), self._public(cell.image_size)
            began = time.perf_counter()
            own: dict[str, Any] = {"classes": cell.classes, "seed": cell.seed, "progress": self.parts.progress}
            made = zoo_tools.distilled(self.parts.recipe["lomma"], target, images, **own)
            return made | {"took": time.perf_counter() - began}

        return self.parts.store.get("zoo_surrogates", self._surrogate_settings(cell), make, version=VERSION)

    def attack_settings(self, spec: Spec, cell: Cell) -> dict[str, Any]:
        """All that shapes an attack; its name in the recipe does not."""
        if spec["attack"] == "ppa":
            own = self.parts.with_loss(spec.get("loss")).attack_settings(
                cell.per_class, cell.seed, {"smoothing": cell.smoothing}
            )
            return {"ppa": own}
        found = {
            "attack": spec["attack"],
            "settings": dict(spec.get("settings", {})),
            "loss": spec.get("loss"),
            "source": self._source_settings(spec["attack"], cell),
            "target": self.parts.target_settings(cell.smoothing, cell.per_class, cell.seed),
        }
        own = {LOMMA: self._surrogate_settings(cell), "loss_version": LOMMA_VERSION}
        return found | (own if spec.get("loss") == LOMMA else {})

    def start_settings(self, which: str, spec: Spec, cell: Cell) -> dict[str, Any]:
        """All that shapes a start: a random one knows no target, and a white box tells it no more than confidences."""
        if which not in STARTS:
            raise ValueError(f"a start must be one of {', '.join(STARTS)}, got {which!r} instead")
        own = {"source": self._source_settings(spec["attack"], cell), "people": cell.classes, "seed": cell.seed}
        if which == "random":
            return own
        told = "labels" if access_name(spec["attack"]) == "labels" else "confidences"
        target = self.parts.target_settings(cell.smoothing, cell.per_class, cell.seed)
        return own | {"target": target, "access": told, "pool": self.parts.recipe["attack"]["pool"]}

    def _plug_and_play(self, spec: Spec, cell: Cell) -> dict[str, Any]:
        """`attacked` for Plug & Play, from the attack of `face_parts`."""
        parts = self.parts.with_loss(spec.get("loss"))
        found = parts.attack(cell.people, **cell.chosen)
        picked = found["selected"].astype(bool)
        images = synthesise(parts.prior, torch.from_numpy(found["film"][-1])[picked])
        return {
            "pictures": to_bytes(images).numpy(),
            "reached": np.ones(len(images), dtype=bool),
            "took": self._plug_and_play_took(parts, cell),
            "queries": plug_and_play_queries(parts.recipe["attack"], cell.classes),
            "tools_took": 0.0,
            "tools_queries": 0,
        }

    def _plug_and_play_took(self, parts: Parts, cell: Cell) -> float:
        """Seconds of the stored attack itself, without those of its target."""
        settings = parts.attack_settings(cell.per_class, cell.seed, {"smoothing": cell.smoothing})
        about = self.parts.store.about("face_attack", settings, version=FACE_VERSION)
        return float(about["own_seconds"]) if about else 0.0

    def _target(self, cell: Cell) -> Classifier:
        return self.parts.target(cell.people, **cell.chosen).model

    def _public(self, image_size: tuple[int, int, int]) -> Tensor:
        channels, size, _ = image_size
        return zoo_tools.public_faces(self.parts.recipe["public"], channels=channels, size=size)

    def _source(self, spec: Spec, cell: Cell) -> Prior:
        """Where the attack's pictures come from."""
        if spec["attack"] in CRITICS:
            return self.generator(spec["attack"], cell).prior
        return Pixels(cell.image_size) if spec["attack"] == "fredrikson" else self.parts.prior

    def _source_settings(self, attack: str, cell: Cell) -> dict[str, Any]:
        if attack == "fredrikson":
            return {"pixels": list(cell.image_size)}
        if attack not in CRITICS or (attack == "gmi" and self._from_style(attack)):
            return {"prior": [self.parts.recipe["prior"], weights_digest()]}
        own = {"attack": attack, "public": self.parts.recipe["public"], "image_size": list(cell.image_size)}
        own |= {"generator": self.parts.recipe["generators"][attack], "seed": cell.seed}
        own |= {"weights": weights_digest()} if self._from_style(attack) else {}
        if attack not in LEARNS_FROM_TARGET:
            return own
        return own | {"target": self.parts.target_settings(cell.smoothing, cell.per_class, cell.seed)}

    def _from_style(self, kind: str) -> bool:
        """Whether a GAN begins with the style-based prior. ValueError if that is not the prior of the other attacks."""
        if "width" in self.parts.recipe["generators"][kind]:
            return False
        if not str(self.parts.recipe["prior"]).startswith(STYLE):
            raise ValueError(
                f"the generator of {kind} needs a width unless the prior is style-based, "
                f"got the prior {self.parts.recipe['prior']!r}"
            )
        return True

    def _surrogate_settings(self, cell: Cell) -> dict[str, Any]:
        target = self.parts.target_settings(cell.smoothing, cell.per_class, cell.seed)
        return {"lomma": self.parts.recipe["lomma"], "public": self.parts.recipe["public"], "target": target}


def plug_and_play_queries(settings: dict[str, Any], people: int) -> int:
    """Images that the target of a Plug & Play attack is asked about; `settings` as in a recipe."""
    own = Settings(**{name: value for name, value in settings.items() if name not in ("loss", "temperature", "film")})
    return 1 + 2 * own.pool + people * own.candidates * (own.steps + own.selection_views)
