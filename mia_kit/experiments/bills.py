"""What recipes of faces cost, step by step: of `facescrub_ppa` and of `face_leakage`, such as face_smoothing."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import Generator, Tensor, nn

from mia_kit.access import WhiteBox
from mia_kit.attacks import Trace
from mia_kit.attacks.losses import poincare
from mia_kit.attacks.ppa import Settings, optimise, score_candidates, score_pool
from mia_kit.data.folders import DataError
from mia_kit.experiments.albums import load_album
from mia_kit.experiments.estimate import Bill, Step
from mia_kit.experiments.face_people import People, load_people
from mia_kit.experiments.face_targets import KINDS, fit_classifier
from mia_kit.experiments.full_networks import build, choose_device, in_precision, placed, teach
from mia_kit.experiments.full_parts import trained_elsewhere, with_room
from mia_kit.experiments.full_priors import build_prior
from mia_kit.experiments.priors import build as build_small_prior
from mia_kit.models import Classifier, Prior, in_batches, sample_latents

# Images at a time on a CPU, small and large ones.
AT_A_TIME, LARGE_AT_A_TIME, LARGE = 16, 2, 128
# People and photographs where the set itself is not here: FaceScrub's list; about 6 in 10 of its links may still live.
KNOWN = {"facescrub": (530, 106_863)}
# What a recipe may leave out.
ATTACK = {
    name: getattr(Settings(), name) for name in ("pool", "candidates", "keep", "steps", "selection_views", "batch_size")
}
MODEL_COPIES = 4  # the weights in the store, and a checkpoint of weights and Adam's two means


def full_bill(recipe: dict[str, Any]) -> Bill:
    """The bill of a recipe of `facescrub_ppa`."""
    device, own = choose_device(recipe["device"]), ATTACK | recipe["attack"]
    people, photographs, assumed = _crowd(recipe["people"])
    target, side = recipe["target"], recipe["target"]["size"]
    cells, seeds = len(recipe["smoothings"]) * recipe["seeds"], recipe["seeds"]
    kinds = {"target": cells, "evaluator": seeds} | (
        {} if trained_elsewhere(recipe["embedder"]) else {"embedder": seeds}
    )
    steps, disk = [], 0.0
    models: dict[str, Classifier] = {}
    for kind, copies in kinds.items():
        first, last = recipe[kind]["span"]
        models[kind] = placed(build(recipe[kind], people, seed=0, pretrained=False), device)
        disk += MODEL_COPIES * copies * _bytes(models[kind])
        shown = copies * (last - first) * photographs
        steps.append(_lessons(f"training the {kind}", models[kind], recipe[kind], shown, device))
    prior, guessed = _prior_or_random(recipe, device)
    victim = in_precision(deepcopy(models["target"]), target)  # an attack freezes what it attacks
    steps += _search(victim, prior, own, people, side, cells, device)
    everybody = people * own["candidates"]
    steps.append(_look("judging", models["evaluator"], recipe["evaluator"]["size"], everybody * cells, device))
    student = placed(build(recipe["student"], people, seed=0, pretrained=False), device)
    handed_in = people * own["keep"] * cells
    steps.append(_lessons("training the student", student, recipe["student"], handed_in, device))
    disk += everybody * cells * (3.0 * side**2 + 4 * prior.map(_latents(prior, 1, device))[0].numel())
    decoded = photographs * 3.0 * recipe["people"]["size"] ** 2
    return Bill(
        tuple(steps),
        device,
        disk + decoded,
        decoded * (target["span"][1] - target["span"][0]),
        assumed + guessed,
        ("downloads, and reading photographs from the disk",)
        + (("training on public people",) if any("public" in recipe[kind] for kind in kinds) else ())
        + (("the face embedder's share of judging",) if trained_elsewhere(recipe["embedder"]) else ()),
    )


def face_bill(recipe: dict[str, Any]) -> Bill:
    """The bill of a recipe of `face_leakage`, for a CPU. Raises DataError if its people are absent."""
    device, own, side = torch.device("cpu"), ATTACK | recipe["attack"], recipe["people"]["size"]
    people: People = load_people(seed=0, **recipe["people"])
    classes, channels = len(people.class_names), people.images.shape[1]
    seeds, per_class = recipe["seeds"], recipe["per_class"]
    cells, steps = len(per_class) * len(recipe["smoothings"]) * seeds, []
    counts = {
        "target": sum(per_class) / len(per_class) * classes * cells,
        "evaluator": seeds * float((people.order >= recipe.get("evaluator_from", people.pool)).sum()),
    }
    disk = 0.0
    for kind, count in counts.items():
        model = KINDS[kind](channels, classes, seed=0, width=recipe[kind]["width"])
        steps.append(_small_lessons(f"training the {kind}", model, recipe[kind], side, count))
        disk += _bytes(model) * (cells if kind == "target" else seeds)
    target = KINDS["target"](channels, classes, seed=0, width=recipe["target"]["width"])
    prior = build_small_prior(recipe["prior"])
    steps += _search(target, prior, own, classes, side, cells, device)
    student = KINDS["target"](channels, classes, seed=0, width=recipe["extraction"]["width"])
    handed_in = classes * own["keep"] * cells
    steps.append(_small_lessons("training the student", student, recipe["extraction"], side, handed_in))
    codes = prior.map(_latents(prior, 1, device))[0].numel() * len(own["film"]) * classes * own["candidates"] * cells
    unknown = [f"pretraining the {kind} on public people" for kind in recipe["pretraining"]]
    return Bill(
        tuple(steps),
        device,
        disk + 4.0 * codes,
        float(people.images.numel()) * 5,
        (),
        (*unknown, "judging, and the notebooks' figures"),
    )


def _crowd(people: dict[str, Any]) -> tuple[int, float, tuple[str, ...]]:
    """How many people and photographs, and what was assumed."""
    try:
        album = load_album(seed=0, **people)
    except DataError:
        if people["name"] not in KNOWN:
            raise
        count, photographs = KNOWN[people["name"]]
        sentence = f"{count} people and {photographs:,} photographs, as {people['name']}'s own list has them"
        return count, photographs, (f"{sentence}: it is not here",)
    return len(album.class_names), len(album.labels), ()


def _prior_or_random(recipe: dict[str, Any], device: torch.device) -> tuple[Prior, tuple[str, ...]]:
    """The recipe's prior, or where its file is absent one of FFHQ's size with random weights: it takes as long."""
    side = recipe["target"]["size"]
    try:
        return build_prior(recipe["prior"], size=side, device=device), ()
    except DataError:
        rest = {name: value for name, value in recipe["prior"].items() if name != "file"}
        sentence = f"a StyleGAN2 of 1,024 pixels with random weights in place of {recipe['prior']['file']}, not here"
        return build_prior(rest | {"random": {}}, size=side, device=device), (sentence,)


def _lessons(what: str, model: Classifier, spec: dict[str, Any], pictures: float, device: torch.device) -> Step:
    """Training on so many pictures, of all networks of a kind together."""
    batch = _at_a_time(spec["batch_size"], spec["size"], device)
    shown = torch.randint(256, (batch, 3, spec["size"], spec["size"]), dtype=torch.uint8)
    labels = torch.arange(batch) % model.head.out_features

    def once() -> None:
        teach(model, {**spec, "epochs": 1, "batch_size": batch}, shown, labels, seed=0, device=device, progress=False)

    return Step(what, spec["epochs"] * pictures / batch, once, images=batch)


def _small_lessons(what: str, model: Classifier, spec: dict[str, Any], side: int, pictures: float) -> Step:
    batch = spec["batch_size"]
    shown = torch.rand(batch, model.channels, side, side) * 2 - 1
    labels = torch.arange(batch) % model.head.out_features

    def once() -> None:
        fit_classifier(model, shown, labels, {**spec, "epochs": 1}, seed=0, progress=False)

    return Step(what, spec["epochs"] * pictures / batch, once, images=batch)


def _search(
    model: nn.Module,
    prior: Prior,
    own: dict[str, Any],
    people: int,
    side: int,
    cells: int,
    device: torch.device,
) -> list[Step]:
    """The three stages of the attack, `cells` times."""
    access = WhiteBox(model)
    batch = _at_a_time(own["batch_size"], prior.image_size[1], device)
    if device.type == "cuda":
        batch = with_room(lambda size: len(_walk(access, prior, size, side, device)[0]), batch)
    candidates = people * own["candidates"] * cells
    settings, latents = _one_step(side, batch), _latents(prior, batch, device)
    images, targets = torch.zeros(batch, *prior.image_size, device=device), torch.zeros(batch, dtype=torch.int64)

    def choose() -> Tensor:
        return score_candidates(access, images, targets.to(device), settings, Generator().manual_seed(0))

    kinds: dict[str, tuple[float, Callable[[], object]]] = {
        "sampling": (own["pool"] * cells, lambda: score_pool(access, prior, latents, settings)),
        "optimisation": (candidates * own["steps"], lambda: _walk(access, prior, batch, side, device)),
        "selection": (candidates * own["selection_views"], choose),
    }
    return [Step(name, count / batch, once, images=batch) for name, (count, once) in kinds.items()]


def _walk(access: WhiteBox, prior: Prior, batch: int, side: int, device: torch.device) -> tuple[Tensor, Trace, Tensor]:
    """One step of the optimisation for so many candidates."""
    targets = torch.zeros(batch, dtype=torch.int64, device=device)
    latents, settings = _latents(prior, batch, device), _one_step(side, batch)
    return optimise(access, prior, latents, targets, settings, poincare, Generator().manual_seed(0))


def _one_step(side: int, batch: int) -> Settings:
    return Settings((side, side), pool=batch, candidates=1, keep=1, steps=1, selection_views=1, batch_size=batch)


def _look(what: str, model: Classifier, side: int, pictures: float, device: torch.device) -> Step:
    batch = _at_a_time(64, side, device)
    images = torch.zeros(batch, 3, side, side, device=device)
    return Step(what, pictures / batch, lambda: in_batches(model.features, images), images=batch)


def _latents(prior: Prior, count: int, device: torch.device) -> Tensor:
    return sample_latents(prior, count, seed=0).to(device)


def _at_a_time(batch_size: int, side: int, device: torch.device) -> int:
    if device.type == "cuda":
        return batch_size
    return max(2, min(batch_size, LARGE_AT_A_TIME if side >= LARGE else AT_A_TIME))


def _bytes(model: nn.Module) -> float:
    return float(sum(weight.numel() * weight.element_size() for weight in model.state_dict().values()))
