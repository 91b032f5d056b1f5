"""Claims M1 to M5 and S20: regularisers against membership inference, a row for each mechanism and trained model.

Kaya, Hong and Dumitras, *On the Effectiveness of Regularization Against Membership Inference Attacks* (2020). All
attacks judge the same pictures of a model, none of which they know. Shadow models were trained with the target's own
mechanism, as an attacker who knows the defence would (`lira`, `shadow`); `lira_unaware` has those without a mechanism.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import softmax
from tqdm.auto import tqdm

from mia_kit.experiments.membership_parts import (
    Mechanism,
    MembershipParts,
    mechanism_name,
    mechanisms,
    smoothing_factor,
)
from mia_kit.membership import (
    MembershipSplit,
    Verdicts,
    augmentation_aware,
    average,
    lira,
    powerful,
    shadow_attack,
)
from mia_kit.membership.thresholds import REDUCTIONS, best_threshold
from mia_kit.metrics import RocCurve, calibration_error, mean_interval, roc
from mia_kit.runs.store import Store

VERSION = 2
RATES = {"0.1 %": 0.001, "1 %": 0.01}  # false positives at which true ones are asked for
# With two twins, of each picture's two shadow models on either side.
LEAST_SHADOWS = 4
# What curves are read at: false positives, and distances.
FALSE_POSITIVES = np.geomspace(0.001, 1, 25)
DISTANCES = np.linspace(0, 6, 31)


def run(recipe: dict[str, Any], progress: bool = True, store: Store | None = None) -> dict[str, Any]:
    """Measure every mechanism of the recipe on every model; return rows, and curves of those in `shown`."""
    parts = MembershipParts(recipe, store or Store(), progress=False)
    rows, curves = [], {}
    cells = [(mechanism, model) for mechanism in mechanisms(recipe) for model in range(recipe["models"])]
    for mechanism, model in tqdm(cells, disable=not progress, desc="mechanisms and models", unit="model"):
        rows.append(measure(parts, mechanism, model))
    for mechanism in mechanisms(recipe):
        if (name := mechanism_name(mechanism)) in recipe["shown"]:
            curves[name] = shown_curves(parts, mechanism)
    grids = {"false_positives": FALSE_POSITIVES.tolist(), "distances": DISTANCES.tolist()}
    return {"members": len(parts.pool) // 2, "rows": rows, "curves": curves, "grids": grids}


def measure(parts: MembershipParts, mechanism: Mechanism, model: int) -> dict[str, Any]:
    """One row: utility, then advantage, area under the curve and true positives at few false ones by attack."""
    about = parts.target(mechanism, model)[1]
    row = {"mechanism": mechanism_name(mechanism), "seed": model, "seconds": round(about["took"], 1)}
    row |= {"smoothing": smoothing_factor(mechanism), "epsilon": about["epsilon"]}
    row |= utility(parts, mechanism, model)
    found = verdicts(parts, mechanism, model)
    row["advantage"] = {name: round(_advantage(own.says_member), 4) for name, own in found.items() if name != "loss"}
    scores = {name: own.scores for name, own in found.items() if name not in ("average", "powerful")}
    own_distances = distances(parts, mechanism, model)
    scores |= {name: -own.ravel() for name, own in own_distances.items()}
    # Where nothing was found the distance is infinite: of a model that is never so confident it says nothing.
    row["found"] = {name: round(float(np.isfinite(own).mean()), 4) for name, own in own_distances.items()}
    curves = {name: roc(*_sides(own)) for name, own in scores.items()}
    # An interval over the pictures of one model would be a bootstrap each; those that count are over the models.
    row["auc"] = {name: round(curve.area, 4) for name, curve in curves.items()}
    for words, rate in RATES.items():
        at = {name: float(curve.at(rate)) for name, curve in curves.items()}
        row[f"true positives at {words}"] = {name: round(value, 4) for name, value in at.items()}
    return row


def utility(parts: MembershipParts, mechanism: Mechanism, model: int) -> dict[str, float]:
    """Accuracy on non-members and on members, the gap between them, calibration error and confidence on non-members."""
    split, labels = parts.split(model), parts.pool.labels
    confidences = _softmax(parts.answers(mechanism, model)["logits"])
    right = confidences.argmax(axis=1) == labels
    accuracy, seen = right[split.non_members].mean(), right[split.members].mean()
    error = calibration_error(confidences[split.non_members], labels[split.non_members], resamples=1).value
    found = {"accuracy": accuracy, "training_accuracy": seen, "gap": seen - accuracy, "calibration_error": error}
    found["confidence"] = confidences[split.non_members].max(axis=1).mean()
    return {name: round(float(value), 4) for name, value in found.items()}


def verdicts(parts: MembershipParts, mechanism: Mechanism, model: int) -> dict[str, Verdicts]:
    """Every attack's verdicts on the judged pictures, members first; `loss` is the score of average and powerful.

    Attacks with shadow models are left out where these are too few for a spread.
    """
    known, judged = parts.known_and_judged(model)
    asked = np.concatenate([judged.members, judged.non_members])
    answers = parts.answers(mechanism, model)
    losses = answers["copies"][:, 0]
    simple = powerful(losses[asked], losses[known.members], losses[known.non_members])
    found = {
        "loss": simple,
        "average": average(losses[asked], losses[known.members]),
        "powerful": simple,
        "augmented": _augmented(answers["copies"], known, asked),
    }
    if len(parts.shadows(model)) < LEAST_SHADOWS:
        return found
    return found | {
        "shadow": _shadow(parts, mechanism, model, asked),
        "lira": _lira(parts, mechanism, mechanism, model, asked),
        "lira_unaware": _lira(parts, mechanism, (), model, asked),
    }


def distances(parts: MembershipParts, mechanism: Mechanism, model: int) -> dict[str, np.ndarray]:
    """Distance-to-confident of shape (2, images): `distance` at the recipe's first confidence, others by name."""
    asked = parts.recipe["distance"]["confidences"]
    names = ["distance", *(f"distance {own:g}" for own in asked[1:])]
    return {name: parts.distances(mechanism, model, own) for name, own in zip(names, asked, strict=True)}


def shown_curves(parts: MembershipParts, mechanism: Mechanism) -> dict[str, Any]:
    """Curves over the models: true positives at `FALSE_POSITIVES`, shares of images within `DISTANCES`.

    Of each attack value, low and high: the mean with Student's interval. Of each side, of distance, the mean alone.
    """
    by_attack: dict[str, list[RocCurve]] = {}
    within: dict[str, list[np.ndarray]] = {"members": [], "non-members": []}
    for model in range(parts.recipe["models"]):
        for name, own in verdicts(parts, mechanism, model).items():
            if name in ("loss", "shadow", "lira"):
                by_attack.setdefault(name, []).append(roc(*_sides(own.scores)))
        own_distances = distances(parts, mechanism, model)["distance"]
        by_attack.setdefault("distance", []).append(roc(*-own_distances))
        for side, own in zip(within.values(), own_distances, strict=True):
            side.append((own[:, None] <= DISTANCES).mean(axis=0))
    curves = {
        name: _over_models(np.stack([curve.at(FALSE_POSITIVES) for curve in own])) for name, own in by_attack.items()
    }
    return {"roc": curves, "within": {side: np.mean(own, axis=0).round(4).tolist() for side, own in within.items()}}


def _augmented(copies: np.ndarray, known: MembershipSplit, asked: np.ndarray) -> Verdicts:
    """The augmentation-aware attack with the reduction that does best on what the attacker knows."""
    sides = [copies[known.members], copies[known.non_members]]

    def gain(reduction: str) -> float:
        own, others = (REDUCTIONS[reduction](side, axis=1) for side in sides)
        threshold = best_threshold(own, others)
        return float((own < threshold).mean() - (others < threshold).mean())

    return augmentation_aware(copies[asked], *sides, reduction=max(REDUCTIONS, key=gain))


def _shadow(parts: MembershipParts, mechanism: Mechanism, model: int, asked: np.ndarray) -> Verdicts:
    answers = _softmax(parts.answers(mechanism, model)["logits"][asked])
    others = [_softmax(parts.answers(mechanism, own)["logits"][asked]) for own in parts.shadows(model)]
    labels = parts.pool.labels[asked]
    return shadow_attack.run(answers, labels, np.stack(others), labels, _shadow_members(parts, model)[:, asked])


def _lira(parts: MembershipParts, mechanism: Mechanism, shadows: Mechanism, model: int, asked: np.ndarray) -> Verdicts:
    """The online attack on a model of one mechanism, with shadow models of another."""
    others = [parts.scaled(shadows, other)[asked] for other in parts.shadows(model)]
    return lira.online(parts.scaled(mechanism, model)[asked], np.stack(others), _shadow_members(parts, model)[:, asked])


def _shadow_members(parts: MembershipParts, model: int) -> np.ndarray:
    """Which shadow model has seen which picture of the pool: bool of shape (shadows, n)."""
    seen = np.zeros((len(parts.shadows(model)), len(parts.pool)), dtype=bool)
    for row, other in zip(seen, parts.shadows(model), strict=True):
        row[parts.split(other).members] = True
    return seen


def _sides(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Members' half and non-members'."""
    return values[: len(values) // 2], values[len(values) // 2 :]


def _advantage(says_member: np.ndarray) -> float:
    """The share of members called members less that of non-members."""
    members, non_members = _sides(says_member)
    return float(members.mean() - non_members.mean())


def _over_models(curves: np.ndarray) -> dict[str, list[float]]:
    """Mean and Student's interval, kept in [0, 1], at each place of curves of shape (models, places)."""
    found = [mean_interval(column) for column in curves.T]
    ends = {end: np.array([getattr(own, end) for own in found]) for end in ("value", "low", "high")}
    return {end: own.clip(0, 1).round(4).tolist() for end, own in ends.items()}


def _softmax(logits: np.ndarray) -> np.ndarray:
    """Confidences of shape (n, classes)."""
    confidences: np.ndarray = softmax(logits.astype(float), axis=1)
    return confidences
