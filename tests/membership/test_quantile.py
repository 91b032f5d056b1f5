"""The quantile attack in a world whose ideal attack is known: the shade of a picture says how sure a model is."""

import numpy as np
import pytest
import torch
from scipy.stats import betabinom, norm
from torch import Tensor

from mia_kit.membership import Verdicts, quantile
from mia_kit.metrics import auc, roc

PUBLIC, JUDGED, LIFT = 2000, 2000, 2.0


def world(n: int, *, seed: int, lift: np.ndarray | float = 0.0) -> tuple[np.ndarray, Tensor, Tensor, np.ndarray]:
    """Log odds, pictures of one shade, their labels of two classes, and the ideal attack's scores.

    Of a non-member of shade b and class y the log odds have the mean 4 b + 2 y and the deviation exp(b - y). A member's
    lie `lift` deviations higher.
    """
    random = np.random.default_rng(seed)
    shades, labels, beyond = random.uniform(-1, 1, n), random.integers(0, 2, n), random.normal(size=n) + lift
    images = torch.from_numpy(shades).float()[:, None, None, None].repeat(1, 1, 16, 16)
    return 4 * shades + 2 * labels + np.exp(shades - labels) * beyond, images, torch.from_numpy(labels), beyond


MEMBERS = np.arange(JUDGED) % 2 == 0


@pytest.fixture(scope="module")
def judged() -> tuple[Verdicts, np.ndarray, np.ndarray]:
    """The attack's verdicts, the log odds and the ideal attack's scores."""
    scaled, images, labels, ideal = world(JUDGED, seed=1, lift=LIFT * MEMBERS)
    return quantile.run(scaled, images, labels, *world(PUBLIC, seed=2)[:3], seed=0), scaled, ideal


def test_it_is_as_good_as_the_closed_form(judged: tuple[Verdicts, np.ndarray, np.ndarray]) -> None:
    """Two Gaussians that lie 2 deviations apart: the area under the curve is Phi(sqrt 2), 0.921."""
    found, _, ideal = judged
    area = norm.cdf(LIFT / np.sqrt(2))
    assert auc(ideal[MEMBERS], ideal[~MEMBERS]).value == pytest.approx(area, abs=0.015)
    assert auc(found.scores[MEMBERS], found.scores[~MEMBERS]).value == pytest.approx(area, abs=0.035)
    assert np.corrcoef(found.scores, ideal)[0, 1] > 0.92
    hits = norm.sf(norm.isf(0.05) - LIFT)  # 0.64
    assert roc(found.scores[MEMBERS], found.scores[~MEMBERS]).at(0.05) == pytest.approx(hits, abs=0.1)


def test_a_threshold_for_all_pictures_does_not_see_it(judged: tuple[Verdicts, np.ndarray, np.ndarray]) -> None:
    found, scaled, _ = judged
    everywhere = auc(scaled[MEMBERS], scaled[~MEMBERS]).high
    assert everywhere < 0.75 < 0.87 < auc(found.scores[MEMBERS], found.scores[~MEMBERS]).low


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.3])
def test_as_many_non_members_are_called_members_as_was_asked(rate: float) -> None:
    """Also where the network has learnt next to nothing: the pictures held out say where the threshold lies.

    With k held out, the threshold is the j-th greatest of them, j = rate (k + 1). The share of non-members above it is
    drawn from Beta(j, k + 1 - j).
    """
    held, n = 199, 2000
    given = *world(n, seed=4)[:3], *world(5 * held, seed=3)[:3]
    found = quantile.run(*given, seed=0, false_positive_rate=rate, epochs=1)
    j = round(rate * (held + 1))
    low, high = betabinom(n, j, held + 1 - j).interval(0.998)
    assert low <= found.says_member.sum() <= high


def test_a_seed_says_all() -> None:
    given = *world(30, seed=5)[:3], *world(200, seed=6)[:3]
    scores = [quantile.run(*given, seed=seed, epochs=1).scores for seed in (0, 0, 1)]
    assert np.array_equal(scores[0], scores[1]) and not np.allclose(scores[0], scores[2])


SCALED, IMAGES, LABELS = np.arange(20.0), torch.zeros(20, 1, 16, 16), torch.arange(20) % 2


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"public_scaled": SCALED[:4]}, r"public_scaled must have the shape \(20,\), got \(4,\) instead"),
        ({"public_labels": LABELS[:4]}, r"public_labels must have the shape \(20,\), got \(4,\) instead"),
        (
            {"public_images": IMAGES[..., :8]},
            r"public_images must have the shape \(n, 1, 16, 16\), got \(20, 1, 16, 8\) instead",
        ),
        ({"public_labels": 0 * LABELS}, "public_labels must hold each of labels, got none of class 1 to learn from"),
        ({"public_scaled": 0 * SCALED}, "the deviation of public_scaled must be above 0, got 0 instead"),
        ({"false_positive_rate": 0.05}, r"false_positive_rate must lie in \[0.2, 1\), got 0.05 instead"),
        ({"seed": -1}, "seed must be at least 0, got -1 instead"),
    ],
)
def test_what_does_not_fit(change: dict, sentence: str) -> None:
    good = {"scaled": SCALED, "images": IMAGES, "labels": LABELS}
    good |= {f"public_{name}": value for name, value in good.items()} | {"false_positive_rate": 0.5, "seed": 0}
    with pytest.raises(ValueError, match=sentence):
        quantile.run(**good | change)
