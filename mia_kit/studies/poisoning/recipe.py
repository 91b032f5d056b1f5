"""What a recipe of this study may say: who has which pictures, the networks, and the rows of the table."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Annotated, Literal

import msgspec

from mia_kit import check
from mia_kit.runs.recipe import Count, Rate, Seed, Settings, Share, at_most, demand, different

Pictures = Literal[
    "mnist", "mnist5k", "fashion_mnist", "cifar10", "cifar10_full", "digits",
    "facescrub12", "facescrub", "celeba_id", "celeba", "orl",
]  # fmt: skip
Defence = Literal[
    "none", "mid", "lpa", "poi_mse", "lfp", "lfp_repaired", "vae", "pgd", "advexa", "rounding", "top_k", "one_parameter"
]
Adaptation = Literal["none", "noise", "softmax", "self", "rounding"]
Half = Literal[0, 1]
Names = Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
Halves = Annotated[tuple[Half, ...], msgspec.Meta(min_length=1)]
Strength = Annotated[float, msgspec.Meta(ge=0, le=1e6)]

USUAL = "usual"
# Defences that need a decoder of the defender's; their strength is the bound of the perturbation in the 2-norm.
SUBSTITUTED = ("lpa", "poi_mse", "lfp", "lfp_repaired", "vae", "pgd", "advexa")
WHOLE = ("rounding", "top_k")  # their strengths are decimals, and how many entries are told


class Data(Settings, frozen=True, kw_only=True):
    """Whose pictures they are. Nobody has a picture of anybody else's.

    size : pixels a side
    private_classes : the first so many are private, the others the attacker's; all of them with a `public` data set
    public : data set of the attacker's pictures; `name` by default
    training, judging, test : private pictures for the target, for the evaluator, and to measure accuracy on
    private : how many of the training pictures, the first ones, are attacked
    half : pictures in each of the two halves of public pictures
    """

    name: Pictures
    size: Annotated[int, msgspec.Meta(ge=16, le=128)]
    training: Count
    judging: Count
    test: Annotated[int, msgspec.Meta(ge=2)]
    private: Annotated[int, msgspec.Meta(ge=2)]
    half: Annotated[int, msgspec.Meta(ge=8)]
    private_classes: Annotated[int, msgspec.Meta(ge=2)] | None = None
    public: Pictures | None = None

    def __post_init__(self) -> None:
        at_most("private", self.private, "training", self.training)
        divided = (self.private_classes is None) != (self.public is None)
        demand(divided, "data must have either private_classes or the name of a public data set")


class Training(Settings, frozen=True, kw_only=True):
    """How long a network learns, and how fast."""

    epochs: Count
    batch_size: Annotated[int, msgspec.Meta(ge=2)] = 64
    learning_rate: Rate = 1e-3


class Network(Settings, frozen=True, kw_only=True):
    """A `ConvolutionalClassifier`. `hidden` is ours: the paper does not say."""

    blocks: Literal[3, 4] = 3
    width: Count = 8
    hidden: Count = 64


class Decoder(Settings, frozen=True, kw_only=True):
    """An `InversionDecoder`. It sees the confidences themselves, or their logarithms.

    tries : trainings, each with another seed, before a decoder that makes one picture of all is taken as it is
    """

    blocks: Annotated[int, msgspec.Meta(ge=2, le=8)]
    width: Count = 8
    error: Literal["mse", "psnr"] = "mse"
    logarithm: bool = False
    tries: Count = 4


class Diffusion(Settings, frozen=True, kw_only=True):
    """A `DiffusionDecoder` in the decoder's place. It needs pip install "mia_kit[diffusion]"."""

    widths: Annotated[tuple[Count, ...], msgspec.Meta(min_length=1)]
    training: Training
    steps: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 20


class Poison(Settings, frozen=True, kw_only=True):
    """How the defender disturbs answers. `rate` and `threshold` are LFP's, `autoencoder` trains the fast variant."""

    rounds: Count
    rate: Share = 0.05
    threshold: Share = 0.9
    autoencoder: Training = Training(epochs=100, batch_size=128)


@dataclass(frozen=True)
class Row:
    """A service, its defence and its attacker: a row of the paper's tables, and columns of ours.

    strength : the bound of a disturbance, MID's weight, decimals of "rounding", k of "top_k", epsilon of
        "one_parameter"; 0 without a defence. An adaptation by noise is as large
    substitute, attacker : names of decoders, of the defender's and the attacker's
    substitute_half, half : which public pictures the defender and the attacker ask about
    adaptation : what the attacker does to served vectors: "noise", "softmax", "rounding" to two decimals, or "self",
        training on vectors that they have poisoned once more, too
    repeats : how often they ask about each picture, to average the answers
    """

    defence: Defence = "none"
    strength: float = 0.0
    substitute: str = USUAL
    attacker: str = USUAL
    substitute_half: Half = 0
    half: Half = 0
    adaptation: Adaptation = "none"
    repeats: int = 1


class Rows(Settings, frozen=True, kw_only=True):
    """A row for each combination of what stands in the lists; see `Row`."""

    defence: Defence = "none"
    strengths: Annotated[tuple[Strength, ...], msgspec.Meta(min_length=1)] = (0.0,)
    substitutes: Names = (USUAL,)
    attackers: Names = (USUAL,)
    substitute_halves: Halves = (0,)
    halves: Halves = (0,)
    adaptations: Annotated[tuple[Adaptation, ...], msgspec.Meta(min_length=1)] = ("none",)
    repeats: Annotated[tuple[Count, ...], msgspec.Meta(min_length=1)] = (1,)

    def __post_init__(self) -> None:
        name = f"the strength of {self.defence}"
        for strength in self.strengths:
            none = (strength > 0) != (self.defence == "none")
            demand(none, f"{name} must be above 0, or 0 for none, got {strength:g}")
            whole = self.defence not in WHOLE or strength % 1 == 0
            demand(whole, f"{name} must be a whole number, got {strength:g} instead")
        if {"noise", "self"} & {*self.adaptations}:  # as large as a bound
            check.one_of("with noise or self-poisoning defence", self.defence, SUBSTITUTED)

    def expanded(self) -> list[Row]:
        """One row for each combination."""
        combinations = product(
            self.strengths,
            self.substitutes,
            self.attackers,
            self.substitute_halves,
            self.halves,
            self.adaptations,
            self.repeats,
        )
        return [Row(self.defence, *values) for values in combinations]


class Recipe(Settings, frozen=True, kw_only=True):
    """A recipe of the study.

    decoders : of defenders and attackers, by name
    guidance : of the diffusion model; each is an attacker, "guidance 0.5" and the like
    """

    study: Literal["poisoning"]
    data: Data
    seeds: Annotated[list[Seed], msgspec.Meta(min_length=1)]
    target: Network
    evaluator: Network
    classifier_training: Training
    decoders: dict[str, Decoder]
    decoder_training: Training
    poison: Poison
    rows: Annotated[list[Rows], msgspec.Meta(min_length=1)]
    diffusion: Diffusion | None = None
    guidance: tuple[Annotated[float, msgspec.Meta(ge=0, le=100)], ...] = ()

    def __post_init__(self) -> None:
        different(seeds=self.seeds)
        both = bool(self.guidance) == (self.diffusion is not None)
        demand(both, "a diffusion model must have a guidance, and guidance a diffusion model")
        for group in self.rows:
            for name in group.substitutes:  # a defender's decoder must have gradients
                check.one_of("substitutes", name, self.decoders)
            for name in group.attackers:
                check.one_of("attackers", name, [*self.decoders, *self.guided])
                gradients = name not in self.guided or "self" not in group.adaptations
                demand(gradients, f"self-poisoning must have a decoder with gradients, got {name!r} instead")

    @property
    def guided(self) -> dict[str, float]:
        """The guidance of each attacker with a diffusion model."""
        return {f"guidance {guidance:g}": guidance for guidance in self.guidance}

    @property
    def table_rows(self) -> list[Row]:
        """All rows, each once."""
        return list(dict.fromkeys(row for group in self.rows for row in group.expanded()))
