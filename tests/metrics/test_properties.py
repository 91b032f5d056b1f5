"""What holds of every measure, whatever it is given: Hypothesis looks for the input of which it does not.

Three kinds of law: what is not a number never brings the attack nearer; a measure is finite or refuses; and nothing
depends on the order of the rows.
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import astuple, is_dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mia_kit import metrics as m
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
def test_no_pattern_of_nan_raises_a_target_in_rank(drawn) -> None:
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
    "target_ranks": lambda x, y, labels: m.target_ranks(x, labels),
    "frechet_distance": lambda x, y, labels: m.frechet_distance(x, y),
    "manifold_measures": lambda x, y, labels: m.manifold_measures(x, y, k=1),
    "squared_errors": lambda x, y, labels: m.squared_errors(x[:, :, None, None], y[:, :, None, None]),
    "calibration_error": lambda x, y, labels: m.calibration_error(x, labels),
    "scaled_distances": lambda x, y, labels: astuple(m.scaled_distances(x, labels)),
    "outlier_scores": lambda x, y, labels: m.outlier_scores(x, labels),
    "mean_interval": lambda x, y, labels: m.mean_interval(x),
    "cluster_interval": lambda x, y, labels: m.cluster_interval(x),
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
