"""What comes back of a class: Plug & Play under two losses, by confidences and by labels, judged by who did not help.

The *judge* is a classifier of the unseen pictures, or our embedding of faces. *start* is the best picture of the pool
before any step: what the prior alone gives. *oracle* attacks a second classifier of the unseen pictures: what prior and
search can reach. *placebo* attacks a classifier that never saw the class. The attacker has no judge: they take the rate
under which the target is surest of what comes back of a few classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from mia_kit.access import ConfidenceAPI, LabelAPI, WhiteBox
from mia_kit.attacks import brep, mirror, ppa
from mia_kit.attacks.losses import LOSSES
from mia_kit.attacks.prior_to_target import in_channels, resize, synthesise
from mia_kit.audit.config import Inversion, Train
from mia_kit.audit.membership import ask, train_on
from mia_kit.audit.pictures import Side
from mia_kit.audit.plan import SPHERE, TUNED_ON, VIEWS, Sizes
from mia_kit.audit.rows import Row
from mia_kit.data.pictures import to_bytes, to_floats
from mia_kit.metrics import share_interval, target_ranks
from mia_kit.metrics.leakage import centre_ranks
from mia_kit.models import Prior, SmallClassifier, in_batches, load_embedder, sample_latents
from mia_kit.runs.store import Values

JUDGE_SIDE, JUDGE_WIDTH = 64, 24
# (images (n, channels, h, w) in [-1, 1], classes (n,)) -> ranks (n,); 1 is recognised
Judge = Callable[[Tensor, np.ndarray], np.ndarray]


def fresh_judge(channels: int, classes: int, *, seed: int) -> SmallClassifier:
    """An untrained classifier of pictures that `shrunk` has made small."""
    return SmallClassifier(channels, classes, seed=seed, width=JUDGE_WIDTH)


def train_judge(judge: SmallClassifier, side: Side, *, seed: int, epochs: int, progress: bool) -> None:
    """Train it on pictures that the audited classifier has not seen."""
    small = Side(to_bytes(shrunk(side.floats)), side.labels)
    train_on(judge, small, Train(epochs=epochs, batch_size=32, augment=True), seed=seed, progress=progress)


def by_classifier(model: SmallClassifier) -> Judge:
    """Ranks classes by a classifier's logits."""

    def judge(images: Tensor, classes: np.ndarray) -> np.ndarray:
        return target_ranks(in_batches(model, shrunk(in_channels(model.channels, images))).numpy(), classes)

    return judge


def by_faces(side: Side) -> Judge:
    """Ranks classes by how near their faces lie in our embedding. DataError where it is absent."""
    embedder = load_embedder()
    embedded, known = in_batches(embedder, side.floats).numpy(), np.unique(side.labels)
    centres = np.stack([embedded[side.labels.numpy() == label].mean(axis=0) for label in known])

    def judge(images: Tensor, classes: np.ndarray) -> np.ndarray:
        return centre_ranks(in_batches(embedder, images).numpy(), np.searchsorted(known, classes), centres)

    return judge


@dataclass(eq=False)
class Attack:
    """The attacks on one classifier: values with uint8 `images` of shape (n, channels, h, w), one of each class."""

    model: nn.Module
    classes: Sequence[int]
    prior: Prior
    settings: Inversion
    sizes: Sizes
    shape: tuple[int, int]
    seed: int
    progress: bool

    @cached_property
    def scores(self) -> Tensor:
        """Plug & Play's first stage, once for all losses: confidences of shape (pool, classes)."""
        return ppa.score_pool(WhiteBox(self.model), self.prior, self._pool(), self._plug_and_play(1.0))

    def start(self) -> Values:
        """The best of the pool."""
        best = self._pool()[self.scores[:, list(self.classes)].argmax(dim=0)]
        return {"images": to_bytes(synthesise(self.prior, self.prior.map(best)))}

    def white(self, loss: str) -> Values:
        """Plug & Play with the rate of which the target is surest; the gradients' lengths at the start as `norms`."""
        rates = self.settings.rates
        tries = {rate: self._white(loss, rate, list(self.classes)[:TUNED_ON]) for rate in rates if len(rates) > 1}
        rate = max(rates, key=lambda each: float(tries[each].scores.nan_to_num().mean()) if tries else each)
        result = self._white(loss, rate, self.classes)
        return {"images": to_bytes(result.images), "rate": rate, "norms": result.trace.gradient_norms[0]}

    def bred(self, access: ConfidenceAPI | None = None) -> Values:
        """MIRROR's black box: codes are bred by confidences."""
        settings = mirror.GeneticSettings(
            self.shape,
            pool=self.sizes.pool,
            population=self.sizes.population,
            generations=self.sizes.generations,
            batch_size=64,
        )
        access = access or ConfidenceAPI(self.model)
        result = mirror.run_black(
            access, self.classes, prior=self.prior, seed=self.seed, settings=settings, progress=self.progress
        )
        return {"images": to_bytes(result.images)}

    def walk(self) -> Values:
        """BREP-MI: a walk away from the boundary. Classes whose label the prior never gets are `missed`."""
        settings = brep.Settings(
            self.shape,
            start_batch=128,
            start_batches=max(1, self.sizes.pool // 128),
            points=SPHERE - 1,
            iterations=4,
            rounds=self.sizes.rounds,
            batch_size=64,
        )
        access = LabelAPI(self.model)
        result = brep.run(
            access, self.classes, prior=self.prior, seed=self.seed, settings=settings, progress=self.progress
        )
        return {"images": to_bytes(result.images), "missed": (~result.reached).numpy()}

    def _pool(self) -> Tensor:
        return sample_latents(self.prior, self.sizes.pool, seed=self.seed)

    def _plug_and_play(self, rate: float) -> ppa.Settings:
        return ppa.Settings(
            self.shape,
            pool=self.sizes.pool,
            steps=self.sizes.steps,
            candidates=1,
            keep=1,
            learning_rate=rate,
            selection_views=VIEWS,
            batch_size=32,
        )

    def _white(self, loss: str, rate: float, classes: Sequence[int]) -> ppa.Reconstructions:
        return ppa.run(
            WhiteBox(self.model),
            classes,
            prior=self.prior,
            seed=self.seed,
            settings=self._plug_and_play(rate),
            loss=LOSSES[loss],
            scores=self.scores,
            progress=self.progress,
        )


def likest(model: nn.Module, side: Side, classes: Sequence[int], known: Sequence[int]) -> list[int]:
    """For each class that a model never saw the known one that it finds the pictures of the class most like."""
    confidences = ask(model, side.images).softmax(dim=1)[:, list(known)]
    means = torch.stack([confidences[side.labels == label].mean(dim=0) for label in classes])
    return [known[place] for place in means.argmax(dim=1).tolist()]


def rows(
    values: Values,
    judge: Judge,
    classes: Sequence[int],
    names: Sequence[str],
    *,
    attack: str,
    access: str,
    defence: str = "",
) -> list[Row]:
    """The share of classes that the judge recognises, with Wilson's interval, and a row for each class."""
    hits = judge(to_floats(torch.as_tensor(values["images"])), np.asarray(classes)) == 1
    hits &= ~np.asarray(values.get("missed", np.zeros(len(hits), dtype=bool)))
    whole = Row.of("inversion", attack, access, "recognised", share_interval(int(hits.sum()), len(hits)), defence)
    each = zip(classes, hits, strict=True)
    return [whole, *(replace(whole, unit=names[c], value=float(hit), low=np.nan, high=np.nan) for c, hit in each)]


def shrunk(images: Tensor) -> Tensor:
    """At most 64 pixels high and wide, in [-1, 1]."""
    return resize(images, small(images.shape[2:])).clamp(-1, 1)


def small(shape: Sequence[int]) -> tuple[int, int]:
    """A height and width in proportion, both from 16 to 64."""
    height, width = (max(16, round(side * min(1.0, JUDGE_SIDE / max(shape)))) for side in shape)
    return height, width
