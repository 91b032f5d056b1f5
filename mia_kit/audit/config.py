"""What is audited and how: a YAML file, typed and checked whole before anything starts.

Paths are those of files beside the YAML.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from mia_kit.check import did_you_mean
from mia_kit.data.folders import check_output
from mia_kit.runs.recipe import Count, Rate, RecipeError, Seed, Settings, read_yaml, typed

Even = Annotated[int, msgspec.Meta(ge=4, multiple_of=2)]  # two that did not see a picture
Positive = Annotated[float, msgspec.Meta(gt=0)]
Several = Annotated[int, msgspec.Meta(ge=2)]
Plain = bool | int | float | str
AccessName = Literal["white", "confidences", "labels"]
LossName = Literal["cross_entropy", "poincare", "logit", "margin", "others_down"]
Service = Literal["round 2", "round 1", "top 5", "top 1", "lpa"]

# How a trained network is named, and whether it is code, which runs with the rights of whoever starts the audit.
KINDS = {"torchvision": False, "module": True, "torchscript": True, "onnx": False}
FACES = ("dcgan", "dcgan face", "style", "stylegan2", "stylegan2 tiny")
WEIGHTS = (".safetensors", ".pt", ".pth", ".bin")
MEASURES = ("auc", "tpr@1%", "tpr@0.1%", "recognised")


class Model(Settings, frozen=True, kw_only=True):
    """The classifier: one of `torchvision`, `module`, `torchscript` and `onnx`.

    torchvision : the name of one of its classifiers
    module : an `nn.Module` or a function that makes one, as package.module:name, called with `arguments`
    torchscript, onnx : the file
    weights : a state_dict as safetensors, or in PyTorch's format without anything but tensors
    answers : what the network returns
    """

    torchvision: str | None = None
    module: str | None = None
    torchscript: str | None = None
    onnx: str | None = None
    weights: str | None = None
    arguments: dict[str, Plain] = msgspec.field(default_factory=dict)
    answers: Literal["logits", "confidences"] = "logits"

    @property
    def kind(self) -> str:
        """Which of the four it is; empty if none is named."""
        return next((kind for kind in KINDS if getattr(self, kind)), "")


class Pictures(Settings, frozen=True, kw_only=True):
    """Folders of one folder for each class, and how a picture becomes what the classifier takes.

    train, unseen : what it was trained on, and pictures of the same classes that it has not seen
    size : height and width in pixels, or one number
    colours : 1 for grey
    mean, deviation : subtracted from colours in [0, 1], and divided by: one number or one for each colour
    fit : cut to the proportions and then resized, or stretched
    class_names : the folders in the order of the classifier's outputs; by default all in alphabetical order
    most : pictures of each side that are looked at
    """

    train: str
    unseen: str
    size: int | tuple[int, int] = 224
    colours: Literal[1, 3] = 3
    mean: tuple[float, ...] = (0.5,)
    deviation: tuple[Positive, ...] = (0.5,)
    fit: Literal["crop", "stretch"] = "crop"
    class_names: tuple[str, ...] = ()
    most: Annotated[int, msgspec.Meta(ge=20)] = 1000

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.size if isinstance(self.size, tuple) else (self.size, self.size)


class Membership(Settings, frozen=True, kw_only=True):
    """`copies`: of each picture, moved, which calibrate an attack and which an attacker with labels alone counts."""

    copies: Count = 4


class Inversion(Settings, frozen=True, kw_only=True):
    """`prior` is one of ours by name or a file; `judge` a classifier of the unseen pictures or our embedding of faces.

    classes : that are attacked, at most. pool, steps, rates : of Plug & Play. show : pictures in the report
    """

    prior: str = "dcgan"
    judge: Literal["unseen", "faces"] = "unseen"
    access: tuple[AccessName, ...] = ("white", "confidences", "labels")
    classes: Several = 24
    losses: tuple[LossName, ...] = ("cross_entropy", "poincare")
    rates: tuple[Rate, ...] = (0.02, 0.1)
    pool: Annotated[int, msgspec.Meta(ge=50)] = 1000
    steps: Count = 60
    show: bool = False


class Train(Settings, frozen=True, kw_only=True):
    """How another such classifier is trained.

    torchvision : its network, where the audited one cannot be made anew
    shadows : reference models, an even number. placebo : also one that never sees the attacked classes
    """

    epochs: Count
    batch_size: Several = 64
    learning_rate: Rate = 1e-3
    optimiser: Literal["adam", "adamw", "sgd"] = "adam"
    augment: bool = False
    shadows: Even = 4
    placebo: bool = True
    torchvision: str | None = None


class Config(Settings, frozen=True, kw_only=True):
    """An audit. `model` may be left out where a network is handed over in Python. `out` is a folder."""

    pictures: Pictures
    model: Model = Model()
    membership: Membership = Membership()
    inversion: Inversion | None = None
    train: Train | None = None
    serving: tuple[Service, ...] = ("round 1", "top 1", "lpa")
    fail_if: tuple[str, ...] = ()
    budget: Positive | None = None
    out: str = "audit"
    seed: Seed = 0


def condition(text: str) -> tuple[str, float]:
    """`tpr@1%>0.1` as a measure of the strongest attack, and what it must not pass. RecipeError for anything else."""
    parts = re.fullmatch(r"\s*([a-z][a-z0-9@.%_]*)\s*>\s*(\d+(?:\.\d*)?|\.\d+)\s*", text)
    if not parts:
        raise RecipeError(f"fail-if must be a measure, > and a number, such as tpr@1%>0.1, got {text!r} instead")
    if parts[1] not in MEASURES:
        known = ", ".join(MEASURES)
        raise RecipeError(f"fail-if knows {known}, got {parts[1]!r} instead{did_you_mean(parts[1], MEASURES)}")
    return parts[1], float(parts[2])


def read(source: Path | str | dict[str, Any] | Config) -> Config:
    """The configuration of a file or a mapping, its paths made absolute. RecipeError says what is wrong, and where."""
    if isinstance(source, str | Path):
        return _rooted(typed(read_yaml(Path(source)), Config, where=str(source)), Path(source).resolve().parent)
    return _rooted(typed(source, Config, where="the configuration") if isinstance(source, dict) else source, Path.cwd())


def check_whole(config: Config, *, given: bool, trust: bool) -> None:
    """What types cannot say. RecipeError; OSError if the folder of the report cannot be written.

    `given` says that a network was handed over in Python, `trust` that code may be run.
    """
    if not given:
        _check_model(config.model, trust=trust)
    elif config.model.kind:
        raise RecipeError("model: a network was handed over, and another is named: leave one out")
    _check_pictures(config.pictures)
    if config.inversion:
        _check_inversion(config.inversion)
    closed = not given and config.model.kind in ("torchscript", "onnx")
    if config.train and closed and not config.train.torchvision:
        raise RecipeError(f"train: a network of {config.model.kind} cannot be made anew: name one in train.torchvision")
    for text in config.fail_if:
        if condition(text)[0] == "recognised" and not config.inversion:
            raise RecipeError(f"fail-if: {text} needs the section `inversion`, which is missing")
    check_output(Path(config.out) / "report.html", "name another folder in `out`.")


def _check_model(model: Model, *, trust: bool) -> None:
    named = [kind for kind in KINDS if getattr(model, kind)]
    if len(named) != 1:
        raise RecipeError(f"model: exactly one of {', '.join(KINDS)} is needed, got {', '.join(named) or 'none'}")
    kind = named[0]
    if KINDS[kind] and not trust:
        raise RecipeError(f"model.{kind} is code, which runs with your rights: read it first, then add --trust")
    if kind == "module" and not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", model.module or ""):
        raise RecipeError(f"model.module must be package.module:name, got {model.module!r} instead")
    if model.arguments and kind != "module":
        raise RecipeError("model.arguments are those of a module: leave them out")
    if kind in ("torchscript", "onnx") and model.weights:
        raise RecipeError(f"model.weights: the file of {kind} holds them already: leave this out")
    if kind == "torchvision" and not model.weights:
        raise RecipeError("model.weights is missing: the file with the state_dict() of the trained network")
    if model.weights and Path(model.weights).suffix not in WEIGHTS:
        raise RecipeError(f"model.weights must end in {', '.join(WEIGHTS)}, got {Path(model.weights).name} instead")
    for file in (model.weights, model.torchscript, model.onnx):
        if file and not Path(file).is_file():
            raise RecipeError(f"model: there is no file at {file}")


def _check_pictures(pictures: Pictures) -> None:
    for name in ("train", "unseen"):
        if not Path(getattr(pictures, name)).is_dir():
            raise RecipeError(f"pictures.{name}: there is no folder at {getattr(pictures, name)}")
    if Path(pictures.train).samefile(pictures.unseen):
        raise RecipeError("pictures.unseen must be another folder than pictures.train, got the same one")
    if not all(16 <= side <= 1024 for side in pictures.shape):  # msgspec crashes over ranges inside the union
        raise RecipeError(f"pictures.size must lie from 16 to 1024 pixels, got {pictures.size} instead")
    for name in ("mean", "deviation"):
        if len(getattr(pictures, name)) not in (1, pictures.colours):
            wanted = "1 number" if pictures.colours == 1 else "1 or 3 numbers"
            raise RecipeError(f"pictures.{name} must be {wanted}, got {list(getattr(pictures, name))} instead")
    if len(set(pictures.class_names)) != len(pictures.class_names):
        raise RecipeError("pictures.class_names: a class is named twice")


def is_ours(prior: str) -> bool:
    """Whether this is the name of a prior of faces that `mia_kit.studies.inversion.priors` loads."""
    return prior in FACES or bool(re.fullmatch(r"style (0?\.\d+|1(\.0+)?)", prior))


def _check_inversion(inversion: Inversion) -> None:
    prior = inversion.prior
    if not is_ours(prior) and not Path(prior).is_file():
        proposal = did_you_mean(Path(prior).name, FACES)
        raise RecipeError(f"inversion.prior must be {', '.join(FACES)} or a file, got {prior!r} instead{proposal}")
    for name in ("access", "losses", "rates"):
        values = getattr(inversion, name)
        if not values or len(set(values)) != len(values):
            raise RecipeError(f"inversion.{name} must be different ones, at least one, got {list(values)} instead")


def _rooted(config: Config, folder: Path) -> Config:
    """The same with absolute paths."""

    def at(path: str | None) -> str | None:
        return str((folder / Path(path).expanduser()).resolve()) if path else path

    model, pictures, inversion = config.model, config.pictures, config.inversion
    model = msgspec.structs.replace(
        model, torchscript=at(model.torchscript), onnx=at(model.onnx), weights=at(model.weights)
    )
    pictures = msgspec.structs.replace(pictures, train=at(pictures.train), unseen=at(pictures.unseen))
    if inversion and not is_ours(inversion.prior):
        inversion = msgspec.structs.replace(inversion, prior=at(inversion.prior))
    return msgspec.structs.replace(config, model=model, pictures=pictures, inversion=inversion, out=at(config.out))
