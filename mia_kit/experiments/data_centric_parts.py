"""The parts of the data-centric experiments, each kept in the store: target, attack, what the judges say, landscape.

People, evaluators, the prior, and targets without the contributors' help are those of `face_parts` and
`defended_parts`, under the same names: what another recipe has made is found again. `data_centric_signs` puts traffic
signs in the place of people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mia_kit.data.aligned import load_aligned
from mia_kit.data.pictures import to_floats
from mia_kit.defences import DataCentric, Protected, protect
from mia_kit.experiments.data_centric_people import Case, appoint_surrogates, deal_outsiders, protected_classes
from mia_kit.experiments.defended_parts import NONE, DefendedParts, Point
from mia_kit.experiments.face_attack import Embed, Judges, attack, fitted, judge
from mia_kit.experiments.face_parts import Parts, packed, unpacked
from mia_kit.experiments.face_people import People
from mia_kit.experiments.face_targets import KINDS, Fitted, fit_classifier, utility
from mia_kit.experiments.zoo_attacks import Tools, give_access, handed_in, run_attack
from mia_kit.metrics import detector_auc, detector_scores, outlier_scores, person_distances
from mia_kit.metrics.landscape import curvature, own_class_loss
from mia_kit.models import embed, in_batches, transplant
from mia_kit.models.style_prior import weights_digest

# Raise it when a part's code gives other results.
VERSION = 1
PICTURES = 2  # of each protected class and of its surrogate, at which the landscape is looked at
PRODUCTS, TOLERANCE = 30, 0.05  # of the power iteration
FOLDS = 5  # of the trainer's detector, if so many classes hold injected pictures

Spec = Mapping[str, Any]  # an entry of a recipe's `defences` or `attacks`


@dataclass(frozen=True, eq=False)
class Cell:
    """Which target: whose, with which defence, of which seed.

    defence : has name, and for the contributors' defence steps; for another one defence and strength, see
        `mia_kit.defences.build`; nothing more for none
    """

    case: Case
    defence: Spec
    per_class: int
    seed: int

    @property
    def point(self) -> Point:
        """The target without contributors."""
        name, strength = self.defence.get("defence", NONE), self.defence.get("strength", 0.0)
        return Point(self.case.people, name, strength, self.per_class, self.seed)

    @property
    def image_size(self) -> tuple[int, int, int]:
        """What the target takes."""
        channels, height, width = self.case.people.images.shape[1:]
        return channels, height, width

    @property
    def contributed(self) -> bool:
        """Whether contributors protect themselves."""
        return "steps" in self.defence


@dataclass(frozen=True)
class DataCentricParts:
    """The parts that a recipe needs, made when they are asked for.

    parts : of a recipe that has, besides what `Parts` needs, protected (a number of classes), surrogates (least, and
        injected, numbers of pictures), settings (of `DataCentric`, but for the steps) and per_class
    """

    parts: Parts
    _cases: dict[int, Case] = field(default_factory=dict, init=False, repr=False)

    @property
    def recipe(self) -> dict[str, Any]:
        return self.parts.recipe

    def case(self, seed: int) -> Case:
        """Who is protected by whom, made once for each seed."""
        if seed not in self._cases:
            people = self.people(seed)
            self._cases[seed] = appoint_surrogates(
                people,
                protected_classes(len(people.class_names), self.recipe["protected"]),
                self.outsiders(seed),
                per_class=self.recipe["per_class"],
                injected=self.recipe["surrogates"]["injected"],
                embed=self.embed,
            )
        return self._cases[seed]

    def people(self, seed: int) -> People:
        return self.parts.people(seed)

    def outsiders(self, seed: int) -> dict[str, Tensor]:
        """People of the same set who have too few photographs to be classes: name -> uint8 pictures."""
        own = self.recipe["people"]
        faces = load_aligned(own["name"], own["size"])
        return deal_outsiders(faces, least=self.recipe["surrogates"]["least"], below=own["least"], seed=seed)

    @property
    def embed(self) -> Embed:
        """What the second judge, the trainer who looks for injected pictures, and the choice of surrogates go by."""
        embedder = self.parts.embedder
        return lambda images: embed(embedder, images.expand(-1, 3, -1, -1))

    def judges(self, case: Case, seed: int) -> Judges:
        return self.parts.judges(case.people, seed)

    def protected(self, cell: Cell) -> Protected:
        """What the trainer gets from everybody."""
        own = cell.case.people.target_training(cell.per_class)
        return protect(
            cell.case.people.floats(own),
            cell.case.people.labels[own],
            cell.case.protected,
            seed=cell.seed,
            surrogates=cell.case.floats(cell.case.injected),
            settings=DataCentric(tuple(cell.defence["steps"]), **self.recipe["settings"]),
            classes=len(cell.case.people.class_names),
        )

    def target(self, cell: Cell) -> tuple[Fitted, float | None]:
        """The target, and the epsilon that DP-SGD guarantees for it: None for other defences."""
        if not cell.contributed:
            return DefendedParts(self.parts).target(cell.point)
        people, own = cell.case.people, self.recipe["target"]
        model = KINDS["target"](people.images.shape[1], len(people.class_names), seed=cell.seed, width=own["width"])

        def make(checkpoint: Path) -> dict[str, Any]:
            if (trunk := self.parts.trunk("target")) is not None:
                transplant(model, trunk)
            given = self.protected(cell)
            more: dict[str, Any] = {"seed": cell.seed, "checkpoint": checkpoint, "progress": self.parts.progress}
            fit_classifier(model, given.images, given.labels, own, **more)
            return packed(Fitted(model, **utility(model, people, people.target_training(cell.per_class))))

        stored = self.parts.store.get("contributed_target", self.target_settings(cell), make, version=VERSION)
        return unpacked(model, stored), None

    def attacked(self, cell: Cell, spec: Spec) -> dict[str, np.ndarray]:
        """pictures, uint8 of shape (protected, channels, h, w): one of each protected class, in their order."""

        def make(checkpoint: Path) -> dict[str, Any]:
            model, people = self.target(cell)[0].model, cell.case.people
            more: dict[str, Any] = {"seed": cell.seed, "progress": self.parts.progress}
            if spec["attack"] == "ppa":
                size = people.images.shape[2]
                found = attack(model, self.parts.prior, cell.case.protected, self.recipe["attack"], size=size, **more)
            else:
                found = run_attack(
                    spec["attack"],
                    give_access(spec["attack"], model),
                    cell.case.protected,
                    self.tools(cell),
                    dict(spec.get("settings", {})),
                    image_size=cell.image_size,
                    **more,
                )
            return {"pictures": handed_in(found)[0].numpy()}

        return self.parts.store.get("contributed_attack", self.attack_settings(cell, spec), make, version=VERSION)

    def judged(self, cell: Cell, spec: Spec) -> dict[str, np.ndarray]:
        """What the judges say of what is handed in, a number for each protected class.

        rank : of the class by the evaluator; to_person, to_surrogate : distances to pictures that no target saw, by
        the second judge. threshold and genuine, the judges' own, are single numbers.
        """

        def make(checkpoint: Path) -> dict[str, Any]:
            case, judges = cell.case, self.judges(cell.case, cell.seed)
            images = to_floats(torch.from_numpy(self.attacked(cell, spec)["pictures"]))
            targets = np.array(case.protected)
            said = judge(images, targets, np.ones(len(targets), bool), case.people, judges, per_class=cell.per_class)
            embeddings = in_batches(judges.embed, fitted(images, case.people)).numpy()
            references = in_batches(judges.embed, torch.cat(list(case.floats(case.held_back).values()))).numpy()
            whose = np.repeat(targets, [len(case.held_back[own]) for own in case.protected])
            return {
                "rank": said.rank,
                "to_person": said.distance,
                "to_surrogate": person_distances(embeddings, targets, references, whose),
                "threshold": judges.threshold,
                "genuine": judges.genuine,
            }

        settings = self.attack_settings(cell, spec) | {"evaluator": self.parts.evaluator_settings(cell.seed)}
        stored = self.parts.store.get("contributed_judged", settings, make, version=VERSION)
        return {name: np.asarray(value) for name, value in stored.items()}

    def accuracies(self, cell: Cell) -> dict[str, float]:
        """Shares of unseen pictures that the target is right on: of all classes, of the protected, of the others."""
        people = cell.case.people
        unseen = ~people.target_training(cell.per_class)
        labels = people.labels[unseen]
        right = in_batches(self.target(cell)[0].model, people.floats(unseen)).argmax(dim=1) == labels
        own = torch.isin(labels, torch.tensor(cell.case.protected))
        chosen = {"accuracy": torch.ones_like(own), "accuracy_protected": own, "accuracy_others": ~own}
        return {name: float(right[which].float().mean()) for name, which in chosen.items()}

    def landscape(self, cell: Cell) -> dict[str, np.ndarray]:
        """The attacker's loss and its greatest curvature at protected pictures and at their surrogates.

        Arrays of shape (protected, `PICTURES`): loss_person, loss_surrogate, curvature_person, curvature_surrogate.
        """

        def make(checkpoint: Path) -> dict[str, Any]:
            people, shown = cell.case.people, cell.case.floats(cell.case.injected)
            model, found = self.target(cell)[0].model, {}
            seen = people.target_training(cell.per_class)
            own = {one: people.floats(seen & (people.labels == one)) for one in cell.case.protected}
            targets = torch.tensor(cell.case.protected).repeat_interleave(PICTURES)
            for name, pictures in (("person", own), ("surrogate", shown)):
                images = torch.cat([pictures[one][:PICTURES] for one in cell.case.protected])
                loss = own_class_loss(model, targets)
                more: dict[str, Any] = {"iterations": PRODUCTS, "tolerance": TOLERANCE, "batch_size": len(images)}
                bent = curvature(loss, images, seed=cell.seed, **more)
                with torch.no_grad():
                    found[f"loss_{name}"] = loss(images).view(-1, PICTURES).numpy()
                found[f"curvature_{name}"] = bent.values.reshape(-1, PICTURES)
            return found

        stored = self.parts.store.get("contributed_landscape", self.target_settings(cell), make, version=VERSION)
        return {name: np.asarray(value) for name, value in stored.items()}

    def noticed(self, cell: Cell) -> dict[str, Any]:
        """What the trainer's detector finds of all that contributors added or relabelled.

        auc : area under its ROC curve, and the two ends of the interval over classes
        larger : how many pictures a protected class has, over those of the median class
        """

        def make(checkpoint: Path) -> dict[str, Any]:
            given = self.protected(cell)
            features, labels = in_batches(self.embed, given.images).numpy(), given.labels.numpy()
            injected = (given.owners >= 0).numpy()
            folds = min(FOLDS, len(np.unique(labels[injected])))
            odds = detector_scores(outlier_scores(features, labels), injected, labels, folds=folds, seed=cell.seed)
            area = detector_auc(odds, injected, labels, seed=cell.seed)
            counts = np.bincount(labels, minlength=len(cell.case.people.class_names))
            larger = counts[list(cell.case.protected)] / np.median(counts)
            return {"auc": [area.value, area.low, area.high], "larger": float(larger.mean())}

        return self.parts.store.get("contributed_noticed", self.target_settings(cell), make, version=VERSION)

    def tools(self, cell: Cell) -> Tools:
        """What the attacker has besides the access."""
        return Tools(self.parts.prior)

    def tools_settings(self, seed: int) -> dict[str, Any]:
        """All that shapes them."""
        return {"prior": [self.recipe["prior"], weights_digest()]}

    def target_settings(self, cell: Cell) -> dict[str, Any]:
        """All that shapes a target, and the choice of protected classes and surrogates."""
        own = self.parts.target_settings(0.0, cell.per_class, cell.seed)
        own |= {name: self.recipe[name] for name in ("protected", "surrogates")}
        if cell.contributed:
            return own | {"steps": list(cell.defence["steps"]), "settings": self.recipe["settings"]}
        return own | {"defence": [cell.point.defence, cell.point.strength]}

    def attack_settings(self, cell: Cell, spec: Spec) -> dict[str, Any]:
        """All that shapes an attack; its name in the recipe does not."""
        settings = self.recipe["attack"] if spec["attack"] == "ppa" else dict(spec.get("settings", {}))
        own = {"attack": spec["attack"], "settings": settings, "tools": self.tools_settings(cell.seed)}
        return own | {"target": self.target_settings(cell)}
