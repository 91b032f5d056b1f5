"""Bad calls over the public functions, made from their signatures: each says what was expected and what came.

For each door a valid call is put together from `VALID`, by the names of its parameters, and `OF_DOORS`. Then each
argument is spoilt in turn, in all the ways that its kind can be. No spoilt call may succeed without a word, or end in a
traceback from inside a library.
"""

import importlib
import inspect
import re
import traceback
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import mia_kit
from mia_kit.access import WhiteBox
from mia_kit.attacks import brep, fredrikson, mirror, ppa
from mia_kit.data import DataCard, DataError, ImageSet
from mia_kit.defences import PrivateSettings, Substitute
from mia_kit.models import InversionDecoder, SmallClassifier
from mia_kit.toy import ToyClassifier, make_data, train_grid

PACKAGE = Path(mia_kit.__file__).parent
RANDOM = torch.Generator().manual_seed(0)
N, CLASSES, SIZE = 6, 3, 16
IMAGES = torch.rand(N, 1, SIZE, SIZE, generator=RANDOM) * 2 - 1
LABELS = torch.arange(N) % CLASSES
LOGITS = torch.randn(N, CLASSES, generator=RANDOM)
CONFIDENCES = LOGITS.softmax(dim=1)
FEATURES = torch.randn(12, 4, generator=RANDOM).numpy()
PEOPLE = np.arange(12) % 3
SCORES = torch.randn(12, generator=RANDOM).numpy()


class Shades:
    """A prior of flat grey pictures."""

    latent_size, image_size = 2, (1, SIZE, SIZE)

    def map(self, latents: Tensor) -> Tensor:
        return latents

    def synthesise(self, codes: Tensor) -> Tensor:
        return codes.mean(dim=1)[:, None, None, None].tanh().expand(-1, 1, SIZE, SIZE)


def model() -> nn.Module:
    return SmallClassifier(1, CLASSES, seed=0, width=2).eval()


def decoder() -> nn.Module:
    return InversionDecoder(CLASSES, 1, SIZE, seed=0, blocks=2, width=2)


def plain() -> nn.Module:
    """A classifier that DP-SGD takes."""
    return nn.Sequential(nn.Flatten(), nn.Linear(SIZE**2, CLASSES))


def people() -> ImageSet:
    card = DataCard("", "", "", "", "", "", ())
    return ImageSet(np.zeros((12, SIZE, SIZE), np.uint8), PEOPLE, ("a", "b", "c"), card)


# Valid arguments, made afresh for each call, by the names of their parameters.
KINDS: dict[str, Callable[[], Any]] = {
    "access": lambda: WhiteBox(model()),
    "images": IMAGES.clone,
    "reconstructions": IMAGES.numpy,
    "logits": LOGITS.clone,
    "labels targets": LABELS.clone,
    "shadow_labels": LABELS.numpy,
    "embeddings": lambda: torch.tensor(FEATURES),
    "features real references": lambda: FEATURES,
    "generated": lambda: FEATURES[::-1].copy(),
    "members scaled": lambda: SCORES,
    "non_members": lambda: SCORES - 1,
    "known_members losses strangers": lambda: np.abs(SCORES),
    "known_non_members": lambda: np.abs(SCORES) + 1,
    "injected": lambda: SCORES > 0,
    "groups": lambda: np.arange(12),
    "reference_labels": lambda: np.arange(12) % 3,
    "shadow_confidences": lambda: CONFIDENCES.numpy()[None].repeat(2, 0),
    "shadow_members": lambda: np.stack([np.arange(12) % 4 < 2, np.arange(12) % 2 < 1, np.arange(12) % 2 > 0] * 2),
    "shadow_scaled": lambda: np.stack([SCORES + k for k in range(6)]),
    "inner model": model,
    "models": lambda: [model()],
    "decoder": decoder,
    "substitute": lambda: Substitute.aim(decoder(), CONFIDENCES, IMAGES),
    "prior": Shades,
    "data": lambda: make_data(30),
    "function": lambda: lambda images: images,
    "generator": torch.Generator,
    "augment": lambda: None,
    "progress": lambda: False,
    "keeps_label": lambda: True,
    "seed": lambda: 0,
    "channels target_class": lambda: 1,
    "copies epochs shadows": lambda: 2,
    "classes count epoch successes": lambda: 3,
    "examples": lambda: 4,
    "trials": lambda: 10,
    "smoothing": lambda: -0.1,
    "bound share strength": lambda: 0.1,
    "concentration epsilon noise_multiplier": lambda: 1.0,
    "seeds": lambda: [0, 1],
    "protected": lambda: [0],
    "target_classes": lambda: [0, 2],
    "smoothings": lambda: [0.0, 0.1],
    "name": lambda: "dropout",
}
VALID = {name: make for names, make in KINDS.items() for name in names.split()}
# Where a name means something else, or a default would take too long.
OF_DOORS: dict[str, dict[str, Callable[[], Any]]] = {
    "smoothing.ramp": {"epochs": lambda: 10},
    "toy.train": {"steps": lambda: 2},
    "toy.train_grid": {"steps": lambda: 2},
    "toy.invert": {"model": ToyClassifier, "max_steps": lambda: 2},
    "toy.invert_grid": {"grid": cache(lambda: train_grid([0.0], [1], steps=1, progress=False)), "max_steps": lambda: 2},
    "toy.distance_to_class": {"points": lambda: torch.zeros(2, 2)},
    "data.near_duplicate_groups": {"embeddings": lambda: FEATURES, "labels": lambda: PEOPLE},
    "data.load": {"name": lambda: "digits"},
    "data.select_people": {"images": people, "people": lambda: np.array([0, 1])},
    "data.people_with": {"images": people, "at_least": lambda: 2},
    "models.Backbone": {"name": lambda: "resnet18"},
    "models.ConvolutionalClassifier": {"size": lambda: SIZE, "blocks": lambda: 3, "hidden": lambda: 4},
    "models.Framed": {"rows": lambda: (0, 8), "columns": lambda: (0, 8)},
    "models.InversionDecoder": {"size": lambda: SIZE, "blocks": lambda: 2},
    "models.same_person_threshold": {"false_match_rate": lambda: 0.1},
    "training.fit": {"epochs": lambda: 1, "batch_size": lambda: 2},
    "defences.fit_private": {"settings": lambda: PrivateSettings(1.0, epochs=1, batch_size=3), "model": plain},
    "defences.protect": {"surrogates": lambda: {0: IMAGES, 1: IMAGES}},
    "defences.farthest_identity": {"labels": lambda: torch.tensor(PEOPLE)},
    "attacks.run": {
        "settings": lambda: ppa.Settings((SIZE, SIZE), 4, 2, 1, 1, selection_views=1),
        "scores": lambda: None,
    },
    "attacks.brep.run": {"settings": lambda: brep.Settings((SIZE, SIZE), 8, 2, 4, iterations=1, rounds=1)},
    "attacks.fredrikson.run": {"settings": lambda: fredrikson.Settings((1, SIZE, SIZE), 2)},
    "attacks.mirror.run": {"settings": lambda: mirror.Settings((SIZE, SIZE), 4, 1)},
    "attacks.mirror.run_black": {"settings": lambda: mirror.GeneticSettings((SIZE, SIZE), 8, 4, 1)},
    "membership.distance.run": {"steps": lambda: 1},
    "membership.fit_shadows": {
        "epochs": lambda: 1,
        "shadow_members": lambda: np.stack([np.arange(N) < 3, np.arange(N) >= 3]),
    },
    "membership.quantile.run": {
        **dict.fromkeys(("images", "public_images"), IMAGES.clone),
        **dict.fromkeys(("scaled", "public_scaled"), lambda: SCORES[:N]),
        **dict.fromkeys(("labels", "public_labels"), LABELS.clone),
        "false_positive_rate": lambda: 0.5,
        "epochs": lambda: 1,
    },
    "membership.shadow_attack.run": {
        "confidences": CONFIDENCES.numpy,
        "labels": LABELS.numpy,
        "shadow_members": lambda: np.stack([np.arange(N) < 3, np.arange(N) >= 3]),
    },
    "membership.split_membership": {"labels": lambda: PEOPLE},
    "membership.augmentation_aware": {
        name: lambda: np.abs(SCORES)[:, None] for name in ("losses", "known_members", "known_non_members")
    },
}
METRICS = {
    "confidences": CONFIDENCES.numpy,
    "embeddings": lambda: FEATURES,
    "labels": LABELS.numpy,
    "logits": LOGITS.numpy,
    "targets": LABELS.numpy,
    "images": IMAGES.numpy,
    "values": lambda: SCORES.reshape(4, 3),
}
OF_FEATURES = {"labels": lambda: PEOPLE, "targets": lambda: PEOPLE}
for door in ("outlier_scores", "scaled_distances", "person_distances"):
    OF_DOORS[f"metrics.{door}"] = OF_FEATURES
OF_DOORS |= {
    "metrics.mean_interval": {"values": lambda: SCORES},
    "metrics.morphing_tsne": {"features": lambda: {0.0: FEATURES}, "perplexity": lambda: 2.0},
    "metrics.detector_scores": {"scores": lambda: FEATURES, "groups": lambda: np.arange(12), "folds": lambda: 2},
}
ROOT_ROOMS = ("smoothing", "access")
ROOMS = ("toy", "data", "models", "training", "defences", "attacks", "metrics", "membership")
INNER = re.compile(r"(run\w*|train|build|online|offline|\w*Settings|\w*Augment|\w*Objective)$")
# Records and protocols, which check nothing; files and folders, which have tests of their own.
LEFT_OUT = re.compile(
    r"data\.(DataCard|official_split|ImageSet)|models\.(load_\w+|transplant|StyleGAN2|Prior|"
    r"Classifier|DCGAN|embed)|training\.(Epoch|FitResult|one_thread)|toy\.(ToyGrid|GridInversions|"
    r"InversionPath|ToyData)|defences\.(Defended|DefenceTraining|Privacy|PrivateFitResult|Protected|ServingDefence|"
    r"Substitute|combine)|attacks\.(Reconstructions|Trace)|metrics\.[A-Z]\w+|"
    r"membership\.(MembershipSplit|Verdicts)|access\.PictureDefence|smoothing\.(Phases|at_least_float32)|.*Error|.*Warning"
)


def doors() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every public function and class by its name below `mia_kit`."""
    for room in (*ROOT_ROOMS, *ROOMS):
        module = importlib.import_module(f"mia_kit.{room}")
        own = [name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__]
        for name in getattr(module, "__all__", [name for name in own if not name.startswith("_")]):
            value = getattr(module, name)
            if inspect.ismodule(value):
                for inner, door in vars(value).items():
                    if getattr(door, "__module__", "") == value.__name__ and INNER.match(inner):
                        yield f"{room}.{name}.{inner}", door
            elif callable(value):
                yield f"{room}.{name}", value


DOORS = {name: door for name, door in doors() if not LEFT_OUT.fullmatch(name)}


def arguments(name: str) -> dict[str, Any]:
    """A valid call: what `OF_DOORS`, the metrics' table or `VALID` has for a name, else the default."""
    own = OF_DOORS.get(name, {})
    table = VALID | (METRICS if name.startswith("metrics.") else {}) | own
    made = {}
    for parameter in inspect.signature(DOORS[name]).parameters.values():
        if parameter.name in own or parameter.default is inspect.Parameter.empty or parameter.name == "progress":
            made[parameter.name] = table[parameter.name]()
        elif parameter.kind is not inspect.Parameter.VAR_KEYWORD:
            made[parameter.name] = parameter.default
    return made


# What is no mistake: a loss of NaN is NaN, which training and attacks notice; augmentations turn and shift any picture.
LEGAL = re.compile(
    r"(attacks\.\w+|smoothing\.smoothed_cross_entropy|membership\.scaled_confidences) logits NaN|"
    r"toy\.distance_to_class points NaN|"
    r"(training\.flip\w+|models\.in_batches) images .*|metrics\.(cluster|mean)_interval values one more dimension|"
    r"(smoothing\.\w+|training\.(fit|SmoothedObjective)) smoothing below all|"
    r"toy\.train smoothing below all|.* threshold below all"
)


def spoilt(value: Any) -> Iterator[tuple[str, Any]]:
    """All ways to spoil an argument that make no sense for its kind."""
    if isinstance(value, Tensor):
        yield from (("list", value.tolist()), ("array", value.numpy()), ("one number", value.flatten()[:2].sum()))
        if value.is_floating_point():
            yield from (("NaN", torch.full_like(value, torch.nan)), ("bytes", (value * 100).to(torch.uint8)))
        else:
            yield from (("int32", value.int()), ("float", value.float()), ("one-hot", torch.eye(CLASSES)[value % 3]))
            yield from (("negative", value - 5), ("too great", value + 10_000))
        if value.ndim == 4:
            yield from (("0..255", 127.5 * (value + 1)), ("n, h, w, c", value.permute(0, 2, 3, 1)))
    elif isinstance(value, np.ndarray):
        yield from (("text", "nonsense"), ("one more dimension", value[..., None]), ("empty", value[:0]))
        yield from (("NaN", value + np.nan),) if value.dtype.kind == "f" else ()
        yield "objects", np.full(value.shape, None)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from (("text", "nonsense"), ("tensor", torch.zeros(3)), ("NaN", float("nan")), ("below all", -1_000_000))
        yield ("infinite", float("inf")) if isinstance(value, float) else ("half", value + 0.5)
    elif isinstance(value, str):
        yield from (("unknown", "nonsense"), ("number", 3))
    elif isinstance(value, nn.Module | WhiteBox):
        yield from (("text", "nonsense"), ("number", 3))
    elif isinstance(value, list | tuple) and value and not isinstance(value[0], str):
        yield from (("text", "nonsense"), ("empty", []), ("words", ["a", "b"]), ("NaN", [float("nan")] * len(value)))


def bad_calls(door: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is spoilt, and how, with the arguments of the call. Any whole number is a seed."""
    for name, value in arguments(door).items():
        for how, wrong in spoilt(value):
            label = f"{door} {name} {how}"
            if not LEGAL.fullmatch(label) and not ("seed" in name and how == "below all"):
                yield label, arguments(door) | {name: wrong}


def fault(door: str, given: dict[str, Any]) -> str:
    """What is wrong with how a bad call ends; nothing where it says both sides."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            DOORS[door](**given)
    except (TypeError, ValueError, DataError) as problem:
        inner = Path(traceback.extract_tb(problem.__traceback__)[-1].filename)
        if PACKAGE not in inner.parents:
            return f"a traceback from {inner.name}: {type(problem).__name__}: {problem}"
        return "" if re.search(r"\bgot\b", str(problem)) else f"one side alone: {problem}"
    except Exception as problem:
        return f"{type(problem).__name__}: {problem}"
    return "success without a word"


@pytest.mark.parametrize("door", DOORS)
def test_every_bad_call_says_both_sides(door: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        DOORS[door](**arguments(door))
    faults = {label: wrong for label, given in bad_calls(door) if (wrong := fault(door, given))}
    assert faults == {}


def test_there_are_many() -> None:
    assert sum(len(list(bad_calls(door))) for door in DOORS) > 1000
