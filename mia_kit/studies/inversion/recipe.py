"""What a recipe of this study may say. Each section is a type; `mia_kit.runs.recipe` checks it whole."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from mia_kit.runs.recipe import Amount, Count, Rate, Seed, Settings, at_most, demand, different

Defence = Literal[
    "smoothing", "mid", "bido", "dp_sgd", "dp_sgd_head", "weight_decay", "dropout", "augmentation", "early_stopping",
    "mixup",
    "tl_dmi", "rolss", "midre", "loft", "trap_mid",
]  # fmt: skip
LossName = Literal[
    "cross_entropy", "poincare", "logit", "margin", "others_down", "lack_of_confidence", "boundary", "temperature"
]
# "ppa" is Plug & Play with the losses of the recipe; the others minimise what their papers do. See `zoo`.
Method = Literal[
    "ppa", "gmi", "ked_mi", "lomma_gmi", "lomma_ked_mi", "plg_mi", "mirror", "mirror_black_box", "brep_mi",
    "fredrikson", "if_gmi", "lokt", "vmi", "c2f", "ppdg_mi",
]  # fmt: skip
WITHOUT_GRADIENTS = ("mirror_black_box", "brep_mi")
PriorName = Annotated[
    str, msgspec.Meta(pattern=r"^(dcgan|dcgan face|style( (0\.\d+|1(\.0)?))?|stylegan2( (random|tiny))?)$")
]
Embedder = Literal["face_embed128", "facenet"]
Optimiser = Literal["adam", "sgd"]
Precision = Literal["float32", "bfloat16"]


class Photographs(Settings, frozen=True, kw_only=True):
    """How many photographs of each person everybody is given; nobody shares one, but for `test`.

    target : a target trains on the first few of them, as many as its `per_class`
    evaluator, judge : what the evaluator and the second judge train on, or compare with
    test : photographs that nobody trains on. Real people have too few: 0 takes the evaluator's for the target
    least : a real person with fewer than target + evaluator takes part as well, with the same shares, from so many on
    shared : as in the papers, the evaluator trains on the target's photographs; the others are for tests and judges
    """

    target: Count
    evaluator: Count
    judge: Amount = 0
    test: Amount = 0
    least: Amount = 0
    shared: bool = False

    def of(self, role: str) -> int:
        """How many of each person are for a role."""
        return {"target": self.target, "evaluator": self.evaluator, "judge": self.judge, "test": self.test}[role]


class World(Settings, frozen=True, kw_only=True):
    """Whom the targets are trained on; traffic signs may stand in the place of people.

    people : how many; of real people all those with enough photographs by default, or the first so many
    spread : of drawn people, how far a photograph lies from the identity: 0 is always the same picture, 1 anybody
    """

    name: Literal[
        "drawn", "celeba_id", "orl", "lfw_ge8", "facescrub12", "facescrub", "celeba", "celeba_hd", "gtsrb", "gtsrb_full"
    ]  # fmt: skip
    size: Annotated[int, msgspec.Meta(ge=16, le=512)]
    photographs: Photographs
    people: Annotated[int, msgspec.Meta(ge=2)] | None = None
    spread: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.6

    def __post_init__(self) -> None:
        enough = (self.photographs.judge and self.photographs.test) or not self.judged_by_second
        demand(bool(enough), "drawn people and signs need photographs for a second judge and for tests")
        demand(self.name != "drawn" or self.people is not None, "drawn people need a number of people")

    @property
    def judged_by_second(self) -> bool:
        """Whether a second judge is trained: a face embedder knows real people alone."""
        return self.name == "drawn" or self.signs

    @property
    def signs(self) -> bool:
        """Whether these are traffic signs."""
        return self.name.startswith("gtsrb")


class Network(Settings, frozen=True, kw_only=True):
    """A classifier and how it is trained: Adam, its rate divided by ten after three quarters and nine tenths.

    architecture : ours of some `width`, or torchvision's, trained with the paper's augmentation
    pretraining : epochs on public people before, 0 for none; photographs of real people begin from such a trunk
    imagenet : begin with ImageNet's weights, which torchvision downloads
    stem : "small" is for torchvision's ResNets on pictures of 32 to 64 pixels
    precision : of training, and of the network under attack; judges always compute in float32
    device : "auto" takes a GPU where there is one; the attack goes where its target is
    """

    architecture: Literal[
        "residual", "small", "convolutional",
        "resnet18", "resnet50", "resnet101", "resnet152", "resnext50_32x4d",
        "densenet121", "densenet169", "inception_v3", "efficientnet_b0",
    ] = "residual"  # fmt: skip
    width: Count = 16
    epochs: Count = 150
    batch_size: Annotated[int, msgspec.Meta(ge=2)] = 32
    learning_rate: Rate = 1e-3
    pretraining: Amount = 0
    imagenet: bool = False
    stem: Literal["imagenet", "small"] = "imagenet"
    precision: Precision = "float32"
    device: Literal["cpu", "auto"] = "cpu"

    def __post_init__(self) -> None:
        stems = self.stem == "imagenet" or (self.architecture.startswith("resnet") and not self.imagenet)
        demand(stems, f"a small stem is for a ResNet without ImageNet's weights, got {self.architecture} instead")
        plain = not self.imagenet or not (self.ours or self.pretraining)
        demand(plain, "imagenet is for a network of torchvision's without pretraining on public people")

    @property
    def ours(self) -> bool:
        """Whether it is one of our small networks."""
        return self.architecture in ("residual", "small", "convolutional")


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
        different(strengths=self.strengths)
        factors = self.defence != "smoothing" or max(self.strengths) <= 1
        demand(factors, f"a smoothing factor must lie in (-inf, 1], got {max(self.strengths)} instead")


class Tuning(Settings, frozen=True, kw_only=True):
    """An attacker who tunes: the rate with most hits among so many people, who are then left out of the results."""

    people: Count = 20
    steps: Count = 50


class Attack(Settings, frozen=True, kw_only=True):
    """Plug & Play with each of the losses, or another paper's attack.

    method : whose attack; `losses`, `optimiser` and `stages` are for "ppa" alone
    rates : learning rates to choose from; none for an attack without gradients
    factors : attack targets of these strengths alone; all by default
    stages : also give one stage of the attack on hard labels at a time to the target of each other strength
    strongest : also show, for each target, the loss with most hits among the people who serve to tune; another paper's
        attack is compared with these losses, and has rates
    """

    method: Method = "ppa"
    losses: tuple[LossName, ...] = ()
    rates: tuple[Annotated[float, msgspec.Meta(gt=0, le=1e6)], ...] = ()
    optimiser: Optimiser = "adam"
    factors: tuple[float, ...] = ()
    stages: bool = False
    strongest: bool = False

    def __post_init__(self) -> None:
        if self.method == "ppa":
            demand(bool(self.losses), "losses must name one at least for the method ppa, got none instead")
        else:
            others = f"{self.method} has its paper's loss: losses and stages are for the method ppa"
            demand(not (self.losses or self.stages), others)
        tuned = bool(self.rates) or not self.strongest
        demand(tuned, f"strongest is for attacks that choose a rate on people, got it for {self.method} instead")
        wanted = "none" if self.method in WITHOUT_GRADIENTS else "one at least"
        fits = bool(self.rates) != (self.method in WITHOUT_GRADIENTS)
        demand(fits, f"rates must hold {wanted} for the method {self.method}, got {self.rates} instead")


class Tools(Settings, frozen=True, kw_only=True):
    """What some attacks of the zoo learn from public pictures before they begin: a GAN, or LOMMA's surrogate.

    public : pictures, of people whom no target knows
    start : the generators of GMI, KED-MI and PLG-MI are trained from nothing, or go on from the prior of the search
    width, steps, batch_size, learning_rate : of these GANs
    gmi_steps : of GMI's, whose critic takes five steps for one of the generator
    surrogate_width, surrogate_epochs : of the one surrogate; the paper has three
    """

    public: Count = 6000
    start: Literal["nothing", "prior"] = "nothing"
    width: Count = 16
    steps: Count = 1500
    gmi_steps: Count = 500
    batch_size: Annotated[int, msgspec.Meta(ge=2)] = 32
    learning_rate: Rate = 2e-4
    surrogate_width: Count = 16
    surrogate_epochs: Count = 6


class Search(Settings, frozen=True, kw_only=True):
    """What all attacks of the recipe share.

    people : attacked, those for tuning included; all by default
    pool, candidates, keep : latents that are drawn; the best of them for each person; what is selected in the end
    views : random crops by which candidates are selected
    temperature : of the loss "temperature", cross-entropy of logits divided by it
    curve : numbers of steps after which the judges look; 0 and `steps` always
    precision : in which the prior draws as the attack walks; the judges always see float32
    pieces : an attack of days is cut into so many, for several workers, or to lose little when killed. It has one
        rate, so that nobody serves to choose it and everybody is judged
    """

    prior: PriorName
    precision: Precision = "float32"
    steps: Count = 200
    pool: Count = 1000
    candidates: Count = 1
    people: Count | None = None
    temperature: Annotated[float, msgspec.Meta(gt=0, le=1e4)] = 10.0
    curve: tuple[Amount, ...] = ()
    tuning: Tuning = Tuning()
    batch_size: Count = 50
    keep: Count = 1
    views: Count = 20
    pieces: Count = 1

    def __post_init__(self) -> None:
        at_most("candidates", self.candidates, "pool", self.pool)
        at_most("keep", self.keep, "candidates", self.candidates)
        at_most("the greatest of curve", max(self.curve, default=0), "steps", self.steps)
        least = self.tuning.people + 2
        demand((self.people or least) >= least, f"people must be at least tuning.people + 2, got {self.people} instead")

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
    judge : a second judge, trained here; real people may do with the `embedder`, dlib's or FaceNet
    student : a classifier that learns from what each attack brought back, for the knowledge extraction score
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
    embedder: Embedder = "face_embed128"
    student: Network | None = None

    @property
    def placebo_per_class(self) -> int:
        """Photographs of each stranger on which the placebo's target trains."""
        return self.targets[0].per_class[0]

    def __post_init__(self) -> None:
        different(seeds=self.seeds)
        framed = self.tools.start == "prior" and self.search.prior == "dcgan face"
        demand(not framed, "tools.start must be nothing with the prior dcgan face, whose frame no GAN can learn")
        by_adam = any(a.method == "ppa" and a.optimiser == "adam" for a in self.attacks) or not self.controls
        demand(by_adam, "controls are Plug & Play by Adam: attacks must hold one of the method ppa, got none instead")
        if self.world.people is not None:
            at_most("search.people", self.search.people or 0, "world.people", self.world.people)
        strengths = {strength for group in self.targets for strength in group.strengths}
        for attack in self.attacks:
            if stray := set(attack.factors) - strengths:
                raise ValueError(f"factors must be among the strengths, {sorted(strengths)}, got {min(stray)} instead")
            hard = 0 in strengths or not attack.stages
            demand(hard, "stages need a target of strength 0, hard labels, got none instead")
            single = self.search.pieces == 1 or (len(attack.rates) <= 1 and not attack.strongest)
            demand(single, "an attack in pieces has one rate and no strongest loss: nobody serves to choose them")
        most = max(number for group in self.targets for number in group.per_class)
        at_most("per_class", most, "photographs.target", self.world.photographs.target)
        judged = self.judge is not None or not self.world.judged_by_second
        demand(judged, "drawn people and signs need a second judge: the embedders know real faces")
        plain = all(attack.method == "ppa" for attack in self.attacks) and self.side_effects is None
        plain = plain and all(group.defence == "smoothing" for group in self.targets)
        plain = plain or (self.target.device == "cpu" and self.target.ours)
        demand(plain, "on a GPU, or with a network of torchvision's, there are Plug & Play and smoothing alone")
