"""The classifiers of the study: public trunk, target, evaluator, second judge.

At course size the target is a residual net and the evaluator a plain convolutional one; at full size both are
torchvision's. Classifiers of real people may begin from public photographs, or from ImageNet as the paper's do.
Targets with hard labels and with negative factors are the same up to the epoch in which the ramp starts: that half is
trained once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeVar

import msgspec
import torch
from torch import Tensor, nn

from mia_kit.defences import build
from mia_kit.models import (
    Backbone,
    Classifier,
    ConvolutionalClassifier,
    ResidualClassifier,
    SmallClassifier,
    transplant,
)
from mia_kit.models.weights import without_head
from mia_kit.runs.parts import Made, Part, Values
from mia_kit.smoothing import phases
from mia_kit.studies.inversion.devices import Bfloat16Objective, PaperAugment, device_of
from mia_kit.studies.inversion.people import People, PeoplePart, Photos, people_of
from mia_kit.studies.inversion.recipe import Defence, Network
from mia_kit.training import fit
from mia_kit.training.augment import usual_augmentation
from mia_kit.training.fit import FitResult, Objective, SmoothedObjective, State
from mia_kit.training.speed import channels_last, fused_adam

WEIGHTS = "weights."
Kept = TypeVar("Kept", bound=nn.Module)
# Defences of drawn people that begin from a trunk of strangers, and how many of those it knows at least: in a network
# whose head alone is trained nothing else tells people apart.
LEAST_STRANGERS: dict[Defence, int] = {"tl_dmi": 0, "dp_sgd_head": 200}


def untrained(
    network: Network, *, channels: int, classes: int, size: int, seed: int, pretrained: bool = False
) -> Classifier:
    """A fresh classifier of a recipe's kind on its device, laid out for speed; `pretrained` with ImageNet's weights."""
    if not network.ours:
        model: Classifier = Backbone(
            network.architecture, classes, seed=seed, channels=channels, pretrained=pretrained, stem=network.stem
        )
    elif network.architecture == "convolutional":
        model = ConvolutionalClassifier(channels, classes, size, seed=seed, width=network.width)
    else:
        kind = ResidualClassifier if network.architecture == "residual" else SmallClassifier
        model = kind(channels, classes, seed=seed, width=network.width)
    model.to(device_of(network))
    channels_last(model)
    return model


@dataclass(frozen=True)
class Trunk(Part[Mapping[str, Tensor]]):
    """A classifier of public people: its weights, all but the head's, from which others begin."""

    network: Network
    size: int

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        from mia_kit.data.aligned import public_people

        images, labels = public_people(self.size)
        model = untrained(self.network, channels=3, classes=int(labels.max()) + 1, size=self.size, seed=0)
        photos, epochs = Photos(images, labels), self.network.pretraining
        train(model, photos, self.network, seed=0, epochs=epochs, checkpoint=checkpoint, progress=progress)
        return {name: weight.clone() for name, weight in without_head(model.state_dict()).items()}

    def unpack(self, values: Values) -> Mapping[str, Tensor]:
        return values


@dataclass(frozen=True)
class StrangersTrunk(Part[Mapping[str, Tensor]]):
    """The same of drawn strangers: the placebo's target, which TL-DMI begins from."""

    model: Target
    kept: ClassVar[bool] = False

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        return without_head(made(self.model).state_dict())

    def unpack(self, values: Values) -> Mapping[str, Tensor]:
        return values


class Trained(Part[Classifier]):
    """A classifier that is kept as its weights; its people and its network say how it is built."""

    people: PeoplePart
    network: Network
    trunk: Trunk | StrangersTrunk | None
    seed: int

    def fresh(self, made: Made) -> tuple[Classifier, People]:
        """The classifier before training, from the trunk if there is one, and its people."""
        people = made(self.people)
        model = self._untrained(people.channels, people.count, pretrained=self.network.imagenet)
        if self.trunk is not None:
            transplant(model, made(self.trunk))
        return model, people

    def unpack(self, values: Values) -> Classifier:
        classes = len(values[f"{WEIGHTS}head.weight"])
        return unpacked(self._defended(self._untrained(int(values["channels"]), classes)), values)

    def _untrained(self, channels: int, classes: int, *, pretrained: bool = False) -> Classifier:
        size = self.people.world.size
        return untrained(
            self.network, channels=channels, classes=classes, size=size, seed=self.seed, pretrained=pretrained
        )

    def _defended(self, model: Classifier) -> Classifier:
        """The form that training ends with: a defence may replace layers."""
        return model


@dataclass(frozen=True)
class Evaluator(Trained):
    """Who judges: hard labels, and photographs that no target is given. `role` is "evaluator" or "judge"."""

    people: PeoplePart
    network: Network
    seed: int
    role: str = "evaluator"
    trunk: Trunk | None = None

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        model, people = self.fresh(made)
        photos = people.judge if self.role == "judge" else people.evaluator
        train(model, photos, self.network, seed=self.seed, checkpoint=checkpoint, progress=progress)
        return kept(model, people.channels)


@dataclass(frozen=True)
class FirstHalf(Part[State]):
    """The training of a target up to the ramp, with hard labels: what negative factors and 0 have in common."""

    people: PeoplePart
    network: Network
    per_class: int
    seed: int
    trunk: Trunk | StrangersTrunk | None = None

    @property
    def label(self) -> str:
        return self.kind + ", strangers" * self.people.strangers

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        target = Target(self.people, self.network, "smoothing", 0.0, self.per_class, self.seed, self.trunk)
        model, people = target.fresh(made)
        half, photos = phases(self.network.epochs).ramp_starts, people.target.first(self.per_class)
        network, seed = self.network, self.seed
        result = train(model, photos, network, seed=seed, stop_epoch=half, checkpoint=checkpoint, progress=progress)
        return _flat(result.state)

    def unpack(self, values: Values) -> State:
        return _nested(values)


@dataclass(frozen=True)
class Target(Trained):
    """A classifier under attack: a defence with its strength, photographs a person, and a seed."""

    people: PeoplePart
    network: Network
    defence: Defence
    strength: float
    per_class: int
    seed: int
    trunk: Trunk | StrangersTrunk | None = None
    half: FirstHalf | None = None

    @property
    def label(self) -> str:
        return f"{self.kind}, {self.defence} {self.strength:g}" + ", strangers" * self.people.strangers

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        model, people = self.fresh(made)
        photos = people.target.first(self.per_class)
        if self.defence == "smoothing":
            start = made(self.half) if self.half is not None else None
            train(
                model,
                photos,
                self.network,
                seed=self.seed,
                smoothing=self.strength,
                start=start,
                checkpoint=checkpoint,
                progress=progress,
            )
            return kept(model, people.channels)
        defended = build(self.defence, self.strength).fit(
            model,
            photos.floats,
            photos.labels,
            seed=self.seed,
            augment=usual_augmentation(people.channels),
            epochs=self.network.epochs,
            batch_size=self.network.batch_size,
            learning_rate=self.network.learning_rate,
            checkpoint=checkpoint,
            progress=progress,
        )
        return kept(defended.model, people.channels)

    def _defended(self, model: Classifier) -> Classifier:
        wrap = None if self.defence == "smoothing" else build(self.defence, self.strength).wrap
        return wrap(model, self.seed) if wrap else model


def target(
    people: PeoplePart, network: Network, *, defence: Defence = "smoothing", strength: float, per_class: int
) -> Target:
    """A target with what it begins from: the public trunk, and the first half that hard and negative labels share.

    Its seed is that of the photographs.
    ValueError if there is no such strength, or a defence that needs a public trunk has none: said here, before anything
    trains.
    """
    build(defence, strength)
    trunk: Trunk | StrangersTrunk | None = Trunk(network, people.world.size) if network.pretraining else None
    if defence in LEAST_STRANGERS and trunk is None:
        if people.world.name != "drawn":
            raise ValueError(f"{defence} needs a public trunk: give the target's network pretraining, got 0 instead")
        trunk = StrangersTrunk(strangers_target(people, network, per_class, least=LEAST_STRANGERS[defence]))
    seed, half = people.seed, None
    if defence == "smoothing" and strength <= 0 and network.epochs > 1:
        half = FirstHalf(people, network, per_class, seed, trunk)
    return Target(people, network, defence, strength, per_class, seed, trunk, half)


def strangers_target(people: PeoplePart, network: Network, per_class: int, *, least: int = 0) -> Target:
    """A target with hard labels whose people nobody attacks: the placebo's, a trunk, C2F's embedder.

    It knows as many people as the world has, and at least `least`.
    """
    world = people.world
    if world.people is not None and world.people < least:
        world = msgspec.structs.replace(world, people=least)
    others = people_of(world, people.seed, strangers=True)
    return target(others, network, strength=0.0, per_class=per_class)


def evaluator_of(people: PeoplePart, network: Network, *, role: str = "evaluator") -> Evaluator:
    """An evaluator or second judge, from its public trunk if it has one."""
    trunk = Trunk(network, people.world.size) if network.pretraining else None
    return Evaluator(people, network, people.seed, role, trunk)


def train(
    model: Classifier,
    photos: Photos,
    network: Network,
    *,
    seed: int,
    smoothing: float = 0.0,
    epochs: int | None = None,
    stop_epoch: int | None = None,
    start: State | None = None,
    objective: Objective | None = None,
    checkpoint: Path | None = None,
    progress: bool = True,
) -> FitResult:
    """Train on photographs as a recipe says, in place: large networks in 256 shades, a batch at a time.

    With another objective labels may be confidences.
    """
    large, epochs = not network.ours or network.device == "auto", epochs or network.epochs
    if large and objective is None:
        kind = Bfloat16Objective if network.precision == "bfloat16" else SmoothedObjective
        objective, smoothing = kind(smoothing, epochs), 0.0
    usual = usual_augmentation(photos.images.shape[1])
    return fit(
        model,
        photos.images if large else photos.floats,
        photos.labels,
        seed=seed,
        smoothing=smoothing,
        augment=PaperAugment(photos.size, device_of(network).type) if large else usual,
        optimiser=fused_adam,
        epochs=epochs,
        stop_epoch=stop_epoch,
        batch_size=network.batch_size,
        learning_rate=network.learning_rate,
        start=start,
        objective=objective,
        checkpoint=checkpoint,
        progress=progress,
    )


def packed(model: nn.Module, prefix: str = WEIGHTS) -> Values:
    """The weights of a network for the store."""
    return {f"{prefix}{name}": weight for name, weight in model.state_dict().items()}


def taken(values: Values, prefix: str = WEIGHTS) -> dict[str, Tensor]:
    """The weights that `packed` has put among the values."""
    return {name.removeprefix(prefix): weight for name, weight in values.items() if name.startswith(prefix)}


def unpacked(model: Kept, values: Values, prefix: str = WEIGHTS) -> Kept:
    """The weights that `packed` has put among the values in a fresh network of their kind, in evaluation mode."""
    model.load_state_dict(taken(values, prefix))
    return model.eval()


def kept(model: Classifier, channels: int) -> Values:
    """A classifier for the store."""
    return packed(model) | {"channels": channels}


def _flat(state: State) -> Values:
    """A state of training as Tensors and plain values by name: the moments of Adam are taken out of their nest."""
    optimiser = state["optimiser"]
    values: Values = {f"{WEIGHTS}{name}": weight for name, weight in state["model"].items()}
    for number, moments in optimiser["state"].items():
        values |= {f"moment.{number}.{name}": torch.as_tensor(value) for name, value in moments.items()}
    groups = [group | {"params": list(group["params"])} for group in optimiser["param_groups"]]
    scheduler = {name: value for name, value in state["scheduler"].items() if name != "milestones"}
    milestones = {str(step): times for step, times in state["scheduler"]["milestones"].items()}
    plain = {name: state[name] for name in ("history", "runaway_epoch", "seconds")}
    return values | {"groups": groups, "scheduler": scheduler, "milestones": milestones, **plain}


def _nested(values: Values) -> State:
    """The state that `_flat` took apart."""
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in values.items():
        if name.startswith("moment."):
            _, number, moment = name.split(".")
            moments.setdefault(int(number), {})[moment] = value
    milestones = Counter({int(step): times for step, times in values["milestones"].items()})
    return {
        "model": taken(values),
        "optimiser": {"state": moments, "param_groups": values["groups"]},
        "scheduler": values["scheduler"] | {"milestones": milestones},
        **{name: values[name] for name in ("history", "runaway_epoch", "seconds")},
    }
