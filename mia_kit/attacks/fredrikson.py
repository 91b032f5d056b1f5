"""Inversion in image space (Fredrikson, Jha and Ristenpart, CCS 2015, algorithm 1): the start that fails on deep nets.

Gradient descent on the pixels of a black picture, without any prior. It drew faces from softmax regression; from a
convolutional network it draws noise that the network takes for a person, which is why all later attacks have a prior.

Differences from the paper. The loss is cross-entropy: 1 - confidence, the paper's, is `losses.lack_of_confidence` and
hardly moves while the confidence is near 0. Pixels stay in [0, 1]. The paper stops at a cost of at most 0.99, which
would be at once; we read it as a confidence of 0.99.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from tqdm.auto import tqdm

from mia_kit import check
from mia_kit.access import WhiteBox
from mia_kit.attacks.descent import Recorder
from mia_kit.attacks.losses import Loss, cross_entropy
from mia_kit.attacks.prior_to_target import check_targets
from mia_kit.attacks.reconstructions import Reconstructions, Trace, on_cpu
from mia_kit.signatures import checked


@dataclass(frozen=True)
class Settings:
    """The paper's numbers, for grey pictures of the AT&T faces.

    image_size : (channels, h, w) of what the target takes
    patience : a picture is finished when its loss is no smaller than all of so many steps before
    stop : and when the confidence in its target reaches this
    """

    image_size: tuple[int, int, int] = (1, 112, 92)
    steps: int = 5000
    learning_rate: float = 0.1
    patience: int = 100
    stop: float = 0.99
    batch_size: int = 100

    def __post_init__(self) -> None:
        check.size_field(self, "image_size", 3)
        check.whole_fields(self, steps=1, patience=1, batch_size=1)
        check.in_range("learning_rate", self.learning_rate, 0, open_ends="low")
        check.in_range("stop", self.stop, 0, 1, open_ends="low")


@checked
def run(
    access: WhiteBox,
    target_classes: Sequence[int],
    *,
    seed: int,
    settings: Settings | None = None,
    loss: Loss = cross_entropy,
    progress: bool = True,
) -> Reconstructions:
    """Attack all `target_classes` at once: of each the picture with the smallest loss on the way.

    The codes are pixels in [0, 1]. Nothing is drawn at random, so `seed` changes nothing; it is there because all
    attacks are called alike. ValueError if the target takes other colours.
    """
    settings = settings or Settings()
    before = access.queries
    check.one_of("the target's channels", access.channels, (None, settings.image_size[0]))
    black = torch.zeros(1, *settings.image_size, device=access.device)
    with torch.no_grad():
        target_classes = check_targets(target_classes, access.logits(_to_images(black)).shape[1])
    targets = torch.tensor(target_classes, device=access.device)
    bar = tqdm(total=len(targets), disable=not progress, desc="attacking", unit="class")
    parts = []
    for batch in targets.split(settings.batch_size):
        parts.append(descend(access, black.expand(len(batch), -1, -1, -1), batch, settings, loss))
        bar.update(len(batch))
    bar.close()
    pixels, scores, traces = zip(*parts, strict=True)
    codes, trace, queries = torch.cat(pixels), Trace(*torch.cat(traces, dim=2)), access.queries - before
    return on_cpu(_to_images(codes), codes, targets, torch.cat(scores), trace=trace, queries=queries)


def descend(
    access: WhiteBox, pixels: Tensor, targets: Tensor, settings: Settings, loss: Loss
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradient descent on pixels of shape (m, channels, h, w); pictures that are finished leave the batch.

    Returns the pixels of the smallest loss, the confidences there, and losses, gradient norms and cosines. A confidence
    is NaN where the model never answered with numbers.
    """
    pixels, best = pixels.clone(), pixels.clone()
    lowest, scores = pixels.new_full((len(pixels),), torch.inf), pixels.new_full((len(pixels),), torch.nan)
    recorder, active = Recorder(settings.steps, len(pixels)), torch.arange(len(pixels))
    for step in range(settings.steps):
        part = pixels[active].requires_grad_()
        logits = access.logits(_to_images(part))
        losses = loss(logits, targets[active])
        (gradient,) = torch.autograd.grad(losses.sum(), part)
        recorder.note(step, losses, gradient, active)
        losses, part = losses.detach(), part.detach()
        confidences = logits.detach().softmax(dim=1).gather(1, targets[active, None]).squeeze(1)
        better = ((losses < lowest[active]) & confidences.isfinite()).cpu()
        improved = active[better]
        best[improved], lowest[improved], scores[improved] = part[better], losses[better], confidences[better]
        pixels[active] = (part - settings.learning_rate * gradient).clamp(0, 1)
        going = (confidences < settings.stop).cpu()
        if step >= settings.patience:
            going &= losses.cpu() < recorder.values[0, step - settings.patience : step, active].amax(dim=0)
        active = active[going]
        if not len(active):
            break
    return best, scores, recorder.values


def _to_images(pixels: Tensor) -> Tensor:
    """From [0, 1] to [-1, 1]."""
    return 2 * pixels - 1
