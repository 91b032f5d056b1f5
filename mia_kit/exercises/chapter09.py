"""Checks for the exercises of notebook 09."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor
from torch.nn.functional import cosine_similarity

from mia_kit.defences import AlignmentSettings, Substitute
from mia_kit.defences.alignment import align, parameter_gradient
from mia_kit.exercises import spoken
from mia_kit.models import InversionDecoder

BOUND, ROUNDS = 0.1, 10
ENOUGH = 0.7  # of what the package's poison gains


@spoken
def check_serve(my_serve: Callable[[Tensor, Tensor], Tensor]) -> str | None:
    """Exercise 1: a disturbed confidence vector that is still one, with the label it had."""
    clean, disturbance = _trial()
    served = my_serve(clean, disturbance)
    if served.shape != clean.shape:
        return f"six vectors of four classes should come back, yours have the shape {tuple(served.shape)}."
    if not served.isfinite().all():
        return "an entry is no number: where the label is pushed below 0, leave it something before you divide."
    if float(served.min()) < 0:
        return "an entry is negative: no service answers with a negative confidence."
    if not torch.allclose(served.sum(dim=1), torch.ones(len(clean)), atol=1e-5):
        return "the entries of a vector should sum to 1: divide by their sum at the very end."
    lost = served.argmax(dim=1) != clean.argmax(dim=1)
    if lost.any():
        return f"{int(lost.sum())} of {len(clean)} vectors have another label: no entry may pass the label's own."
    raw = clean + disturbance
    if torch.allclose(served, clean, atol=1e-6):
        return "that is the clean vector, which protects nobody."
    if not torch.allclose(served[0], raw[0] / raw[0].sum(), atol=1e-3):
        return "the first vector needs nothing but division by its sum, and you have changed it."
    return None


@spoken
def check_poison(my_poison: Callable[..., Tensor]) -> str | None:
    """Exercise 2: vectors whose gradient turns the wanted way, about as far as the package's own turn it."""
    substitute, clean, images = poison_trial()

    def gradient_of(vectors: Tensor) -> Tensor:
        return parameter_gradient(substitute.decoder, vectors, images, error="mse", create_graph=True)

    def cosine(vectors: Tensor) -> float:
        return float(cosine_similarity(substitute.target, gradient_of(vectors).detach(), dim=0))

    served = my_poison(clean, substitute.target, gradient_of, BOUND, rounds=ROUNDS)
    if served.shape != clean.shape:
        return f"{len(clean)} vectors of four classes should come back, yours have the shape {tuple(served.shape)}."
    if torch.allclose(served, clean, atol=1e-6):
        return "that is the clean vector: nothing has moved it yet."
    if (served.argmax(dim=1) != clean.argmax(dim=1)).any():
        return "a vector has another label: serve it through poisoned(clean, disturbance, bound)."
    if float((served - clean).norm(dim=1).max()) > BOUND * 1.001:
        return "a vector is farther away than the bound: serve it through poisoned(clean, disturbance, bound)."
    settings = AlignmentSettings(bound=BOUND, rounds=ROUNDS)
    best = cosine(align(substitute, clean, images, torch.zeros_like(clean), settings))
    before, mine = cosine(clean), cosine(served)
    words = f"the cosine was {before:+.2f}, yours brings it to {mine:+.2f}"
    if mine < before:
        return f"{words}: you turn away from the wanted gradient. Minimise 1 - cosine, and step against its slope."
    if mine - before < ENOUGH * (best - before):
        return f"{words}, the package to {best:+.2f}: step by the sign of the slope, in every round."
    return None


def poison_trial() -> tuple[Substitute, Tensor, Tensor]:
    """A small decoder aimed at private pairs, and public vectors of shape (16, 4) with their pictures."""
    generator = Generator().manual_seed(0)
    clean, private = torch.randn(2, 16, 4, generator=generator).softmax(dim=2)
    images, others = torch.rand(2, 16, 1, 8, 8, generator=generator) * 2 - 1
    decoder = InversionDecoder(4, 1, 8, seed=0, blocks=2, width=4).eval()
    with torch.no_grad():
        for weight in decoder.parameters():
            weight.mul_(6)  # fresh weights are so small that no vector matters
    return Substitute.aim(decoder, private, others), clean, images


def _trial() -> tuple[Tensor, Tensor]:
    """Six vectors and disturbances: the first harmless, others with negative entries, the label's too."""
    clean = torch.tensor([[0.7, 0.1, 0.1, 0.1], [0.4, 0.35, 0.2, 0.05], [0.02, 0.9, 0.05, 0.03]]).repeat(2, 1)
    disturbance = torch.tensor(
        [
            [0.0, 0.05, 0.0, 0.0],
            [-0.1, 0.2, 0.0, 0.0],
            [-0.1, -0.3, 0.4, 0.0],
            [0.1, -0.2, 0.1, 0.0],
            [-0.45, 0.0, 0.0, 0.5],
            [0.9, -0.1, 0.0, 0.0],
        ]
    )
    return clean, disturbance
