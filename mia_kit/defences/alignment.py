"""Gradient alignment: vectors that pull a decoder's weights the way that spoils its private reconstructions.

Zhou et al., "Defending Against Neural Network Model Inversion Attacks via Data Poisoning", after Geiping et al.,
"Witches' Brew" (ICLR 2021). With R the mean error of a substitute decoder that the defender has trained and never
trains again,

    target    g_t = gradient by the weights of  -R(private vectors, private pictures)
    poisoned  g_p = gradient by the weights of   R(served vectors, the pictures asked about)
    minimise  1 - cos(g_t, g_p)  over the perturbations of the vectors, through g_p: a second derivative.

An attacker who steps along -g_p then steps along -g_t, and their private error rises. All vectors of a batch share one
g_p, and so one loss. The paper does not give its optimiser: we take that of Witches' Brew, Adam on the signs of the
gradient with the rate divided by ten at 3/8, 5/8 and 7/8, in fewer rounds, and with steps in units of the bound. The
round with the least loss counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from mia_kit import check
from mia_kit.defences.vectors import check_confidences, in_ball, poisoned, repaired
from mia_kit.models import InversionDecoder
from mia_kit.snapshot import snapshot
from mia_kit.training.checkpoints import fingerprint
from mia_kit.training.inversion import ERRORS, picture_errors


@dataclass(frozen=True)
class MoveSettings:
    """How far and how long vectors are moved.

    bound : of the served vector's distance from the clean one, in the 2-norm. The paper does not name its own; on
        FaceScrub a distortion of 0.0034 points to 0.004
    rounds : steps
    step : of each entry in the first rounds, in units of the bound
    batch_size : vectors that are moved together
    """

    bound: float = 0.004
    rounds: int = 20
    step: float = 0.1
    batch_size: int = 128

    def __post_init__(self) -> None:
        check.in_range("bound", self.bound, 0, open_ends="low")
        check.whole_fields(self, rounds=1, batch_size=1)
        check.in_range("step", self.step, 0, open_ends="low")


@dataclass(frozen=True)
class AlignmentSettings(MoveSettings):
    """How vectors are poisoned; those of a batch share a gradient. The rest as in `MoveSettings`.

    rounds : steps of the optimiser; Witches' Brew takes 250
    criterion : "cosine", or "squared" for Poi_MSE: |g_t - g_p|^2 / |g_t|^2
    """

    rounds: int = 50
    criterion: str = "cosine"

    def __post_init__(self) -> None:
        super().__post_init__()
        check.one_of("criterion", self.criterion, ("cosine", "squared"))


@dataclass(frozen=True, eq=False, repr=False)
class Substitute:
    """A copy of the defender's decoder in evaluation mode, and the gradient that poison should have.

    decoder : trained on pairs such as the attacker's
    target : g_t, of shape (weights,)
    error : "mse" or "psnr", see `mia_kit.training.inversion`
    """

    decoder: InversionDecoder
    target: Tensor
    error: str = "mse"

    @classmethod
    def aim(
        cls,
        decoder: InversionDecoder,
        confidences: Tensor,
        images: Tensor,
        *,
        error: str = "mse",
        batch_size: int = 128,
    ) -> Substitute:
        """Work out g_t on private pictures (n, channels, size, size) in [-1, 1] and clean vectors (n, classes)."""
        check_confidences(confidences)
        check.images(images)
        check.one_of("error", error, ERRORS)
        decoder = snapshot(decoder).requires_grad_(True)
        gradients = [
            len(part) * parameter_gradient(decoder, part, batch, error=error)
            for part, batch in zip(confidences.split(batch_size), images.split(batch_size), strict=True)
        ]
        target = -torch.stack(gradients).sum(dim=0) / len(confidences)
        check.finite("the gradient by the decoder's weights", target)
        return cls(decoder, target, error)

    def misalignment(self, vectors: Tensor, images: Tensor, *, criterion: str = "cosine") -> Tensor:
        """How far g_p of these vectors is from g_t: 1 - cosine, in [0, 2], or |g_t - g_p|^2 / |g_t|^2, a scalar.

        Differentiable by `vectors`, of shape (n, classes), and by nothing else.
        """
        gradient = parameter_gradient(self.decoder, vectors, images, error=self.error, create_graph=True)
        if criterion == "cosine":
            return 1 - cosine_similarity(self.target, gradient, dim=0)
        return (self.target - gradient).square().sum() / self.target.square().sum()

    def __repr__(self) -> str:
        """All that shapes what it does, for checkpoints to tell runs apart."""
        return f"Substitute({fingerprint(self.decoder.state_dict() | {'g_t': self.target})}, {self.error})"


def parameter_gradient(
    decoder: InversionDecoder, vectors: Tensor, images: Tensor, *, error: str, create_graph: bool = False
) -> Tensor:
    """The gradient of the mean error by all weights of the decoder, as one Tensor of shape (weights,)."""
    with torch.enable_grad():
        loss = picture_errors(decoder(vectors), images, error).mean()
        gradients = torch.autograd.grad(loss, list(decoder.parameters()), create_graph=create_graph)
    return torch.cat([gradient.flatten() for gradient in gradients])


def align(
    substitute: Substitute,
    clean: Tensor,
    images: Tensor,
    start: Tensor,
    settings: AlignmentSettings,
    *,
    moved: Tensor | None = None,
) -> Tensor:
    """One batch of vectors, moved until their gradient is as near to g_t as the bound, the label and the rounds allow.

    `clean` are probability vectors of shape (n, classes) of `images`; `start` are perturbations to begin with. Rows
    that are not `moved` are served as they are, and count in g_p.
    """
    rows = torch.ones(len(clean), dtype=torch.bool, device=clean.device) if moved is None else moved

    def vectors(perturbation: Tensor) -> Tensor:
        return torch.where(rows[:, None], poisoned(clean, perturbation, settings.bound), clean)

    perturbation = start.detach().clone().requires_grad_()
    optimiser = torch.optim.Adam([perturbation], lr=settings.step * settings.bound)
    drops = [max(1, settings.rounds * eighths // 8) for eighths in (3, 5, 7)]
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimiser, drops, gamma=0.1)
    best, lowest = start, float("inf")
    for turn in range(settings.rounds + 1):
        with torch.enable_grad():
            loss = substitute.misalignment(vectors(perturbation), images, criterion=settings.criterion)
        if loss.item() < lowest:
            best, lowest = perturbation.detach().clone(), loss.item()
        if turn == settings.rounds:
            break
        (gradient,) = torch.autograd.grad(loss, perturbation)
        perturbation.grad = gradient.nan_to_num().sign()  # p near 0 has derivatives that no square can hold
        optimiser.step()
        scheduler.step()
        with torch.no_grad():
            perturbation.copy_(in_ball(perturbation, settings.bound))
    return repaired(vectors(best), clean)
