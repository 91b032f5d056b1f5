"""Traffic signs in the place of people: GMI's GAN learns from signs that are no class of the target.

Three groups of GTSRB's 43 signs share no picture: the target's classes, the outsiders among whom surrogates are chosen,
and the public signs of the attacker's GAN. The second judge is a classifier of all 43, trained on test pictures, of
which no target sees any; it goes by the activations before its last layer.

Our training mirrors pictures. No two of the target's signs may be mirror images of each other, then it does no harm.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mia_kit.data import ImageSet, load, official_split
from mia_kit.data.pictures import to_floats
from mia_kit.experiments import zoo_tools
from mia_kit.experiments.data_centric_parts import Cell, DataCentricParts
from mia_kit.experiments.data_centric_people import Case, deal_signs
from mia_kit.experiments.face_attack import Embed, Judges, appoint
from mia_kit.experiments.face_people import People, channels_first
from mia_kit.experiments.face_targets import fit_classifier
from mia_kit.experiments.zoo_attacks import Tools
from mia_kit.models import Classifier, SmallClassifier

VERSION = 1
JUDGED = 20  # test pictures of an outsider that are held back, at most


@dataclass(frozen=True)
class SignParts(DataCentricParts):
    """The parts for signs. The recipe's people have, besides name and size, private, public and outsiders (numbers of
    GTSRB's classes), pool (training pictures of a class) and judged (test pictures for the evaluator); it has judge, as
    it has evaluator, and generator (width, steps and batch_size).
    """

    _appointed: dict[int, Judges] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def sides(self) -> tuple[ImageSet, ImageSet]:
        """Training frames and test pictures of all signs."""
        own = self.recipe["people"]
        return official_split(load(own["name"], size=own["size"]))

    def people(self, seed: int) -> People:
        own, (frames, tests) = self.recipe["people"], self.sides
        return deal_signs(frames, tests, own["private"], pool=own["pool"], judged=own["judged"], seed=seed)

    def outsiders(self, seed: int) -> dict[str, Tensor]:
        """The outsiders' signs: training frames to inject, then test pictures to hold back."""
        own, (frames, tests) = self.recipe["people"], self.sides
        injected = self.recipe["surrogates"]["injected"]
        dealt = deal_signs(frames, tests, own["outsiders"], pool=injected, judged=JUDGED, seed=seed)
        return {name: dealt.images[dealt.labels == place] for place, name in enumerate(dealt.class_names)}

    @property
    def embed(self) -> Embed:
        return self.judge.features

    @cached_property
    def judge(self) -> Classifier:
        """The classifier of all signs."""
        own, tests = self.recipe["judge"], self.sides[1]
        model = SmallClassifier(3, len(tests.class_names), seed=own["seed"], width=own["width"])

        def make(checkpoint: Path) -> dict[str, Any]:
            images, labels = to_floats(channels_first(tests.images)), torch.from_numpy(tests.labels)
            more: dict[str, Any] = {"seed": own["seed"], "checkpoint": checkpoint, "progress": self.parts.progress}
            fit_classifier(model, images, labels, own, **more)
            return dict(model.state_dict())

        settings = {"people": [self.recipe["people"][name] for name in ("name", "size")], "judge": own}
        model.load_state_dict(self.parts.store.get("sign_judge", settings, make, version=VERSION))
        return model.eval()

    def judges(self, case: Case, seed: int) -> Judges:
        if seed not in self._appointed:
            evaluator = self.parts.evaluator(case.people, seed).model
            self._appointed[seed] = appoint(case.people, evaluator, self.embed)
        return self._appointed[seed]

    def tools(self, cell: Cell) -> Tools:
        """GMI's GAN, which knows public signs alone and serves all targets of a seed."""
        own, size = dict(self.recipe["generator"]), self.recipe["people"]["size"]
        width = own.pop("width")

        def fresh() -> tuple[Any, Any]:
            return zoo_tools.players("gmi", width, image_size=(3, size, size), classes=0, seed=cell.seed)

        def make(checkpoint: Path) -> dict[str, Any]:
            both = fresh()
            more: dict[str, Any] = {"seed": cell.seed, "checkpoint": checkpoint, "progress": self.parts.progress}
            images = torch.cat([channels_first(side.images[self._public(side)]) for side in self.sides])
            training = zoo_tools.train_players("gmi", *both, to_floats(images), own, target=None, **more)
            return zoo_tools.packed(*both, training)

        settings = self.tools_settings(cell.seed)
        return zoo_tools.unpacked(*fresh(), self.parts.store.get("sign_generator", settings, make, version=VERSION))

    def tools_settings(self, seed: int) -> dict[str, Any]:
        own = self.recipe["people"]
        return {"generator": self.recipe["generator"], "seed": seed} | {
            name: own[name] for name in ("name", "size", "public")
        }

    def _public(self, side: ImageSet) -> np.ndarray:
        return np.isin(side.labels, self.recipe["people"]["public"])
