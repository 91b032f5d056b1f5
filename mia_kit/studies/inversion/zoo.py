"""The attack zoo: other papers' attacks on the same people, before the same judges, at the same price.

An attack may ask the target about `search.steps` images of each person in its search, as Plug & Play does, and once
about a first sample: `search.pool` images, twice as many for labels. What a GAN or a surrogate asked comes on top, and
the measure `queries` counts all of it. Learning rates are chosen on people who are then left out, as everywhere.

Each attack is held against a *start*, the best of `search.pool` sampled pictures of its own prior by the access that it
has, and a *placebo*, the same attack on a target that never saw the person. A person for whom an attack hands in
nothing is a failure: last in every rank, and never left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from mia_kit.access import ConfidenceAPI, LabelAPI, WhiteBox
from mia_kit.attacks import Reconstructions, brep, c2f, fredrikson, gmi, if_gmi, kedmi, mirror, plgmi, ppa, ppdg, vmi
from mia_kit.attacks.latent_search import ImageLoss
from mia_kit.attacks.losses import Loss, cross_entropy
from mia_kit.attacks.prior_to_target import asker, synthesise
from mia_kit.data.pictures import to_bytes, to_floats
from mia_kit.models import HalfPrecision, Prior, sample_latents
from mia_kit.models.class_conditional import ClassConditional
from mia_kit.models.convolutional_gan import ConvolutionalPrior
from mia_kit.runs.parts import Made, Part, Values
from mia_kit.studies.inversion.attack import attacked_people, best_rate, likest_classes
from mia_kit.studies.inversion.gans import Gan, Players, Surrogate
from mia_kit.studies.inversion.judges import Judges, JudgesPart, judge
from mia_kit.studies.inversion.networks import Trained
from mia_kit.studies.inversion.people import PeoplePart
from mia_kit.studies.inversion.priors import load_prior
from mia_kit.studies.inversion.recipe import Method, Search

POPULATION, POINTS = 20, 32  # of MIRROR's black box, and on a sphere of BREP-MI's: fewer for a small budget
TUNING = 50  # steps of PPDG-MI's neighbours, six times as long, and of its prior: a sixth and a third of the paper's
VIEWS = 2  # PLG-MI looks at two augmentations in each step
RANKS = ("rank", "identity_rank")


@dataclass(frozen=True, eq=False)
class HandedIn:
    """What an attack hands in, for n people.

    people : int array of shape (n,)
    pictures, starts : uint8 Tensors of shape (n, channels, h, w); grey where there is none
    reached, started : bool arrays of shape (n,), whether there is one
    norms, cosines : of the gradients, medians over people by step; NaN in an attack without
    queries : images of each person's that the target was asked about
    """

    people: np.ndarray
    pictures: Tensor
    reached: np.ndarray
    starts: Tensor
    started: np.ndarray
    norms: np.ndarray
    cosines: np.ndarray
    rate: float
    tried: list[float]
    queries: float


@dataclass(frozen=True)
class ZooAttack(Part[HandedIn]):
    """An attack of the zoo on a model; `placebo` says that the model never saw these people."""

    method: Method
    model: Trained
    people: PeoplePart
    judges: JudgesPart
    search: Search
    rates: tuple[float, ...]
    seed: int
    digest: str = ""
    gan: Gan | None = None
    surrogate: Surrogate | None = None
    placebo: bool = False
    embedder: Trained | None = None
    version: ClassVar[int] = 2

    @property
    def label(self) -> str:
        return f"{self.kind}, {self.method}"

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        judges, people = made(self.judges), made(self.people)
        order, classes = attacked_people(people.count, self.search), np.arange(people.count)
        if self.placebo:
            classes = likest_classes(made(self.model), people.evaluator.floats, people.evaluator.labels)
        tuning, others = order[: self.search.tuning.people], order[self.search.tuning.people :]

        def trial(rate: float) -> tuple[np.ndarray, np.ndarray]:
            short = self._attack(made, classes[tuning], rate, self.search.tuning.steps)
            said = judge_handed_in(judges, *handed_in(short, classes[tuning]), tuning)
            return said["acc1"], said["rank"]

        rate, tried = best_rate(self.rates, trial) if self.rates else (float("nan"), [])
        result = self._attack(made, classes[others], rate, self.search.steps)
        pictures, reached = handed_in(result, classes[others])
        starts, started = self._starts(made, classes[others])
        learnt = made(self.gan).queries if self.gan else 0
        learnt += made(self.surrogate).queries if self.surrogate else 0
        return {
            "people": others,
            "pictures": pictures,
            "reached": reached,
            "starts": starts,
            "started": started,
            "norms": _medians(result.trace.gradient_norms),
            "cosines": _medians(result.trace.gradient_cosines),
            "rate": rate,
            "tried": tried,
            "queries": result.queries / len(result.targets.unique()) + learnt / people.count,
        }

    def unpack(self, values: Values) -> HandedIn:
        return HandedIn(**values)

    def _attack(self, made: Made, classes: np.ndarray, rate: float, steps: int) -> Reconstructions:
        """One attack on all these classes; a class that several people share is attacked once.

        What walked through a prior in half precision is drawn anew in whole: the judges see float32.
        """
        gan = made(self.gan) if self.gan is not None else None
        run = self._with_gan(made, gan, rate, steps) if gan else self._without_gan(made, rate, steps)
        result: Reconstructions = run(target_classes=sorted(set(classes.tolist())), seed=self.seed, progress=False)
        if self.method == "lokt":
            result = replace(result, queries=0)  # of the target: the surrogate was asked
        if self.method in ("fredrikson", "if_gmi", "ppdg_mi") or self.search.precision == "float32":
            return result
        return replace(result, images=synthesise(gan.generator if gan else self._prior, result.codes))

    def _without_gan(self, made: Made, rate: float, steps: int) -> Callable[..., Reconstructions]:
        """An attack that lacks nothing but its classes."""
        model, prior, pool, batch_size = made(self.model), self._prior, self.search.pool, self.search.batch_size
        if self.method == "mirror":
            walk = mirror.Settings(
                input_size=self._size, pool=pool, steps=steps, learning_rate=rate, batch_size=batch_size
            )
            return partial(mirror.run, WhiteBox(model), prior=self._walked(prior), settings=walk)
        if self.method == "mirror_black_box":
            population = min(POPULATION, pool, max(2, steps // 2))
            genetic = mirror.GeneticSettings(
                input_size=self._size,
                pool=pool,
                population=population,
                generations=max(0, steps // population - 1),
                batch_size=batch_size,
            )
            return partial(mirror.run_black, ConfidenceAPI(model), prior=prior, settings=genetic)
        if self.method == "vmi":
            spread = vmi.Settings(input_size=self._size, steps=steps, learning_rate=rate, batch_size=batch_size)
            return partial(vmi.run, WhiteBox(model), prior=self._walked(prior), settings=spread)
        if self.method == "c2f":
            assert self.embedder is not None
            population = max(2, min(POPULATION, steps // 8))
            two_searches = c2f.Settings(
                input_size=self._size,
                samples=pool,
                population=population,
                steps=steps,
                learning_rate=rate,
                generations=max(0, steps // population - 1),
                batch_size=batch_size,
            )
            embedder = made(self.embedder)
            return partial(c2f.run, ConfidenceAPI(model), prior=prior, embedder=embedder, settings=two_searches)
        if self.method == "brep_mi":
            return partial(brep.run, LabelAPI(model), prior=prior, settings=self._walk(steps))
        if self.method == "fredrikson":
            image_size = (made(self.people).channels, *self._size)
            pixels = fredrikson.Settings(image_size=image_size, steps=steps, learning_rate=rate, batch_size=batch_size)
            return partial(fredrikson.run, WhiteBox(model), settings=pixels)
        settings = ppa.Settings(
            input_size=self._size,
            pool=pool,
            candidates=1,
            keep=1,
            steps=steps,
            learning_rate=rate,
            selection_views=1,
            batch_size=batch_size,
        )
        if self.surrogate is not None:  # LOKT is Plug & Play on it
            surrogate = WhiteBox(made(self.surrogate).surrogate)
            return partial(ppa.run, surrogate, prior=self._walked(prior), settings=settings)
        if self.method == "ppdg_mi":  # half of its steps and of its sample come before the tuning
            half = replace(settings, steps=steps // 2, pool=max(1, pool // 2))
            tuned = ppdg.Settings(half, neighbour_steps=TUNING, neighbour_rate=0.03, tuning_steps=TUNING)
            return partial(ppdg.run, WhiteBox(model), prior=prior, settings=tuned)
        # IF-GMI, half of whose steps are in the first two layers.
        latent = replace(settings, steps=steps - 2 * (steps // 4))
        layers = if_gmi.Settings(latent, layer_steps=(steps // 4, steps // 4))
        return partial(if_gmi.run, WhiteBox(model), prior=prior, settings=layers)

    def _with_gan(self, made: Made, players: Players, rate: float, steps: int) -> Callable[..., Reconstructions]:
        """GMI, KED-MI or PLG-MI, without its classes; the first two with LOMMA's loss if there is a surrogate."""
        access, batch_size = WhiteBox(made(self.model)), self.search.batch_size
        if self.method == "plg_mi":
            assert isinstance(players.generator, plgmi.ClassGenerator)
            settings = plgmi.Settings(
                input_size=self._size,
                starts=1,
                steps=max(1, steps // VIEWS),
                learning_rate=rate,
                views=VIEWS,
                batch_size=batch_size,
            )
            return partial(plgmi.run, access, prior=players.generator, settings=settings)
        loss: Loss | ImageLoss = made(self.surrogate).loss(access) if self.surrogate is not None else cross_entropy
        prior = self._walked(players.generator)
        if self.method in ("gmi", "lomma_gmi"):
            latents = gmi.Settings(
                input_size=self._size, starts=1, steps=steps, learning_rate=rate, batch_size=batch_size
            )
            return partial(gmi.run, access, prior=prior, critic=players.critic, settings=latents, loss=loss)
        spread = kedmi.Settings(input_size=self._size, steps=steps, learning_rate=rate, batch_size=batch_size)
        return partial(kedmi.run, access, prior=prior, discriminator=players.critic, settings=spread, loss=loss)

    def _starts(self, made: Made, classes: np.ndarray) -> tuple[Tensor, np.ndarray]:
        """A picture for each class before any search, and whether there is one: shapes as in `HandedIn`."""
        model = made(self.model)
        if self.method == "fredrikson":  # it begins with a black picture
            black = torch.zeros(len(classes), made(self.people).channels, *self._size, dtype=torch.uint8)
            return black, np.ones(len(classes), dtype=bool)
        if self.method in ("brep_mi", "lokt"):
            walk = self._walk(self.search.steps)
            return first_with_label(LabelAPI(model), self._prior, classes, settings=walk, seed=self.seed)
        source = made(self.gan).generator if self.gan is not None else self._prior
        pictures = best_of_sample(
            ConfidenceAPI(model), source, classes, pool=self.search.pool, size=self._size, seed=self.seed
        )
        return pictures, np.ones(len(classes), dtype=bool)

    def _walked(self, prior: Prior) -> Prior:
        """The prior in the precision in which a walk with gradients sees it; PLG-MI's knows classes and stays whole."""
        return HalfPrecision(prior) if self.search.precision == "bfloat16" else prior

    @property
    def _prior(self) -> Prior:
        return load_prior(self.search.prior)

    @property
    def _size(self) -> tuple[int, int]:
        return self.people.world.size, self.people.world.size

    def _walk(self, steps: int) -> brep.Settings:
        """BREP-MI within a budget of `steps` looks a person: each round asks about a place and points around it."""
        points = max(1, min(POINTS, steps - 1))
        rounds = max(1, steps // (points + 1))
        return brep.Settings(
            input_size=self._size,
            start_batch=self.search.pool,
            start_batches=2,
            points=points,
            rounds=rounds,
            batch_size=self.search.batch_size,
        )


def judge_handed_in(judges: Judges, pictures: Tensor, reached: np.ndarray, people: np.ndarray) -> dict[str, np.ndarray]:
    """What the judges say, as from `judge`; who was not reached is no hit and last in every rank."""
    said = judge(judges, to_floats(pictures), None, people)
    last = len(judges.centres)
    for measure, values in said.items():
        if measure in RANKS:
            said[measure] = np.where(reached, values, last)
        elif measure != "distance":
            said[measure] = values & reached
    return said


def handed_in(result: Reconstructions, classes: np.ndarray) -> tuple[Tensor, np.ndarray]:
    """The selected picture of each of `classes`, in their order, and whether there is one: shapes as in `HandedIn`."""
    targets, selected = result.targets.numpy(), result.selected.numpy()
    rows = [int(np.flatnonzero(targets == target)[0]) for target in classes]
    for place, target in enumerate(classes):
        if (places := np.flatnonzero((targets == target) & selected)).size:
            rows[place] = int(places[0])
    return to_bytes(result.images[rows]), selected[rows]


def best_of_sample(
    access: ConfidenceAPI, prior: Prior, classes: np.ndarray, *, pool: int, size: tuple[int, int], seed: int
) -> Tensor:
    """Of `pool` sampled pictures the one in which each class has most confidence: uint8 of shape (n, channels, h, w).

    A prior that knows classes draws for each its share of the pool.
    """
    ask = asker(access.confidences, access, prior, size=size, batch_size=100)
    wanted = torch.from_numpy(classes)
    if isinstance(prior, ClassConditional | ConvolutionalPrior) and prior.classes:
        share = max(1, pool // prior.classes)
        each = wanted.repeat_interleave(share)
        codes = prior.codes(sample_latents(prior, len(each), seed=seed), each)
        scores = ask(codes).gather(1, each[:, None]).view(len(wanted), share)
        best = scores.argmax(dim=1) + torch.arange(len(wanted)) * share
    else:
        codes = prior.map(sample_latents(prior, pool, seed=seed))
        best = ask(codes)[:, wanted].argmax(dim=0)
    return to_bytes(synthesise(prior, codes[best]))


def first_with_label(
    access: LabelAPI, prior: Prior, classes: np.ndarray, *, settings: brep.Settings, seed: int
) -> tuple[Tensor, np.ndarray]:
    """The first sampled picture that gets each label, grey if none does, and whether one does."""
    ask = asker(access.labels, access, prior, size=settings.input_size, batch_size=settings.batch_size)
    places, latents = brep.first_hits(
        lambda drawn: ask(prior.map(drawn)), prior.latent_size, torch.from_numpy(classes), settings, seed=seed
    )
    hit = places >= 0
    images = torch.zeros(len(classes), *prior.image_size)
    if hit.any():
        images[hit] = synthesise(prior, prior.map(latents[hit]))
    return to_bytes(images), hit.numpy()


def _medians(course: Tensor) -> np.ndarray:
    """Medians over people by step, of shape (steps,); NaN where there is nothing."""
    return course.nanmedian(dim=1).values.numpy().astype(np.float32)
