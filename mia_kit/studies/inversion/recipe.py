"""What a recipe of this study may say. Each section is a type; `mia_kit.runs.recipe` checks it whole."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from mia_kit.runs.recipe import Amount, Count, Rate, Seed, Settings

Defence = Literal[
    "smoothing",
    "mid",
    "bido",
    "dp_sgd",
    "dp_sgd_head",
    "weight_decay",
    "dropout",
    "augmentation",
    "early_stopping",
    "mixup",
]
LossName = Literal[
    "cross_entropy", "poincare", "logit", "margin", "others_down", "lack_of_confidence", "boundary", "temperature"
]
# "ppa" is Plug & Play with the losses of the recipe; the others minimise what their papers do. See `zoo`.
Method = Literal[
    "ppa",
    "gmi",
    "ked_mi",
    "lomma_gmi",
    "lomma_ked_mi",
    "plg_mi",
    "mirror",
    "mirror_black_box",
    "brep_mi",
    "fredrikson",
]
WITHOUT_GRADIENTS = ("mirror_black_box", "brep_mi")
PriorName = Annotated[str, msgspec.Meta(pattern=r"^(dcgan|dcgan face|style( (0\.\d+|1(\.0)?))?)$")]


class Photographs(Settings, frozen=True, kw_only=True):
    """How many photographs of each person everybody is given; nobody shares one, but for `test`.

    target : a target trains on the first few of them, as many as its `per_class`
    evaluator, judge : what the evaluator and the second judge train on, or compare with
    test : photographs that nobody trains on. Real people have too few: 0 takes the evaluator's for the target
    """

    target: Count
    evaluator: Count
    judge: Amount = 0
    test: Amount = 0


class World(Settings, frozen=True, kw_only=True):
    """Whom the targets are trained on; traffic signs, "gtsrb", may stand in the place of people.

    people : how many; of real people all those with enough photographs by default, or the first so many
    spread : of drawn people, how far a photograph lies from the identity: 0 is always the same picture, 1 anybody
    """

    name: Literal["drawn", "celeba_id", "orl", "lfw_ge8", "facescrub12", "gtsrb"]
    size: Annotated[int, msgspec.Meta(ge=16, le=512)]
    photographs: Photographs
    people: Annotated[int, msgspec.Meta(ge=2)] | None = None
    spread: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.6

    def __post_init__(self) -> None:
        if self.judged_by_second and not (self.photographs.judge and self.photographs.test):
            raise ValueError("drawn people and signs need photographs for a second judge and for tests")
        if self.name == "drawn" and self.people is None:
            raise ValueError("drawn people need a number of people")

    @property
    def judged_by_second(self) -> bool:
        """Whether a second judge is trained: a face embedder knows real people alone."""
        return self.name in ("drawn", "gtsrb")


class Network(Settings, frozen=True, kw_only=True):
    """A classifier and how it is trained: Adam, its rate divided by ten after three quarters and nine tenths.

    pretraining : epochs on public people before, 0 for none; photographs of real people begin from such a trunk
    """

    architecture: Literal["residual", "small", "convolutional"] = "residual"
    width: Count = 16
    epochs: Count = 150
    batch_size: Annotated[int, msgspec.Meta(ge=2)] = 32
    learning_rate: Rate = 1e-3
    pretraining: Amount = 0


class Targets(Settings, frozen=True, kw_only=True):
    """Targets: one of each strength and number of photographs.

    strengths : of `mia_kit.defences`; for smoothing the factor, where 0 are hard labels
    epochs : other lengths of training than the network's, for the dose map
    """

    strengths: Annotated[list[Annotated[float, msgspec.Meta(le=100)]], msgspec.Meta(min_length=1)]
    per_class: Annotated[list[Count], msgspec.Meta(min_length=1)]
    defence: Defence = "smoothing"
    epochs: tuple[Count, ...] = ()

    def __post_init__(self) -> None:
        if self.defence == "smoothing" and max(self.strengths) > 1:
            raise ValueError(f"a smoothing factor must lie in (-inf, 1], got {max(self.strengths)} instead")


class Tuning(Settings, frozen=True, kw_only=True):
    """An attacker who tunes: the rate with most hits among so many people, who are then left out of the results."""

    people: Count = 20
    steps: Count = 50


class Attack(Settings, frozen=True, kw_only=True):
    """Plug & Play with each of the losses, or another paper's attack.

    method : whose attack; `losses`, `optimiser`, `stages` and `strongest` are for "ppa" alone
    rates : learning rates to choose from; none for an attack without gradients
    factors : attack targets of these strengths alone; all by default
    stages : also give one stage of the attack on hard labels at a time to the target of each other strength
    strongest : also show, for each target, the loss with most hits among the people who serve to tune
    """

    method: Method = "ppa"
    losses: tuple[LossName, ...] = ()
    rates: tuple[Annotated[float, msgspec.Meta(gt=0, le=1e6)], ...] = ()
    optimiser: Literal["adam", "sgd"] = "adam"
    factors: tuple[float, ...] = ()
    stages: bool = False
    strongest: bool = False

    def __post_init__(self) -> None:
        if self.method == "ppa" and not self.losses:
            raise ValueError("losses must name one at least for the method ppa, got none instead")
        if self.method != "ppa" and (self.losses or self.stages or self.strongest):
            raise ValueError(f"{self.method} has its paper's loss: losses, stages and strongest are for the method ppa")
        if bool(self.rates) == (self.method in WITHOUT_GRADIENTS):
            wanted = "none" if self.rates else "one at least"
            raise ValueError(f"rates must hold {wanted} for the method {self.method}, got {self.rates} instead")


class Tools(Settings, frozen=True, kw_only=True):
    """What some attacks of the zoo learn from public pictures before they begin: a GAN, or LOMMA's surrogate.

    public : pictures, of people whom no target knows
    width, steps, batch_size : of the GANs of GMI, KED-MI and PLG-MI
    gmi_steps : of GMI's, whose critic takes five steps for one of the generator
    surrogate_width, surrogate_epochs : of the one surrogate; the paper has three
    """

    public: Count = 6000
    width: Count = 16
    steps: Count = 1500
    gmi_steps: Count = 500
    batch_size: Annotated[int, msgspec.Meta(ge=2)] = 32
    surrogate_width: Count = 16
    surrogate_epochs: Count = 6


class Search(Settings, frozen=True, kw_only=True):
    """What all attacks of the recipe share.

    people : attacked, those for tuning included; all by default
    pool, candidates : latents that are drawn, and the best of them for each person
    temperature : of the loss "temperature", cross-entropy of logits divided by it
    curve : numbers of steps after which the judges look; 0 and `steps` always
    precision : in which the prior draws as the attack walks; the judges always see float32
    """

    prior: PriorName
    precision: Literal["float32", "bfloat16"] = "float32"
    steps: Count = 200
    pool: Count = 1000
    candidates: Count = 1
    people: Count | None = None
    temperature: Annotated[float, msgspec.Meta(gt=0, le=1e4)] = 10.0
    curve: tuple[Amount, ...] = ()
    tuning: Tuning = Tuning()
    batch_size: Count = 50

    def __post_init__(self) -> None:
        if self.candidates > self.pool:
            raise ValueError(f"candidates must be at most pool, {self.pool}, got {self.candidates} instead")
        if self.people is not None and self.people < self.tuning.people + 2:
            raise ValueError(f"people must be at least tuning.people + 2, got {self.people} instead")
        if any(step > self.steps for step in self.curve):
            raise ValueError(f"curve must hold numbers of at most steps, {self.steps}, got {self.curve} instead")

    @property
    def looks(self) -> tuple[int, ...]:
        """The numbers of steps after which the judges look, rising."""
        return tuple(sorted({0, self.steps, *self.curve}))


class SideEffects(Settings, frozen=True, kw_only=True):
    """What three other attackers take from every target.

    epsilons : greatest changes of a pixel by an adversarial example, in grey levels of 255
    photographs, steps : so many test photographs of each person are attacked, in so many steps
    queries : public pictures about which a thief asks, each once; student : what they train on the answers
    """

    epsilons: Annotated[list[Annotated[float, msgspec.Meta(gt=0, le=255)]], msgspec.Meta(min_length=1)]
    photographs: Count
    queries: Count
    student: Network
    steps: Count = 20


class Recipe(Settings, frozen=True, kw_only=True):
    """A recipe of the study.

    attacks : none where only the targets are looked at
    controls : losses of Plug & Play's placebo and oracle; none by default. With any, each other method has a placebo
    tools : of the methods that train something beforehand
    side_effects : also measure these of every target; not by default
    """

    study: Literal["inversion"]
    world: World
    seeds: Annotated[list[Seed], msgspec.Meta(min_length=1)]
    target: Network
    evaluator: Network
    targets: Annotated[list[Targets], msgspec.Meta(min_length=1)]
    attacks: list[Attack]
    search: Search
    judge: Network | None = None
    controls: tuple[LossName, ...] = ()
    tools: Tools = Tools()
    side_effects: SideEffects | None = None

    def __post_init__(self) -> None:
        if self.controls and not any(a.method == "ppa" and a.optimiser == "adam" for a in self.attacks):
            raise ValueError(
                "controls are Plug & Play by Adam: attacks must hold one of the method ppa, got none instead"
            )
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds must differ, got {self.seeds} instead")
        most = max(number for group in self.targets for number in group.per_class)
        if most > self.world.photographs.target:
            raise ValueError(
                f"per_class must be at most photographs.target, {self.world.photographs.target}, got {most} instead"
            )
        if self.world.judged_by_second != (self.judge is not None):
            raise ValueError("a second judge is trained for drawn people and signs, and for nobody else")
