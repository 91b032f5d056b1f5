"""A Plug & Play attack on a face classifier, and how much of the people it brought back.

Two judges look at every reconstruction. The *evaluator* names the person (Acc@1, Acc@5); it was trained on other
photographs of the same people than the target and is another architecture. An *embedder* that was trained for another
purpose says how far the reconstruction lies from photographs of the person that the target never saw; it counts as
verified if that is nearer than all but a hundredth of strangers come. The embedder names a person too: the one whose
photographs' mean embedding is nearest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from torch import Tensor, nn

from mia_kit.access import WhiteBox
from mia_kit.attacks import Reconstructions, Settings, run
from mia_kit.attacks.adaptive_losses import adapted
from mia_kit.attacks.prior_to_target import in_channels, resize, synthesise
from mia_kit.experiments.face_people import People
from mia_kit.metrics import nearest_squared, person_distances, target_ranks
from mia_kit.metrics.leakage import centre_ranks
from mia_kit.models import Classifier, Prior, in_batches, same_person_threshold

STAGES = ("sampling", "optimisation", "selection")
FALSE_MATCH_RATE = 0.01
Embed = Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Judges:
    """Who judges reconstructions.

    evaluator : classifier of the same people, trained on other photographs
    embed : images of shape (n, channels, h, w) -> embeddings of shape (n, d)
    references, reference_labels : embeddings of photographs that no target sees, and whose they are
    threshold : distance below which `FALSE_MATCH_RATE` of strangers fall
    genuine : share of real photographs, those that are no references, which pass as the person they show
    named : share of these photographs whose person the embedder names
    """

    evaluator: Classifier
    embed: Embed
    references: np.ndarray
    reference_labels: np.ndarray
    threshold: float
    genuine: float
    named: float
    _trained_on: dict[int, np.ndarray] = field(default_factory=dict, init=False, repr=False)

    def trained_on(self, people: People, per_class: int) -> np.ndarray:
        """The evaluator's features of the target's training photographs, of shape (n, d), looked at once.

        `people` are those that the judges were appointed for.
        """
        if per_class not in self._trained_on:
            photographs = people.floats(people.target_training(per_class))
            self._trained_on[per_class] = in_batches(self.evaluator.features, photographs).numpy()
        return self._trained_on[per_class]

    @cached_property
    def centres(self) -> np.ndarray:
        """The mean embedding of each person's references: shape (people, d)."""
        people = np.unique(self.reference_labels)
        return np.stack([self.references[self.reference_labels == person].mean(axis=0) for person in people])


@dataclass(frozen=True, eq=False)
class Measures:
    """What the judges say; each array of shape (m,), one number for each reconstruction.

    targets : the class it aims at
    selected : whether the attacker would hand it in
    rank : how many classes the evaluator finds at least as likely as the target, the target included; 1 is a hit
    embedder_rank : how many people's centres in the embedding are at least as near as the target's own; 1 is a hit
    distance : median embedder distance to photographs of the person
    nearest : least squared distance to the target's training photographs in the evaluator's features: the paper's delta
    """

    targets: np.ndarray
    selected: np.ndarray
    rank: np.ndarray
    embedder_rank: np.ndarray
    distance: np.ndarray
    nearest: np.ndarray


def appoint(people: People, evaluator: Classifier, embed: Embed) -> Judges:
    """Judges for these people. The threshold comes from real photographs held against the next five people's."""
    everything = in_batches(embed, people.floats()).numpy()
    return appoint_for(everything, people.labels.numpy(), people.evaluator_training().numpy(), evaluator, embed)


def appoint_for(
    everything: np.ndarray, everybody: np.ndarray, chosen: np.ndarray, evaluator: Classifier, embed: Embed
) -> Judges:
    """`appoint` for photographs that are embedded already, of shape (n, d), and whose they are, of shape (n,).

    `chosen`, bool of shape (n,), are the references.
    """
    references, labels = everything[chosen], everybody[chosen]
    count = int(everybody.max()) + 1
    strangers = [
        person_distances(everything, (everybody + shift) % count, references, labels)
        for shift in range(1, min(6, count))
    ]
    threshold = same_person_threshold(FALSE_MATCH_RATE, np.concatenate(strangers))
    genuine = person_distances(everything[~chosen], everybody[~chosen], references, labels) < threshold
    judges = Judges(evaluator, embed, references, labels, threshold, float(genuine.mean()), 0.0)
    named = centre_ranks(everything[~chosen], everybody[~chosen], judges.centres) == 1
    return replace(judges, named=float(named.mean()))


def single_swaps(factors: Sequence[float]) -> dict[str, dict[str, float]]:
    """Attacks that show one stage at a time, by name: which of their stages are done with another factor's target."""
    swaps: dict[str, dict[str, float]] = {"hard labels": {}}
    for factor in factors:
        if factor:
            swaps |= {f"{factor:+g} {stage}": {stage: factor} for stage in STAGES}
            swaps[f"{factor:+g} all"] = dict.fromkeys(STAGES, factor)
    return swaps


def attack(
    model: nn.Module,
    prior: Prior,
    target_classes: Sequence[int],
    settings: dict[str, Any],
    *,
    size: int,
    seed: int,
    sampling: nn.Module | None = None,
    selection: nn.Module | None = None,
    scores: Tensor | None = None,
    progress: bool = True,
) -> Reconstructions:
    """Attack the classes with the white box. `settings` are those of `Settings`, and optionally `loss`, a name.

    With a loss there may be a `temperature`: see `adapted`. A list, as YAML gives it, stands for a tuple. `sampling`
    and `selection` are other models for the first and the last stage, `scores` those of the first if they are known.
    Raises ValueError as `adapted` and `mia_kit.attacks.run` do.
    """
    chosen: dict[str, Any] = {name: tuple(own) if isinstance(own, list) else own for name, own in settings.items()}
    access = WhiteBox(model)
    loss = adapted(access, chosen.pop("loss", "poincare"), temperature=chosen.pop("temperature", 1.0))
    full = Settings(input_size=(size, size), **chosen)
    return run(
        access,
        target_classes,
        prior=prior,
        seed=seed,
        settings=full,
        loss=loss,
        sampling=WhiteBox(sampling) if sampling else None,
        selection=WhiteBox(selection) if selection else None,
        scores=scores,
        progress=progress,
    )


def measure(found: Reconstructions, people: People, judges: Judges, *, per_class: int) -> Measures:
    """Let the judges look at reconstructions, made from a target that saw `per_class` photographs of each person."""
    targets, selected = found.targets.numpy(), found.selected.numpy()
    return judge(found.images, targets, selected, people, judges, per_class=per_class)


def judge(
    images: Tensor, targets: np.ndarray, selected: np.ndarray, people: People, judges: Judges, *, per_class: int
) -> Measures:
    """`measure` for images of shape (m, channels, h, w) in [-1, 1]."""
    images = fitted(images, people)
    chosen = people.target_training(per_class)
    features = in_batches(judges.evaluator.features, images).numpy()
    embeddings = in_batches(judges.embed, images).numpy()
    return Measures(
        targets,
        selected,
        target_ranks(in_batches(judges.evaluator, images).numpy(), targets),
        centre_ranks(embeddings, targets, judges.centres),
        person_distances(embeddings, targets, judges.references, judges.reference_labels),
        nearest_squared(features, targets, judges.trained_on(people, per_class), people.labels[chosen].numpy()),
    )


def film(found: Reconstructions, prior: Prior) -> list[Reconstructions]:
    """The reconstructions as they stood after each number of steps that the settings' film names.

    Images and codes alone are those of the moment; scores, selection and trace stay those of the end.
    """
    return [replace(found, images=synthesise(prior, codes), codes=codes) for codes in found.film]


def fitted(images: Tensor, people: People) -> Tensor:
    """Reconstructions in the colours and size of the people's photographs."""
    channels, height, width = people.images.shape[1:]
    return resize(in_channels(channels, images), (height, width))
