"""Plug & Play Attacks (Struppek et al., ICML 2022): sample, optimise, select, with any prior and any loss.

Differences from the paper. One random crop is drawn for each image and step, where the paper draws one for a batch of
25. Crops are cut bilinearly without a low-pass filter, which matters little at areas of 0.5 or more. The images of all
targets share batches, are synthesised once at the end, and are kept for every measure. The DCGAN has no truncation, so
psi and its cutoff belong to the prior.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Generator, Tensor
from tqdm.auto import tqdm

from mia_kit import check
from mia_kit.access import WhiteBox
from mia_kit.attacks.crops import OPTIMISATION_CROP, SELECTION_CROP, Crop, cut
from mia_kit.attacks.descent import Recorder
from mia_kit.attacks.losses import Loss, poincare
from mia_kit.attacks.prior_to_target import check_targets, count_classes, in_channels, resize, synthesise
from mia_kit.attacks.reconstructions import Reconstructions, Trace, comparable, on_cpu
from mia_kit.models.priors import Prior, sample_latents
from mia_kit.seeds import stream
from mia_kit.signatures import checked


@dataclass(frozen=True)
class Settings:
    """The paper's numbers for FaceScrub with a StyleGAN2 prior.

    input_size : what the target was trained on, (h, w)
    optimiser : the paper's Adam with its `betas`, or plain gradient descent, which shows how small a gradient is
    film : numbers of steps, from 0 to `steps`, after which the codes are kept for looking at the way
    """

    input_size: tuple[int, int] = (224, 224)
    pool: int = 2000
    candidates: int = 200
    keep: int = 50
    steps: int = 50
    learning_rate: float = 0.005
    optimiser: Literal["adam", "sgd"] = "adam"
    betas: tuple[float, float] = (0.1, 0.1)
    crop: Crop = OPTIMISATION_CROP
    selection_crop: Crop = SELECTION_CROP
    selection_views: int = 100
    batch_size: int = 100
    film: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check.size_field(self, "input_size")
        check.whole_fields(self, pool=1, candidates=1, keep=1, steps=0, selection_views=1, batch_size=1)
        check.count("candidates, at most pool,", self.candidates, most=self.pool)
        check.count("keep, at most candidates,", self.keep, most=self.candidates)
        check.in_range("learning_rate", self.learning_rate, 0, open_ends="low")
        check.one_of("optimiser", self.optimiser, ("adam", "sgd"))
        for beta in check.array("betas", self.betas, (2,)).tolist():
            check.in_range("each of betas", beta, 0, 1, open_ends="high")
        for step in self.film:
            check.count("each step of film", step, 0, self.steps)
        if list(self.film) != sorted(set(self.film)):
            raise ValueError(f"film must be rising numbers of steps, got {self.film} instead")

    def optimiser_of(self, codes: Tensor) -> torch.optim.Optimizer:
        """A fresh optimiser of these codes."""
        if self.optimiser == "adam":
            return torch.optim.Adam([codes], lr=self.learning_rate, betas=self.betas)
        return torch.optim.SGD([codes], lr=self.learning_rate)


@checked
def run(
    access: WhiteBox,
    target_classes: Sequence[int],
    *,
    prior: Prior,
    seed: int,
    settings: Settings | None = None,
    loss: Loss = poincare,
    sampling: WhiteBox | None = None,
    selection: WhiteBox | None = None,
    scores: Tensor | None = None,
    progress: bool = True,
) -> Reconstructions:
    """Attack all `target_classes` at once.

    target_classes : different classes in [0, classes)
    prior : generator with `map` and `synthesise`, on the model's device; grey targets see the mean of its colours
    seed : seeds the latents and every crop, which are drawn on the CPU: it means the same on every device
    sampling, selection : other models for the first and the last stage, to see which stage matters; `access` by default
    scores : what `score_pool` gives for the pool of this seed, of shape (pool, classes), for an attack that takes the
        classes in turns; they are computed by default

    ValueError if the prior makes other images than the target takes.
    """
    settings = settings or Settings()
    sampling, selection = sampling or access, selection or access
    everybody = {id(box): box for box in (access, sampling, selection)}.values()
    before = sum(box.queries for box in everybody)
    classes = count_classes(access.logits, access, prior, settings.input_size)
    target_classes = check_targets(target_classes, classes)
    pool = sample_latents(prior, settings.pool, seed=seed).to(access.device)
    if scores is None:
        scores = score_pool(sampling, prior, pool, settings)
    check.shape("scores", scores, (settings.pool, classes))
    scores = comparable(scores.to(access.device))
    starts = scores[:, target_classes].topk(settings.candidates, dim=0).indices.T.reshape(-1)  # (m,)
    targets = torch.tensor(target_classes, device=access.device).repeat_interleave(settings.candidates)  # (m,)
    generator = stream(seed + 1)
    codes, trace, film = optimise(access, prior, pool[starts], targets, settings, loss, generator, progress=progress)
    images = synthesise(prior, codes, batch_size=settings.batch_size)
    final = score_candidates(selection, images, targets, settings, generator)
    selected, queries = select(final, settings), sum(box.queries for box in everybody) - before
    return on_cpu(images, codes, targets, final, trace=trace, queries=queries, selected=selected, film=film)


@torch.no_grad()
def score_pool(access: WhiteBox, prior: Prior, pool: Tensor, settings: Settings) -> Tensor:
    """Stage 1: mean confidence of each latent's image and its mirror image, of shape (pool, classes)."""
    scores = []
    for latents in pool.split(settings.batch_size):
        images = resize(synthesise(prior, prior.map(latents), batch_size=settings.batch_size), settings.input_size)
        views = in_channels(access.channels, torch.cat([images, images.flip(3)]))
        scores.append(access.confidences(views).view(2, len(latents), -1).mean(dim=0))
    return torch.cat(scores)


def optimise(
    access: WhiteBox,
    prior: Prior,
    latents: Tensor,
    targets: Tensor,
    settings: Settings,
    loss: Loss,
    generator: Generator,
    *,
    progress: bool = False,
) -> tuple[Tensor, Trace, Tensor]:
    """Stage 2: Adam on the code of each candidate. Returns codes of shape (m, ...), the trace, and the film.

    Candidates share batches and nothing else: the sum of their losses is taken, so that a batch's size does not change
    a gradient (Adam's steps hardly depend on the scale, but the recorded norms do).
    """
    boxes = settings.crop.boxes(settings.steps * len(latents), generator).view(settings.steps, len(latents), 2, 3)
    parts, records, films = [], [], []
    bar = tqdm(total=len(latents) * settings.steps, disable=not progress, desc="attacking", unit="image")
    for batch in torch.arange(len(latents)).split(settings.batch_size):
        codes = prior.map(latents[batch]).detach().clone().requires_grad_()
        optimiser = settings.optimiser_of(codes)
        recorder = Recorder(settings.steps, len(codes))
        film = [codes.detach().clone()] if 0 in settings.film else []
        for step in range(settings.steps):
            views = cut(prior.synthesise(codes), boxes[step, batch], settings.input_size)
            losses = loss(access.logits(in_channels(access.channels, views)), targets[batch])
            (codes.grad,) = torch.autograd.grad(losses.sum(), codes)
            optimiser.step()
            recorder.note(step, losses, codes.grad)
            if step + 1 in settings.film:
                film.append(codes.detach().clone())
            bar.update(len(codes))
        parts.append(codes.detach())
        records.append(recorder.values)
        films.append(torch.stack(film) if film else codes.detach().new_empty(0, *codes.shape))
    bar.close()
    return torch.cat(parts), Trace(*torch.cat(records, dim=2)), torch.cat(films, dim=1)


@torch.no_grad()
def score_candidates(
    access: WhiteBox, images: Tensor, targets: Tensor, settings: Settings, generator: Generator
) -> Tensor:
    """Stage 3, first half: mean confidence in the target over random crops and mirrors, of shape (m,)."""
    boxes = settings.selection_crop.boxes(settings.selection_views * len(images), generator)
    total = torch.zeros(len(images), device=access.device)
    for view in boxes.view(settings.selection_views, len(images), 2, 3):
        for batch in torch.arange(len(images)).split(settings.batch_size):
            views = cut(images[batch], view[batch], settings.input_size)
            confidences = access.confidences(in_channels(access.channels, views))
            total[batch] += confidences.gather(1, targets[batch, None]).squeeze(1)
    return total / settings.selection_views


def select(scores: Tensor, settings: Settings) -> Tensor:
    """Stage 3, second half: bool of shape (m,), True for the `keep` best of each target that have a score."""
    table = comparable(scores).view(-1, settings.candidates)  # (targets, candidates)
    best = torch.zeros_like(table, dtype=torch.bool).scatter(1, table.topk(settings.keep, dim=1).indices, True)
    return best.view(-1) & ~scores.isnan()
