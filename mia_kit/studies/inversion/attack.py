"""Attacks of the study: Plug & Play with a loss, by an attacker who tunes.

The attacker tries each learning rate on some people, keeps the one with most hits, and attacks the others with it.
Those on whom the rate was chosen are left out of the results. A *placebo* attacks a target that never saw the person:
the class that it finds most like the person's photographs. An *oracle* inverts the evaluator itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from mia_kit import check
from mia_kit.access import WhiteBox
from mia_kit.attacks import Reconstructions, Settings, run
from mia_kit.attacks.adaptive_losses import adapted
from mia_kit.attacks.ppa import score_pool
from mia_kit.attacks.prior_to_target import synthesise
from mia_kit.models import Classifier, Prior, sample_latents
from mia_kit.runs.parts import Made, Part, Values
from mia_kit.studies.inversion.devices import ask, device_of, in_precision, with_room
from mia_kit.studies.inversion.judges import JudgesPart, judge
from mia_kit.studies.inversion.networks import Target, Trained
from mia_kit.studies.inversion.people import PeoplePart
from mia_kit.studies.inversion.priors import load_prior, prior_digest
from mia_kit.studies.inversion.recipe import LossName, Optimiser, Search

# The order in which people are attacked is the same in every cell: the first serve to choose a rate.
ORDER = 7
SCORED = 100  # images of the pool at a time
Role = Literal["ppa", "placebo", "oracle"]


@dataclass(frozen=True)
class Scores(Part[Tensor]):
    """Stage 1: a model's confidence in every class for each image of the pool and its mirror image: (pool, classes)."""

    model: Trained
    prior: str
    digest: str
    pool: int
    seed: int

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        device, size = device_of(self.model.network).type, self.model.people.world.size
        prior, access = load_prior(self.prior, device=device), WhiteBox(made(self.model))
        pool = _pool(self.prior, self.pool, self.seed).to(device)

        def score(batch_size: int) -> Tensor:
            settings = Settings((size, size), pool=self.pool, candidates=1, keep=1, batch_size=batch_size)
            return score_pool(access, prior, pool, settings)

        return {"scores": with_room(score, SCORED)}


@dataclass(frozen=True, eq=False)
class Attacked:
    """What an attack brought back, for m reconstructions.

    people : int array of shape (m,), whom each aims at
    codes : Tensor of shape (looks, m, ...), after the numbers of steps in `looks`
    selected : bool array of shape (m,)
    norms, cosines : arrays of shape (steps, m): gradient norms, and cosines of successive gradients
    rate : the learning rate that the attacker chose
    tried : hits among those on whom it was chosen, by rate; none of an attack in pieces
    """

    people: np.ndarray
    codes: Tensor
    selected: np.ndarray
    norms: np.ndarray
    cosines: np.ndarray
    looks: tuple[int, ...]
    rate: float
    tried: list[float]


@dataclass(frozen=True)
class Inversion(Part[Attacked]):
    """An attack on a model, with a loss.

    model : who is attacked: a target, the evaluator for an oracle, strangers' target for a placebo
    judges : whose word chooses the rate
    role : "ppa", "placebo" or "oracle"
    sampling, selection : scores of another target's first stage, and another target for the last one
    piece : of an attack in pieces, its number: every so-manieth person is attacked, at the only rate
    pieces : what the whole attack is put together from
    """

    model: Trained
    people: PeoplePart
    judges: JudgesPart
    search: Search
    loss: LossName
    rates: tuple[float, ...]
    scores: Scores
    seed: int
    optimiser: Optimiser = "adam"
    role: Role = "ppa"
    selection: Target | None = None
    piece: int | None = None
    pieces: tuple[Inversion, ...] = ()
    version: ClassVar[int] = 2

    @property
    def label(self) -> str:
        return f"{self.kind}, {self.role} {self.loss}"

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        if self.pieces:
            return _together([made(piece) for piece in self.pieces])
        model, people = made(self.model), made(self.people)
        device = device_of(self.model.network).type
        prior = load_prior(self.search.prior, device=device, precision=self.search.precision)
        order = attacked_people(people.count, self.search)
        classes = np.arange(people.count)
        if self.role == "placebo":
            classes = likest_classes(model, people.evaluator.images, people.evaluator.labels)
        tuning, others = np.split(order, [self.search.tuning.people])
        if self.piece is not None:
            tuning, others = tuning[:0], order[self.piece :: self.search.pieces]

        def attack(people: np.ndarray, rate: float, steps: int) -> tuple[Reconstructions, np.ndarray]:
            result = self._attack(made, prior, model, classes[people], rate, steps=steps)
            return result, _rows(result, classes[people])

        def trial(rate: float) -> tuple[np.ndarray, np.ndarray]:
            result, rows = attack(tuning, rate, self.search.tuning.steps)
            kept = rows[result.selected[rows].numpy()]  # what is handed in of each person, in their order
            judged = judge(made(self.judges), result.images[kept], None, np.repeat(tuning, self.search.keep))
            return judged["acc1"], judged["rank"]

        rate, tried = best_rate(self.rates, trial) if len(tuning) else (self.rates[0], [])
        result, rows = attack(others, rate, self.search.steps)
        return {
            "people": np.repeat(others, self.search.candidates),
            "codes": result.film[:, rows].half(),
            "selected": result.selected[rows].numpy(),
            "norms": result.trace.gradient_norms[:, rows].numpy().astype(np.float32),
            "cosines": result.trace.gradient_cosines[:, rows].numpy().astype(np.float32),
            "rate": rate,
            "tried": tried,
        }

    def unpack(self, values: Values) -> Attacked:
        return Attacked(**values | {"codes": values["codes"].float(), "looks": self.search.looks})

    def _attack(
        self, made: Made, prior: Prior, model: Classifier, classes: np.ndarray, rate: float, *, steps: int
    ) -> Reconstructions:
        """One attack on all these classes; a class that several people share is attacked once."""
        search, access = self.search, WhiteBox(in_precision(model, self.model.network))
        heated = self.loss == "temperature"
        name, temperature = ("cross_entropy", search.temperature) if heated else (self.loss, 1.0)
        settings = Settings(
            input_size=(self.people.world.size,) * 2,
            pool=search.pool,
            candidates=search.candidates,
            keep=search.keep,
            steps=steps,
            learning_rate=rate,
            optimiser=self.optimiser,
            selection_views=1 if search.candidates == 1 else search.views,
            film=tuple(step for step in search.looks if step <= steps),
        )
        selection = None if self.selection is None else WhiteBox(made(self.selection))

        def attack(batch_size: int) -> Reconstructions:
            return run(
                access,
                sorted(set(classes.tolist())),
                prior=prior,
                seed=self.seed,
                settings=replace(settings, batch_size=batch_size),
                loss=adapted(access, name, temperature=temperature),
                selection=selection,
                scores=made(self.scores),
                progress=False,
            )

        return complete(with_room(attack, search.batch_size))


def best_rate(
    rates: Sequence[float], trial: Callable[[float], tuple[np.ndarray, np.ndarray]]
) -> tuple[float, list[float]]:
    """The rate with most hits, of equals the one with better ranks, and the hits of each; `trial` gives both."""
    tried = [(float(hits.mean()), -float(np.log(ranks).mean())) for hits, ranks in map(trial, rates)]
    return rates[max(range(len(tried)), key=lambda place: tried[place])], [hits for hits, _ in tried]


def complete(reconstructions: Reconstructions) -> Reconstructions:
    """The reconstructions, if each class has one that was handed in.

    ValueError otherwise: a person without one has no row, so that the attack would be judged by its successes alone.
    """
    targets, selected = reconstructions.targets, reconstructions.selected
    if missing := len(targets.unique()) - len(targets[selected].unique()):
        raise ValueError(
            f"the target must answer with finite confidences about one candidate of each class, got {missing} classes "
            "without instead: did its training run away?"
        )
    return reconstructions


def inversion(
    model: Trained,
    judges: JudgesPart,
    search: Search,
    loss: LossName,
    rates: tuple[float, ...],
    *,
    optimiser: Optimiser = "adam",
    role: Role = "ppa",
    sampling: Trained | None = None,
    selection: Target | None = None,
) -> Inversion:
    """An attack whose first stage asks the model itself, or `sampling`; with its pieces, if it has any."""
    people, seed = judges.people, judges.people.seed
    scores = Scores(sampling or model, search.prior, prior_digest(search.prior), search.pool, seed)
    whole = Inversion(model, people, judges, search, loss, rates, scores, seed, optimiser, role, selection)
    if search.pieces == 1:
        return whole
    return replace(whole, pieces=tuple(replace(whole, piece=piece) for piece in range(search.pieces)))


def attacked_people(count: int, search: Search) -> np.ndarray:
    """The numbers of the people under attack, those for tuning first, in the order of all cells."""
    order = np.random.default_rng(ORDER).permutation(count)
    return order[: search.people]


def likest_classes(model: Classifier, photographs: Tensor, labels: Tensor) -> np.ndarray:
    """For each person the class whose mean confidence in their photographs is greatest: shape (people,)."""
    confidences = ask(model, photographs).softmax(dim=1)
    check.finite("the model's confidences in photographs", confidences)
    people = torch.unique(labels)
    return np.array([int(confidences[labels == person].mean(dim=0).argmax()) for person in people])


def pictures_of(attack: Inversion, codes: Tensor) -> Callable[[np.ndarray], Tensor]:
    """The pictures of codes, of shape (m, channels, h, w) in [-1, 1], for whoever asks for some of them by place."""
    device = device_of(attack.model.network).type
    prior = load_prior(attack.search.prior, device=device)
    return lambda places: synthesise(prior, codes[torch.from_numpy(places)].to(device)).cpu()


def _together(pieces: Sequence[Attacked]) -> Values:
    """The values of an attack from those of its pieces."""
    return {
        "people": np.concatenate([piece.people for piece in pieces]),
        "codes": torch.cat([piece.codes for piece in pieces], dim=1).half(),
        "selected": np.concatenate([piece.selected for piece in pieces]),
        "norms": np.concatenate([piece.norms for piece in pieces], axis=1),
        "cosines": np.concatenate([piece.cosines for piece in pieces], axis=1),
        "rate": pieces[0].rate,
        "tried": pieces[0].tried,
    }


def _rows(result: Reconstructions, classes: np.ndarray) -> np.ndarray:
    """Where the reconstructions of each of `classes` lie, in their order: a class may come twice."""
    targets = result.targets.numpy()
    return np.concatenate([np.flatnonzero(targets == target) for target in classes])


@lru_cache(maxsize=2)
def _pool(prior: str, count: int, seed: int) -> Tensor:
    return sample_latents(load_prior(prior), count, seed=seed)
