"""What a recipe will cost before it is started: the parts of its cells are counted, and small pieces of them timed.

Work is counted in images that pass through its networks. A piece is one batch of it: of training, of the attack's step,
of what judges look at. Times are those of this computer at this moment, with one worker and nothing in the store. On a
CPU large pictures are taken two at a time, so that a recipe for a GPU fits, and time goes with their number.
"""

from __future__ import annotations

import math
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import msgspec
import torch
from torch import Generator

from mia_kit.access import WhiteBox
from mia_kit.attacks import Settings
from mia_kit.attacks.losses import poincare
from mia_kit.attacks.ppa import optimise, score_candidates, score_pool
from mia_kit.attacks.prior_to_target import in_channels, resize, synthesise
from mia_kit.data.folders import DataError
from mia_kit.data.inventory import STYLEGAN2
from mia_kit.models import Classifier, sample_latents
from mia_kit.models.embedder import FaceEmbedder
from mia_kit.models.facenet import FaceNet
from mia_kit.runs.parts import with_inputs
from mia_kit.smoothing import phases
from mia_kit.studies.inversion.attack import Inversion, Scores
from mia_kit.studies.inversion.cells import AttackCell, TargetCell, cells
from mia_kit.studies.inversion.devices import ask, device_of, in_precision, with_room
from mia_kit.studies.inversion.extraction import ExtractionCell
from mia_kit.studies.inversion.judges import References
from mia_kit.studies.inversion.networks import Evaluator, FirstHalf, Target, Trunk, train, untrained
from mia_kit.studies.inversion.people import PeoplePart, Photos, count_photographs
from mia_kit.studies.inversion.priors import load_prior
from mia_kit.studies.inversion.recipe import Network, Recipe

LARGE, LARGE_AT_A_TIME = 128, 2  # pixels, and images at a time on a CPU
LONG, MANY = 0.3, 100  # seconds that a timing takes about, if so many batches are enough
# People and photographs where the set is not here: FaceScrub's list, of whose links about 6 in 10 may still live, and
# those people of CelebA who have most photographs, about thirty each.
ABSENT = {"facescrub": (530, 106_863), "celeba_hd": (1000, 30_000)}

Run = Callable[[int], object]  # so many batches of a kind of work


@dataclass(frozen=True)
class Estimate:
    """What was counted and timed.

    images : that pass through networks, by kind of work
    batches : of a kind of work, images at a time, and seconds for one batch
    disk, memory, gpu : bytes; 0 for a GPU that is not there
    assumed : sentences on what was taken for granted
    """

    images: dict[str, float]
    batches: dict[str, tuple[int, float]]
    disk: float
    memory: float
    gpu: float
    assumed: tuple[str, ...]

    def hours_of(self, what: str) -> float:
        """One kind of work, on one worker."""
        batch, seconds = self.batches[what]
        return self.images[what] / batch * seconds / 3600

    @property
    def hours(self) -> float:
        """Everything, on one worker."""
        return sum(map(self.hours_of, self.images))

    def text(self) -> str:
        """A table, the sum, memory, disk, and what was assumed."""
        width = max(map(len, self.images))
        lines = [f"{'':{width}}  {'images':>14}  {'at a time':>9}  {'seconds':>9}  {'hours':>9}"]
        for what, images in self.images.items():
            batch, seconds = self.batches[what]
            lines.append(f"{what:{width}}  {images:14,.0f}  {batch:9}  {seconds:9.4f}  {self.hours_of(what):9.3f}")
        lines.append(f"{'together':{width}}  {'':14}  {'':9}  {'':9}  {self.hours:9.3f}")
        lines.append(f"main memory: about {self.memory / 1e9:.1f} GB")
        lines.append(f"GPU memory: {self.gpu / 1e9:.1f} GB" if self.gpu else "GPU memory: unknown, there is none here")
        lines.append(f"disk: about {self.disk / 1e9:.2f} GB in the store")
        return "\n".join(lines + [f"assumed: {sentence}" for sentence in self.assumed])


def estimate(recipe: Recipe) -> Estimate:
    """Time a piece of each kind of work and multiply: a second or two for each, if a batch takes no longer."""
    (people, photographs, assumed), prior = crowd(recipe), recipe.search.prior
    if prior == "stylegan2" and STYLEGAN2.find() is None:
        prior = "stylegan2 random"  # it takes as long
        assumed += ("a StyleGAN2 with random weights in place of FFHQ's, which is not here",)
    if recipe.target.pretraining or recipe.side_effects or any(attack.method != "ppa" for attack in recipe.attacks):
        assumed += ("training on public people, side effects and the attack zoo are not in it",)
    images, pieces, on_gpu = count_images(recipe), Pieces(recipe, people, prior), torch.cuda.is_available()
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    timed = {what: (batch, _seconds(run)) for what, (batch, run) in ((what, pieces.of(what)) for what in images)}
    gpu = float(torch.cuda.max_memory_allocated()) if on_gpu else 0.0
    # In memory photographs lie in 256 shades, and for small networks as floats too.
    memory = _peak() + 5.0 * 3 * recipe.world.size**2 * sum(photographs.values())
    return Estimate(images, timed, pieces.disk(), memory, gpu, assumed)


def crowd(recipe: Recipe) -> tuple[int, dict[str, int], tuple[str, ...]]:
    """How many people there are, photographs of each role, and what was assumed. DataError if their set is absent."""
    try:
        return *count_photographs(recipe.world), ()
    except DataError:
        if recipe.world.name not in ABSENT:
            raise
    wanted, (people, photographs) = recipe.world.photographs, ABSENT[recipe.world.name]
    target = photographs * wanted.target // (wanted.target + wanted.evaluator)
    rest = photographs - target
    roles = {"target": target, "evaluator": target if wanted.shared else rest, "test": rest}
    return people, roles, (f"{people} people and {photographs:,} photographs, as the whole set has them",)


def count_images(recipe: Recipe) -> dict[str, float]:
    """The images that pass through networks, by kind of work, in all parts of the recipe's cells together."""
    people, photographs, _ = crowd(recipe)
    tests, judged = (photographs.get(role, photographs["evaluator"]) for role in ("test", "judge"))
    images: Counter[str] = Counter()
    for part in with_inputs(cells(recipe)):
        if isinstance(part, PeoplePart) and part.kept:
            images["drawing photographs"] += sum(photographs.values())
        elif isinstance(part, Evaluator):
            shown = judged if part.role == "judge" else photographs["evaluator"]
            images[f"training the {part.role}"] += shown * part.network.epochs
        elif isinstance(part, FirstHalf | Target):
            half, epochs = phases(part.network.epochs).ramp_starts, part.network.epochs
            epochs = half if isinstance(part, FirstHalf) else epochs - half * (part.half is not None)
            images["training the target"] += min(photographs["target"], part.per_class * people) * epochs
        elif isinstance(part, Scores):
            images["sampling"] += part.pool
        elif isinstance(part, Inversion) and not part.pieces:
            search, (tuning, others) = part.search, _attacked(part, people)
            tuning *= len(part.rates)
            images["optimisation"] += search.candidates * (tuning * search.tuning.steps + others * search.steps)
            views = 1 if search.candidates == 1 else search.views
            images["selection"] += search.candidates * views * (tuning + others)
        elif isinstance(part, AttackCell):
            search = part.attack.search
            images["judging"] += _attacked(part.attack, people)[1] * search.keep * len(search.looks)
        elif isinstance(part, References):
            images["judging"] += judged
        elif isinstance(part, TargetCell):
            images["measuring the target"] += 2 * photographs["target"] + tests
        elif isinstance(part, ExtractionCell):
            reconstructions = _attacked(part.attack, people)[1] * part.attack.search.keep
            images["training the student"] += reconstructions * part.student.epochs
    return dict(images)


class Pieces:
    """A batch of each kind of work with untrained networks, which take as long as trained ones."""

    def __init__(self, recipe: Recipe, people: int, prior: str) -> None:
        self._recipe, self._people, self._name = recipe, people, prior
        self._size, self._channels = (recipe.world.size,) * 2, 1 if recipe.world.name == "orl" else 3
        self._device = device_of(recipe.target).type
        self._batch = self._at_a_time(min(recipe.search.batch_size, max(2, recipe.search.candidates * people)))
        self._access = WhiteBox(in_precision(self._model(recipe.target), recipe.target))
        self._prior = load_prior(prior, device=self._device)

    def of(self, what: str) -> tuple[int, Run]:
        """Images at a time, and what does so many batches of this kind of work."""
        if what.startswith("training the "):
            recipe = self._recipe
            networks = {"target": recipe.target, "evaluator": recipe.evaluator, "judge": recipe.judge}
            network = networks.get(what.split()[-1], recipe.student)
            assert network is not None, what
            return self._training(network)
        if what == "optimisation":
            return self._optimisation()
        once = self._once(what)
        return self._batch, lambda batches: [once() for _ in range(batches)]

    def disk(self) -> float:
        """Bytes of weights, with Adam's means where training goes on from them, and of what attacks bring back."""
        code, total = self._prior.map(self._latents(1)).numel(), 0.0
        for part in with_inputs(cells(self._recipe)):
            if isinstance(part, Evaluator | Target | FirstHalf | Trunk):
                weights = sum(weight.numel() for weight in self._model(part.network).parameters())
                total += 4.0 * weights * (3 if isinstance(part, FirstHalf) else 1)
            elif isinstance(part, Inversion):
                search, reconstructions = part.search, _attacked(part, self._people)[1] * part.search.candidates
                total += reconstructions * (2.0 * code * len(search.looks) + 8.0 * search.steps)
        return total

    def _training(self, network: Network) -> tuple[int, Run]:
        batch, model = self._at_a_time(network.batch_size), self._model(network)
        brief = msgspec.structs.replace(network, epochs=1, batch_size=batch)

        def run(batches: int) -> None:
            shown = torch.randint(256, (batches * batch, self._channels, *self._size), dtype=torch.uint8)
            train(model, Photos(shown, torch.arange(len(shown)) % self._people), brief, seed=0, progress=False)

        return batch, run

    def _optimisation(self) -> tuple[int, Run]:
        prior = load_prior(self._name, device=self._device, precision=self._recipe.search.precision)

        def walk(batch: int, steps: int) -> int:
            targets = torch.arange(batch, device=self._device) % self._people
            settings, generator = self._settings(batch, steps), Generator().manual_seed(0)
            optimise(self._access, prior, self._latents(batch), targets, settings, poincare, generator)
            return batch

        batch = with_room(lambda size: walk(size, 1), self._batch) if self._device == "cuda" else self._batch
        return batch, lambda steps: walk(batch, steps)

    def _once(self, what: str) -> Callable[[], object]:
        recipe, latents, settings = self._recipe, self._latents(self._batch), self._settings(self._batch, 1)
        if what == "drawing photographs":
            dcgan = load_prior("dcgan")
            return lambda: synthesise(dcgan, sample_latents(dcgan, self._batch, seed=0))
        if what == "sampling":
            return lambda: score_pool(self._access, self._prior, latents, settings)
        if what == "measuring the target":
            model, shown = self._model(recipe.target), torch.zeros(self._batch, self._channels, *self._size)
            return lambda: ask(model, shown)
        if what == "selection":
            targets = torch.zeros(self._batch, dtype=torch.int64, device=self._device)
            images = torch.zeros(self._batch, *self._prior.image_size, device=self._device)
            return lambda: score_candidates(self._access, images, targets, settings, Generator().manual_seed(0))
        evaluator, codes = self._model(recipe.evaluator), self._prior.map(latents)
        embedder = FaceNet() if recipe.embedder == "facenet" else FaceEmbedder()
        second = self._model(recipe.judge) if recipe.judge else embedder.eval().to(self._device)

        def judge() -> None:
            pictures = resize(in_channels(self._channels, synthesise(self._prior, codes).cpu()), self._size)
            ask(evaluator, pictures)
            ask(second, pictures if recipe.judge else pictures.expand(-1, 3, -1, -1))

        return judge

    def _model(self, network: Network) -> Classifier:
        size = self._size[0]
        return untrained(network, channels=self._channels, classes=self._people, size=size, seed=0).eval()

    def _latents(self, count: int) -> torch.Tensor:
        return sample_latents(self._prior, count, seed=0).to(self._device)

    def _settings(self, batch: int, steps: int) -> Settings:
        return Settings(self._size, pool=batch, candidates=1, keep=1, steps=steps, selection_views=1, batch_size=batch)

    def _at_a_time(self, wanted: int) -> int:
        return LARGE_AT_A_TIME if self._device == "cpu" and self._size[0] >= LARGE else wanted


def _attacked(attack: Inversion, people: int) -> tuple[int, int]:
    """How many people serve to choose the rate, and how many are attacked with it."""
    search, everybody = attack.search, min(people, attack.search.people or people)
    if attack.piece is not None:
        return 0, len(range(attack.piece, everybody, search.pieces))
    tuning = 0 if attack.pieces else search.tuning.people
    return tuning, everybody - tuning


def _seconds(run: Run) -> float:
    """Seconds of a batch after a first one; of many, three times over, if a batch is quick."""
    _timed(run, 1)
    single = _timed(run, 1)
    batches = min(MANY, math.ceil(LONG / single))
    return single if batches == 1 else median(_timed(run, batches) / batches for _ in range(3))


def _timed(run: Run, batches: int) -> float:
    began = time.perf_counter()
    run(batches)
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began


def _peak() -> float:
    """The most bytes of main memory that this process has had; 0 where the system does not say."""
    if sys.platform == "win32":
        return 0.0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1.0 if sys.platform == "darwin" else 1024.0)
