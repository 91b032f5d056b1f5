"""The shadow-model attack: a classifier of answers, trained where the truth about membership is known.

Shokri et al., *Membership Inference Attacks Against Machine Learning Models* (S&P 2017), section V: shadow models
imitate the target; an attack model for each class learns from their answers what members look like. Theirs is a small
network on the confidences; here it is a logistic regression on the logarithms of the three greatest confidences and of
the label's own, which takes seconds and reads the same signal (Salem et al., NDSS 2019, find three to be enough).
"""

from __future__ import annotations

import numpy as np

from mia_kit import check
from mia_kit.membership.verdicts import NEAREST, Verdicts
from mia_kit.signatures import checked

GREATEST = 3


@checked
def run(
    confidences: np.ndarray,
    labels: np.ndarray,
    shadow_confidences: np.ndarray,
    shadow_labels: np.ndarray,
    shadow_members: np.ndarray,
) -> Verdicts:
    """The attack models' odds of membership, on the logit scale; member where they are above 0.

    `confidences`, (n, classes) in [0, 1], and `labels`, (n,), are the target's answers on the examples to judge.
    `shadow_confidences`, (shadows, m, classes), are answers of the shadow models on examples of the classes
    `shadow_labels`, (m,), and `shadow_members`, bool of shape (shadows, m), says which were trained on. Members and
    non-members weigh alike. ValueError if a class to judge lacks either among the answers of the shadow models.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    classes = check.array("confidences", confidences, ("n", "classes")).shape[1]
    check.places("labels", labels, length=len(confidences), below=classes)
    shadows, examples = check.mask("shadow_members", shadow_members, ("shadows", "m")).shape
    check.array("shadow_confidences", shadow_confidences, (shadows, examples, classes))
    check.places("shadow_labels", shadow_labels, length=examples, below=classes)
    for answers in (confidences, shadow_confidences):
        check.in_range("the least confidence", answers.min(), 0)
        check.in_range("the greatest confidence, after a softmax,", answers.max(), 0, 1 + 1e-6)
    known_labels, members = np.tile(shadow_labels, shadows), shadow_members.ravel()
    known = _features(shadow_confidences.reshape(-1, classes), known_labels)
    asked = _features(confidences, labels)
    scores = np.empty(len(labels))
    for label in np.unique(labels):
        rows = known_labels == label
        if len(np.unique(members[rows])) < 2:
            raise ValueError(f"the shadow models' answers hold no members or no non-members of the class {label}")
        model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=1000))
        model.fit(known[rows], members[rows])
        scores[labels == label] = model.decision_function(asked[labels == label])
    return Verdicts(scores, 0.0)


def _features(confidences: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Logarithms of the greatest confidences, descending, and of the label's own: shape (n, at most 4)."""
    logs = np.log(confidences.clip(NEAREST))
    greatest = -np.sort(-logs, axis=1)[:, :GREATEST]
    return np.column_stack([greatest, logs[np.arange(len(labels)), labels]])
