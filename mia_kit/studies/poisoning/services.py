"""The service: its classifier, the evaluator beside it, and the answers that it gives with its defence."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from torch import Tensor, nn

from mia_kit import defences
from mia_kit.access import ConfidenceAPI, PictureDefence
from mia_kit.attacks.inversion_model import ask
from mia_kit.defences import AlignmentSettings, BottleneckClassifier, MidObjective, ServingDefence
from mia_kit.defences.lpa_vae import PoisonObjective
from mia_kit.models import Classifier, ConvolutionalClassifier
from mia_kit.runs.parts import Made, Part, Values
from mia_kit.studies.inversion import networks
from mia_kit.studies.poisoning.pictures import Shape, SidesPart
from mia_kit.studies.poisoning.recipe import Defence, Half, Network, Poison, Training
from mia_kit.training import fit

if TYPE_CHECKING:
    from mia_kit.studies.poisoning.attackers import Learnt

EVALUATOR = 2000  # what its seed is ahead of the target's


@dataclass(frozen=True)
class Trained(Part[Classifier]):
    """A classifier of the private classes: the target, or an evaluator that has learnt from other pictures.

    bottleneck : the weight of MID's penalty; 0 for a plain classifier
    """

    sides: SidesPart
    network: Network
    training: Training
    role: Literal["training", "judging"]
    bottleneck: float = 0.0

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        sides = made(self.sides)
        images, labels = sides.training, sides.training_labels
        if self.role == "judging":
            images, labels = sides.judging, sides.judging_labels
        model = self._built(*sides.shape)
        fit(
            model,
            images,
            labels,
            seed=self._seed,
            objective=MidObjective(self.bottleneck) if self.bottleneck else None,
            epochs=self.training.epochs,
            batch_size=self.training.batch_size,
            learning_rate=self.training.learning_rate,
            checkpoint=checkpoint,
            progress=progress,
        )
        return packed(model, sides.shape)

    def unpack(self, values: Values) -> Classifier:
        return networks.unpacked(self._built(*values["shape"]), values)

    @property
    def _seed(self) -> int:
        return self.sides.seed + (EVALUATOR if self.role == "judging" else 0)

    def _built(self, classes: int, channels: int, size: int) -> Classifier:
        blocks, width, hidden = self.network.blocks, self.network.width, self.network.hidden
        model = ConvolutionalClassifier(
            channels, classes, size, seed=self._seed, blocks=blocks, width=width, hidden=hidden
        )
        return BottleneckClassifier(model, seed=self._seed) if self.bottleneck else model


@dataclass(frozen=True, eq=False)
class Answers:
    """What a service answers about the attacker's half, the private and the test pictures, each (n, classes).

    milliseconds : of an answer, inference included
    """

    public: Tensor
    private: Tensor
    test: Tensor
    milliseconds: float


@dataclass(frozen=True)
class Served(Part[Answers]):
    """The answers of a service with its defence; to `repeats` queries about each public picture, in the mean.

    poison, substitute : of the defender, None for a defence without a decoder
    """

    target: Trained
    half: Half
    defence: Defence = "none"
    strength: float = 0.0
    poison: Poison | None = None
    substitute: Learnt | None = None
    repeats: int = 1

    @property
    def sides(self) -> SidesPart:
        """Who has which pictures."""
        return self.target.sides

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        sides, access = made(self.sides), ConfidenceAPI(made(self.target), self._defence(made, checkpoint))
        began = time.perf_counter()
        public = ask(access, sides.halves[self.half], repeats=self.repeats)
        seconds = (time.perf_counter() - began) / (len(public) * self.repeats)
        private, test = ask(access, sides.private), ask(access, sides.test)
        return {"public": public, "private": private, "test": test, "milliseconds": 1000 * seconds}

    def unpack(self, values: Values) -> Answers:
        return Answers(**values)

    def _defence(self, made: Made, checkpoint: Path | None) -> ServingDefence | PictureDefence | None:
        """The defence, for `ConfidenceAPI`; an autoencoder is trained on what the defender asks."""
        kind, seed = self.defence, self.sides.seed
        if kind == "rounding":
            return defences.Rounding(int(self.strength))
        if kind == "top_k":
            return defences.TopTruncation(int(self.strength))
        if kind == "one_parameter":
            return defences.OneParameter(self.strength, seed=seed)
        if self.substitute is None or self.poison is None:
            return None
        pairs, poison = made(self.substitute.vectors), self.poison
        substitute = self.substitute.aimed(made, pairs.private, made(self.sides).private)
        if kind in ("pgd", "advexa"):
            ascent = defences.AscentSettings(bound=self.strength, rounds=poison.rounds)
            return defences.ReconstructionAscent(
                substitute.decoder, seed=seed, keeps_label=kind == "advexa", settings=ascent
            )
        if kind == "vae":
            model = defences.PoisonAutoencoder(pairs.public.shape[1], bound=self.strength, seed=seed)
            fit(
                model,
                self.substitute.images(made),
                pairs.public,
                seed=seed,
                objective=PoisonObjective(substitute),
                epochs=poison.autoencoder.epochs,
                batch_size=poison.autoencoder.batch_size,
                learning_rate=poison.autoencoder.learning_rate,
                checkpoint=checkpoint,
                progress=False,
            )
            return model
        criterion: Literal["squared", "cosine"] = "squared" if kind == "poi_mse" else "cosine"
        settings = AlignmentSettings(bound=self.strength, rounds=poison.rounds, criterion=criterion)
        if kind in ("lfp", "lfp_repaired"):
            return defences.LabelFlippingPoison(
                substitute,
                seed=seed,
                rate=poison.rate,
                threshold=poison.threshold,
                repair=kind == "lfp_repaired",
                settings=settings,
            )
        return defences.LabelPreservingPoison(substitute, seed=seed, settings=settings)


def packed(model: nn.Module, shape: Shape) -> Values:
    """A network for the store: its weights, and the classes, channels and pixels that it is built for."""
    return networks.packed(model) | {"shape": list(shape)}
