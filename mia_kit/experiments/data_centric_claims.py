"""Verdicts on the data-centric defence, each by a rule that was written down before anything was measured.

The rows are those of `data_centric_table`, one for each defence, attack and seed, and `targets`, one for each defence
and seed. A difference counts if the interval over protected classes leaves out 0 and every seed has the same sign, as
for the other attacks. "Reproduced" needs all that a claim's function says; anything else is "not reproduced", that an
undefended target gives the attack nothing to lose included. A claim whose rows a recipe lacks gives no verdict, nor
does one that the recipe does not ask for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mia_kit.experiments.verdicts import mean_that_counts, verdict
from mia_kit.metrics import cluster_interval

NONE, FULL = "none", "data-centric"  # the names of these two defences in a recipe
WITHOUT = {step: f"without {step}" for step in ("injection", "loss", "curvature")}
RIVALS = ("DP-SGD", "MID")
WORKS = 0.25  # attack accuracy of the undefended target, below which there is nothing to defend
LEFT = 0.10  # share of that which a defence that works may leave; the paper's leaves 1 % at most
COST = 0.05  # accuracy over all classes that it may cost; the paper's costs 0.4 to 3.1 points
AREA = 0.70  # of the detector, in every seed, before an injection counts as noticed

Results = dict[str, Any]


def claims(results: Results, recipe: dict[str, Any]) -> dict[str, Any]:
    """The verdicts that the recipe's `claims` ask for and its rows are enough for."""
    rules: dict[str, tuple[Callable[..., tuple[str, bool]], tuple[str, ...], tuple[str, ...]]] = {
        "D1": (spares, (NONE, FULL), ("GMI",)),
        "D2": (spares, (NONE, FULL), ("PPA",)),
        "D3": (spares, (NONE, FULL), ("MIRROR", "MIRROR (black box)")),
        "D4": (beats_rivals, (FULL, *RIVALS), ("PPA",)),
        "D5": (every_step_contributes, (FULL, *WITHOUT.values()), ("PPA",)),
        "D6": (shows_surrogate, (NONE, FULL), ("PPA",)),
        "D7": (noticed, (FULL,), ()),
    }
    found = {}
    there = {(row["defence"], row["attack"]) for row in results["rows"]}
    defences = {row["defence"] for row in results["targets"]}
    for claim in recipe["claims"]:
        rule, needed, attacks = rules[claim]
        if set(needed) <= defences and {(one, attack) for one in needed for attack in attacks} <= there:
            text, agrees = rule(results, attacks)
            found[claim] = verdict(text, agrees, size=recipe.get("size", "course"))
    return found


def hits(results: Results, defence: str, attack: str, measure: str) -> np.ndarray:
    """Who passes: 0 and 1, of shape (protected, seeds). ValueError if there is no such row."""
    own = [row for row in results["rows"] if row["defence"] == defence and row["attack"] == attack]
    if not own:
        raise ValueError(f"expected a row for each seed of {attack!r} on {defence!r}, got none instead")
    own = sorted(own, key=lambda row: row["seed"])
    return np.array([[int(digit) for digit in row["hits"][measure]] for row in own]).T


def accuracy(results: Results, defence: str, name: str = "accuracy") -> np.ndarray:
    """A number of `targets`, of shape (seeds,)."""
    own = [row for row in results["targets"] if row["defence"] == defence]
    return np.array([row[name] for row in sorted(own, key=lambda row: row["seed"])])


def spares(results: Results, attacks: Sequence[str]) -> tuple[str, bool]:
    """D1 to D3: under each of the attacks, the defence leaves at most `LEFT` of an attack accuracy of `WORKS` or more,
    in a difference that counts, and costs at most `COST` of the accuracy over all classes, in the mean over seeds."""
    cost = float((accuracy(results, NONE) - accuracy(results, FULL)).mean())
    words, agrees = [], [cost <= COST]
    for attack in attacks:
        bare, own = (hits(results, defence, attack, "acc1") for defence in (NONE, FULL))
        difference, sure = mean_that_counts(own - bare)
        agrees.append(bool(bare.mean() >= WORKS and sure and difference.value < 0 and own.mean() <= LEFT * bare.mean()))
        beside = ", ".join(_change(results, attack, measure) for measure in ("person", "surrogate", "nearer_surrogate"))
        words.append(
            f"{attack}: attack accuracy {cluster_interval(bare)} undefended, {cluster_interval(own)} defended, "
            f"difference {difference} (beside it {beside})"
        )
    return f"{'; '.join(words)}; {_accuracies(results, (NONE, FULL))}", all(agrees)


def beats_rivals(results: Results, _: Sequence[str]) -> tuple[str, bool]:
    """D4: against each rival and under each attack the rows have, the defence is more accurate over all classes in
    every seed, and its attack accuracy is not the greater one."""
    words, agrees = [_accuracies(results, (FULL, *RIVALS))], []
    for rival in RIVALS:
        agrees.append(bool((accuracy(results, FULL) > accuracy(results, rival)).all()))
        for attack in dict.fromkeys(row["attack"] for row in results["rows"] if row["defence"] == rival):
            own, other = (float(hits(results, defence, attack, "acc1").mean()) for defence in (FULL, rival))
            agrees.append(own <= other)
            words.append(f"{attack} {own:.3f} against {other:.3f} of {rival}")
    return "; ".join(words), all(agrees)


def every_step_contributes(results: Results, attacks: Sequence[str]) -> tuple[str, bool]:
    """D5: without any one of the three steps the attack accuracy is higher, in a difference that counts."""
    words, agrees = [], []
    full = hits(results, FULL, attacks[0], "acc1")
    for step, name in WITHOUT.items():
        difference, sure = mean_that_counts(hits(results, name, attacks[0], "acc1") - full)
        agrees.append(sure and difference.value > 0)
        words.append(f"without {step} {difference}{' counts' if sure else ''}")
    return f"{attacks[0]}: attack accuracy with all steps {full.mean():.3f}; change {'; '.join(words)}", all(agrees)


def shows_surrogate(results: Results, attacks: Sequence[str]) -> tuple[str, bool]:
    """D6: of reconstructions from the defended target more are verified as the surrogate than as the protected person,
    and more than of those from the undefended one; both differences count."""
    shown, person = (hits(results, FULL, attacks[0], measure) for measure in ("surrogate", "person"))
    before = hits(results, NONE, attacks[0], "surrogate")
    differences = [mean_that_counts(shown - person), mean_that_counts(shown - before)]
    agrees = all(sure and difference.value > 0 for difference, sure in differences)
    text = (
        f"{attacks[0]}: verified as the surrogate {cluster_interval(shown)}, less as the person {differences[0][0]}, "
        f"less as the surrogate undefended {differences[1][0]}; {_change(results, attacks[0], 'nearer_surrogate')}"
    )
    return text, agrees


def noticed(results: Results, _: Sequence[str]) -> tuple[str, bool]:
    """D7: in every seed the detector's area is at least `AREA`, and its interval over classes lies above one half."""
    own = [row["noticed"] for row in results["targets"] if row["defence"] == FULL]
    areas = [one["auc"] for one in own]
    agrees = all(value >= AREA and low > 0.5 for value, low, _ in areas)
    listed = ", ".join(f"{value:.3f} [{low:.3f}, {high:.3f}]" for value, low, high in areas)
    larger = np.mean([one["larger"] for one in own])
    return f"area under the ROC curve by seed {listed}; protected classes {larger:.1f} times the median class", agrees


def _change(results: Results, attack: str, measure: str) -> str:
    bare, own = (hits(results, defence, attack, measure).mean() for defence in (NONE, FULL))
    return f"{measure.replace('_', ' ')} {bare:.3f} to {own:.3f}"


def _accuracies(results: Results, defences: Sequence[str]) -> str:
    means = {
        one: [accuracy(results, one, name).mean() for name in ("accuracy", "accuracy_protected")] for one in defences
    }
    return "accuracy " + ", ".join(f"{one} {all_:.3f} (protected {own:.3f})" for one, (all_, own) in means.items())


def as_text(results: Results) -> str:
    """The paper's table 1 with our numbers: a line for each defence, a line below it for each attack on it."""
    lines = []
    for defence in dict.fromkeys(row["defence"] for row in results["targets"]):
        all_, own, others = (
            float(accuracy(results, defence, f"accuracy{part}").mean()) for part in ("", "_protected", "_others")
        )
        lines.append(f"{defence}: accuracy {all_:.1%}, of protected classes {own:.1%}, of the others {others:.1%}")
        for attack in dict.fromkeys(row["attack"] for row in results["rows"] if row["defence"] == defence):
            acc1, person, surrogate = (
                cluster_interval(hits(results, defence, attack, measure)) for measure in ("acc1", "person", "surrogate")
            )
            lines.append(f"    {attack}: attack accuracy {acc1}, verified person {person}, surrogate {surrogate}")
    return "\n".join(lines)


def passes(results: Results, attack: str, measures: Sequence[str]) -> dict[str, dict[str, np.ndarray]]:
    """By defence and measure `hits` of an attack, as `mia_kit.figures.data_centric.shares_by_defence` takes them."""
    defences = dict.fromkeys(row["defence"] for row in results["rows"] if row["attack"] == attack)
    return {one: {measure: hits(results, one, attack, measure) for measure in measures} for one in defences}
