"""The shadow-model attack learns what members look like, class by class."""

import numpy as np

from mia_kit.membership import shadow_attack
from mia_kit.metrics import auc


def answers(n: int, *, seed: int, shadows: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Confidences (shadows, n, 3), labels (n,), members (shadows, n): members of class 0 are surer, of class 1 less."""
    random = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    members = random.random((shadows, n)) < 0.5
    logits = random.normal(0, 0.3, (shadows, n, 3))
    logits[:, np.arange(n), labels] += 3 + (2 * members - 1) * np.where(labels == 0, 1, -1)
    weights = np.exp(logits)
    return weights / weights.sum(axis=2, keepdims=True), labels, members


def test_learns_a_rule_for_each_class() -> None:
    shadow, shadow_labels, shadow_members = answers(80, seed=1, shadows=4)
    target, labels, members = answers(400, seed=2)
    found = shadow_attack.run(target[0], labels, shadow, shadow_labels, shadow_members)
    assert (found.says_member == members[0]).mean() > 0.95
    own = target[0][np.arange(400), labels]
    assert auc(own[members[0]], own[~members[0]]).value < 0.65  # one rule for all classes sees nothing
    assert auc(found.scores[members[0]], found.scores[~members[0]]).value > 0.98
    again = shadow_attack.run(target[0], labels, shadow, shadow_labels, shadow_members)
    assert np.array_equal(found.scores, again.scores)


def test_answers_that_say_nothing_give_even_odds() -> None:
    """Also at confidences of exactly 0 and 1, and whatever the share of members."""
    _, labels, members = answers(60, seed=0, shadows=3)
    constant = np.tile([1.0, 0.0, 0.0], (3, 60, 1))
    members[:, :40] = True
    found = shadow_attack.run(constant[0], labels, constant, labels, members)
    assert np.allclose(found.scores, 0, atol=1e-6)


def test_what_it_reads_of_an_answer() -> None:
    """The three greatest confidences, descending, then the label's own, as logarithms."""
    read = shadow_attack._features(np.array([[0.1, 0.2, 0.45, 0.25], [0.0, 0.7, 0.2, 0.1]]), np.array([0, 2]))
    assert np.allclose(np.exp(read), [[0.45, 0.25, 0.2, 0.1], [0.7, 0.2, 0.1, 0.2]])
    assert np.allclose(np.exp(shadow_attack._features(np.array([[1.0, 0.0]]), np.array([1]))), [[1, 2**-24, 2**-24]])
