"""What holds of every measure, whatever it is given: Hypothesis looks for the input of which it does not.

Three kinds of law: what is not a number never raises a share; a measure is finite and within its bounds or refuses; and
nothing depends on the order of the rows.
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import astuple, is_dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import roc_auc_score

from mia_kit import metrics as m
from mia_kit.metrics.embedding import tsne_map
from mia_kit.metrics.leakage import FailedRowsWarning
from mia_kit.metrics.separability import separability

ANY = st.floats(width=32) | st.sampled_from([np.nan, np.inf, -np.inf, 0.0, 1e300, -1e300])
NOT_A_NUMBER = st.sampled_from([np.nan, np.inf])
FEW = st.integers(-3, 3).map(float)  # so few numbers that many tie


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Failed rows are said aloud, and numbers near the end of a float overflow: both are what is tried here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FailedRowsWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def rows(draw: st.DrawFn, count: int, width: int, numbers: st.SearchStrategy[float] = FEW) -> np.ndarray:
    return draw(arrays(float, (count, width), elements=numbers))


@st.composite
def judged(draw: st.DrawFn, broken: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logits of (m, classes), targets, and the logits with any of their numbers, but not all rows, replaced."""
    count, classes = draw(st.integers(2, 8)), draw(st.integers(2, 5))
    logits, targets = rows(draw, count, classes), np.arange(count) % min(2, classes)
    spoilt = logits.copy()
    if broken:
        holes = draw(arrays(bool, logits.shape))
        holes[draw(st.integers(0, count - 1))] = False
        spoilt[holes] = draw(NOT_A_NUMBER)
    return logits, targets, spoilt


@settings(max_examples=60)
@given(judged(broken=True))
def test_no_pattern_of_nan_improves_a_rank(drawn) -> None:
    logits, targets, spoilt = drawn
    failed = ~np.isfinite(spoilt).all(axis=1)
    ranks = m.target_ranks(spoilt, targets)
    assert (ranks >= m.target_ranks(logits, targets)).all() and (ranks[failed] == logits.shape[1]).all()


@given(judged(broken=False), st.randoms(use_true_random=False))
def test_ranks_know_neither_order_nor_scale(drawn, random) -> None:
    logits, targets, _ = drawn
    ranks = m.target_ranks(logits, targets)
    order = random.sample(range(len(logits)), len(logits))
    assert (m.target_ranks(logits[order], targets[order]) == ranks[order]).all()
    names = np.array(random.sample(range(logits.shape[1]), logits.shape[1]))
    renamed = np.empty_like(logits)
    renamed[:, names] = logits
    assert (m.target_ranks(renamed, names[targets]) == ranks).all()
    assert (m.target_ranks(np.exp(logits), targets) == ranks).all()
    assert ((ranks >= 1) & (ranks <= logits.shape[1])).all()


@settings(max_examples=50)
@given(st.data(), st.integers(2, 6))
def test_no_broken_embedding_is_near_a_person(data, count) -> None:
    embeddings = data.draw(arrays(float, (count, 2), elements=FEW))
    references, targets = data.draw(arrays(float, (4, 2), elements=FEW)), np.arange(count) % 2
    given_of = (targets, references, np.array([0, 1, 0, 1]))
    before = m.person_distances(embeddings, *given_of)
    holes = data.draw(arrays(bool, embeddings.shape))
    holes[0] = False
    embeddings[holes] = data.draw(NOT_A_NUMBER)
    after = m.person_distances(embeddings, *given_of)
    failed = holes.any(axis=1)
    assert np.isinf(after[failed]).all() and (after[~failed] == before[~failed]).all()


MEASURES: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], object]] = {
    "frechet_distance": lambda x, y, labels: m.frechet_distance(x, y),
    "manifold_measures": lambda x, y, labels: m.manifold_measures(x, y, k=1),
    "squared_errors": lambda x, y, labels: m.squared_errors(x[:, :, None, None], y[:, :, None, None]),
    "calibration_error": lambda x, y, labels: m.calibration_error(x, labels),
    "scaled_distances": lambda x, y, labels: astuple(m.scaled_distances(x, labels)),
    "outlier_scores": lambda x, y, labels: m.outlier_scores(x, labels),
    "mean_interval": lambda x, y, labels: m.mean_interval(x),
    "roc": lambda x, y, labels: m.roc(x[:, 0], y[:, 0]).area,
}
BOOTSTRAPPED: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], object]] = {
    "auc": lambda x, y, labels: m.auc(x[:, 0], y[:, 0]),
    "true_positives_at": lambda x, y, labels: m.true_positives_at(x[:, 0], y[:, 0]),
    "separability": lambda x, y, labels: separability(np.tile(x, (2, 1)), np.tile(y, (2, 1)), seed=0),
}


def numbers_of(result: object) -> np.ndarray:
    """All numbers in a result: an Interval is three, and some results hold several."""
    parts = astuple(result) if is_dataclass(result) else result if isinstance(result, list | tuple) else None
    return np.ravel(result) if parts is None else np.concatenate([numbers_of(part) for part in parts])


def finite_or_refused(measure: Callable[..., object], data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from([(4, 2), (6, 3), (2, 1)]))
    x, y = (data.draw(arrays(float, shape, elements=ANY)) for _ in range(2))
    try:
        result = measure(x, y, np.arange(len(x)) % 2)
    except ValueError as refused:
        assert "must" in str(refused)
    else:
        assert np.isfinite(numbers_of(result)).all()


@pytest.mark.parametrize("name", MEASURES)
@settings(max_examples=25)
@given(data=st.data())
def test_a_measure_is_finite_or_refuses(name, data) -> None:
    finite_or_refused(MEASURES[name], data)


@pytest.mark.parametrize("name", BOOTSTRAPPED)
@settings(max_examples=6)
@given(data=st.data())
def test_a_bootstrapped_measure_is_finite_or_refuses(name, data) -> None:
    finite_or_refused(BOOTSTRAPPED[name], data)


@given(st.integers(1, 10**6), st.data(), st.floats(0.01, 0.99))
def test_a_share_has_wilsons_bounds(trials, data, confidence) -> None:
    successes = data.draw(st.integers(0, trials))
    share, mirrored = m.share_interval(successes, trials, confidence), m.share_interval(trials - successes, trials)
    assert 0 <= share.low <= share.value + 1e-12 and share.value - 1e-12 <= share.high <= 1
    usual = m.share_interval(successes, trials)
    assert (usual.low, usual.high) == pytest.approx((1 - mirrored.high, 1 - mirrored.low))
    if confidence < 0.95:
        assert usual.low <= share.low + 1e-12 and share.high <= usual.high + 1e-12


@given(arrays(float, st.integers(2, 9), elements=st.floats(-1e6, 1e6)), st.floats(-100, 100), st.floats(0.1, 100))
def test_a_mean_moves_with_its_values(values, shift, scale) -> None:
    interval, moved = m.mean_interval(values), m.mean_interval(values * scale + shift)
    assert interval.low <= interval.value <= interval.high
    expected = [end * scale + shift for end in astuple(interval)]
    assert astuple(moved) == pytest.approx(expected, rel=1e-6, abs=1e-6 * (1 + np.abs(values).max() * scale))


@settings(max_examples=50)
@given(
    arrays(float, (9, 2), elements=st.floats(-5, 5)),
    arrays(float, (7, 2), elements=st.floats(-5, 5)),
    st.integers(1, 4),
)
def test_precision_is_the_recall_of_the_other_side(real, made, k) -> None:
    one, other = m.manifold_measures(real, made, k=k), m.manifold_measures(made, real, k=k)
    assert one.precision == other.recall and one.recall == other.precision
    for share in (one.precision, one.recall, one.coverage):
        assert 0 <= share <= 1
    assert 0 <= one.density <= len(real) / k
    turned = m.manifold_measures(real[::-1], made[::-1], k=k)
    np.testing.assert_allclose(numbers_of(turned), numbers_of(one), atol=1e-12)


@given(arrays(float, st.integers(1, 9), elements=FEW), arrays(float, st.integers(1, 9), elements=FEW))
def test_the_area_is_scikit_learns(members, others) -> None:
    curve = m.roc(members, others)
    truth = np.repeat([1, 0], [len(members), len(others)])
    assert curve.area == pytest.approx(roc_auc_score(truth, np.concatenate([members, others])))
    assert (
        curve.area == pytest.approx(1 - m.roc(others, members).area) == pytest.approx(m.roc(members**3, others**3).area)
    )
    for rates in (curve.false_positives, curve.true_positives):
        assert rates[0] == 0 and rates[-1] == 1 and (np.diff(rates) >= 0).all()
    assert (curve.at(curve.false_positives) >= curve.true_positives).all()


@settings(max_examples=50)
@given(arrays(float, (8, 3), elements=FEW), st.floats(0.01, 100), st.randoms(use_true_random=False))
def test_scaled_distances_know_neither_scale_nor_order(features, scale, random) -> None:
    features, labels = features + np.eye(8, 3), np.arange(8) % 2
    plain = m.scaled_distances(features, labels)
    order = random.sample(range(8), 8)
    moved = m.scaled_distances(scale * features[order] + 1, labels[order])
    for ours, theirs in zip(astuple(plain), astuple(moved), strict=True):
        assert ((ours >= 0) & (ours <= 1)).all()
        np.testing.assert_allclose(ours[order], theirs, atol=1e-6)


@settings(max_examples=50)
@given(
    arrays(float, (12, 3), elements=st.floats(0.01, 1)), arrays(int, 12, elements=st.integers(0, 2)), st.integers(1, 20)
)
def test_calibration_lies_between_gap_and_one(weights, labels, bins) -> None:
    confidences = weights / weights.sum(axis=1, keepdims=True)
    error = m.calibration_error(confidences, labels, bins=bins)
    gap = abs(confidences.max(axis=1).mean() - (confidences.argmax(axis=1) == labels).mean())
    assert gap - 1e-9 <= error <= 1
    assert m.calibration_error(confidences[::-1], labels[::-1], bins=bins) == pytest.approx(error)


@settings(max_examples=10)
@given(arrays(float, (8, 3), elements=FEW | st.floats(-1e-30, 1e-30) | st.sampled_from([1e30, 1e300])))
def test_a_map_is_finite_or_refused(features) -> None:
    """Few different rows, and numbers at the ends of a float: nothing of it may end the process."""
    try:
        points = tsne_map(features, seed=0, perplexity=2, iterations=250)
    except ValueError as refused:
        assert "must" in str(refused)
    else:
        assert points.shape == (8, 2) and np.isfinite(points).all()
