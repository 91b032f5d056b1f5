"""The likelihood-ratio attack: how likely is this confidence if the example was, or was not, in the training data?

Carlini et al., *Membership Inference Attacks From First Principles* (S&P 2022), algorithm 1 and sections V and VI.
Shadow models trained with and without an example show how its confidence, on the logit scale, is spread in either
case; two Gaussians are put through them. Here one query for each example; the paper adds up to 18 augmented ones.
"""

from __future__ import annotations

import numpy as np

from mia_kit import check
from mia_kit.membership.verdicts import Verdicts
from mia_kit.signatures import checked

# Below this many shadow models of each kind a variance of each example's own is too noisy (section VI-B).
FEW_SHADOWS = 64
# Confidences that all shadow models share would give a Gaussian without width.
LEAST_DEVIATION = 1e-6
# The offline attack has no odds to weigh: it says member beyond the 5 % tail of the non-members' Gaussian.
OFFLINE_THRESHOLD = 1.6448536269514722


@checked
def online(
    scaled: np.ndarray, shadow_scaled: np.ndarray, shadow_members: np.ndarray, *, spread: str = "auto"
) -> Verdicts:
    """log of the likelihood ratio, in over out; member where it is above 0.

    scaled : the target model's log p / (1 - p) of each example, of shape (n,); see `losses_and_confidences`
    shadow_scaled : those of the shadow models, of shape (shadows, n)
    shadow_members : bool of the same shape, True where the shadow model was trained on the example; each example needs
        one shadow model of each kind, two with its own spread, and one of them two for a shared one
    spread : "own" fits each example's two variances, "shared" one for all examples in and one for all out; "auto"
        takes its own from 64 shadow models of each kind on, as the paper does
    """
    scaled, shadow_scaled = check_shadows(scaled, shadow_scaled, shadow_members)
    inside = _gaussian(shadow_scaled, shadow_members, spread, "with")
    outside = _gaussian(shadow_scaled, ~shadow_members, spread, "without")
    return Verdicts(_log_density(scaled, *inside) - _log_density(scaled, *outside), 0.0)


@checked
def offline(
    scaled: np.ndarray, shadow_scaled: np.ndarray, shadow_members: np.ndarray, *, spread: str = "auto"
) -> Verdicts:
    """How far the confidence lies above those of models that never saw the example, in standard deviations.

    Parameters are those of `online`, but no shadow model has to have seen an example: the attacker can train them
    before there is anything to judge. The score orders examples as the paper's 1 - P(Z > confidence) does, and does
    not saturate. Member where it is above 1.64, the Gaussian's 5 % tail.
    """
    scaled, shadow_scaled = check_shadows(scaled, shadow_scaled, shadow_members)
    mean, deviation = _gaussian(shadow_scaled, ~shadow_members, spread, "without")
    return Verdicts((scaled - mean) / deviation, OFFLINE_THRESHOLD)


def _gaussian(shadow_scaled: np.ndarray, mask: np.ndarray, spread: str, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each example over the chosen shadow models: two arrays of shape (n,)."""
    check.one_of("spread", spread, ("auto", "own", "shared"))
    models = mask.sum(axis=0)  # (n,)
    trained = f"shadow models trained {kind}"
    check.count(f"the number of {trained} each example", models.min(), 2 if spread == "own" else 1)
    check.count(f"the greatest number of {trained} an example", models.max(), 2)
    mean = shadow_scaled.mean(axis=0, where=mask)
    squares = (shadow_scaled - mean) ** 2
    if spread == "own" or (spread == "auto" and models.min() >= FEW_SHADOWS):
        variance = squares.sum(axis=0, where=mask) / (models - 1)
    else:
        # Each example's own mean takes one degree of freedom.
        variance = np.full(len(mean), squares.sum(where=mask) / (models.sum() - len(mean)))
    return mean, np.sqrt(variance).clip(LEAST_DEVIATION)


def _log_density(values: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Of a Gaussian, less the constant that both kinds share."""
    return -np.log(deviation) - ((values - mean) / deviation) ** 2 / 2


def check_shadows(
    scaled: np.ndarray, shadow_scaled: np.ndarray, shadow_members: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The first two as float64: squares of signals overflow in half precision, small confidences in single."""
    check.array("scaled", scaled, ("n",))
    check.array("shadow_scaled", shadow_scaled, ("shadows", len(scaled)))
    check.mask("shadow_members", shadow_members, shadow_scaled.shape)
    return scaled.astype(float), shadow_scaled.astype(float)
