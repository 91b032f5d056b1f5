"""Verdicts on P1 to P13, each by a rule that was written down before anything was measured.

Rows are compared picture by picture: a difference counts if the interval over pictures leaves out 0 and every seed has
the same sign. "Reproduced" needs the claimed direction; anything else is "not reproduced". A defence can only be judged
against an attack that works: where the undefended attack's interval does not lie above chance, no verdict is given.

* P1: LPA loses exactly no accuracy, attack accuracy falls and the error rises, both in differences that count
* P2: LFP loses accuracy in every seed, and attack accuracy falls by less than half of what LPA takes from it
* P3, P4: with each loss of attacker and defender, or each half of the pictures, attack accuracy falls under LPA
* P5: so it does where the two decoders' architectures differ, and less than where they agree
* P6: with each guidance of a diffusion model attack accuracy falls under LPA, in differences that count, and the error
  moves by at most a fiftieth of the undefended one, up or down
* P7: attack accuracy falls with the bound (rank correlation below -0.8 in every seed), and up to a bound of 0.5 at
  most a hundredth of the accuracy is lost
* P8: attack accuracy under LPA is below that under Poi_MSE and under PGD
* P9: each strength of MID is beaten by LPA with some bound: no less accurate, no more distorted, less attack accuracy
* P10: LPA takes under 100 ms an answer and an autoencoder a tenth of LPA's time at most, in every seed
* P11: more reconstructions err by more than the undefended attack's median under LPA, and LFP, than under each MID
* P12: neither noise nor a second softmax raises attack accuracy; the strongest of our own adaptations stands beside it
* P13: the area of the detector for LPA is below 0.6 in every seed
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from itertools import product
from typing import Any

import numpy as np

from mia_kit.experiments.poisoning_rows import USUAL, Setup
from mia_kit.experiments.verdicts import counts, verdict
from mia_kit.metrics import Interval, mean_interval

Row = Mapping[str, Any]
Rows = Sequence[Row]

FALLING, LOST, LEAST_BOUND = -0.8, 0.01, 0.5
DIFFUSION, STILL = "guidance ", 0.02  # what a recipe calls its diffusion models, followed by the guidance
SLOW, TENTH, NOTICED = 100.0, 0.1, 0.6


class _MissingError(LookupError):
    """The recipe has no such row."""


def claims(results: Mapping[str, Any], recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The verdicts that the rows are enough for; none if the undefended attack is no better than chance."""
    rows, bound = results["rows"], recipe["poison"]["bound"]
    try:
        if not works(_the(rows), results["classes"]):
            return {}
    except _MissingError:
        return {}
    rows, found = _judgeable(rows, results["classes"]), {}
    for claim, rule in RULES.items():
        try:
            text, agrees = rule(rows, bound)
        except _MissingError:
            continue
        words = f"{recipe['data']['name']}: {text}"
        found[claim] = verdict(words, agrees, size=recipe.get("size", "course"))
    return found


def works(row: Row, classes: int) -> bool:
    """Whether a row's attack accuracy is above chance."""
    return bool(row["attack"]["low"] > 1 / classes)


def _judgeable(rows: Rows, classes: int) -> Rows:
    """All rows but those of a diffusion model whose undefended attack is no better than chance."""
    return [
        row
        for row in rows
        if not row["attacker"].startswith(DIFFUSION) or works(_the(rows, attacker=row["attacker"]), classes)
    ]


def difference(one: Row, other: Row, values: Callable[[Row], list[np.ndarray]]) -> tuple[Interval, bool]:
    """Mean difference, picture by picture, and whether it counts."""
    gaps = [mine - theirs for mine, theirs in zip(values(one), values(other), strict=True)]
    interval = mean_interval(np.concatenate(gaps))
    return interval, counts(interval, np.array([gap.mean() for gap in gaps]))


def hits(row: Row) -> list[np.ndarray]:
    """Whether each reconstruction is recognised, a seed after the other: arrays of 0 and 1 of shape (private,)."""
    return [np.array([int(digit) for digit in own], dtype=float) for own in row["hits"]]


def errors(row: Row) -> list[np.ndarray]:
    """The error of each reconstruction, a seed after the other: arrays of shape (private,)."""
    return [np.array(own.split(), dtype=float) / 1000 for own in row["errors"]]


def _preserved(rows: Rows, bound: float) -> tuple[str, bool]:
    none, lpa = _the(rows), _the(rows, defence="lpa", bound=bound)
    leaks, leaks_count = difference(lpa, none, hits)
    errs, errs_count = difference(lpa, none, errors)
    lost = max(abs(one) for one in lpa["accuracy_loss"])
    text = f"accuracy lost {lost:g}; attack {_told(none, lpa)}, difference {leaks}; error, difference {errs}"
    return text, lost == 0 and leaks_count and leaks.value < 0 and errs_count and errs.value > 0


def _flipped(rows: Rows, bound: float) -> tuple[str, bool]:
    none, lpa, lfp = _the(rows), _the(rows, defence="lpa", bound=bound), _the(rows, defence="lfp", bound=bound)
    spared, by_lpa = (difference(none, own, hits)[0].value for own in (lfp, lpa))
    losses = lfp["accuracy_loss"]
    text = f"accuracy lost {_listed(losses)}; attack {_told(none, lpa, lfp)}"
    return text, min(losses) > 0 and by_lpa > 0 and spared < 0.5 * by_lpa


def _each_loss(rows: Rows, bound: float) -> tuple[str, bool]:
    cases = [
        (_the(rows, attacker=mine), _the(rows, defence="lpa", bound=bound, attacker=mine, substitute=theirs))
        for mine, theirs in product((USUAL, "psnr"), repeat=2)
    ]
    return _all_fall(cases)


def _each_half(rows: Rows, bound: float) -> tuple[str, bool]:
    cases = [
        (_the(rows, half=mine), _the(rows, defence="lpa", bound=bound, half=mine, substitute_half=theirs))
        for mine, theirs in product((0, 1), repeat=2)
    ]
    return _all_fall(cases)


def _transfers(rows: Rows, bound: float) -> tuple[str, bool]:
    """Architectures are the usual decoder and those that the recipe calls "blocks 5" and the like."""
    sizes = [USUAL, *sorted({row["attacker"] for row in rows if row["attacker"].startswith("blocks ")})]
    there = [
        (_the(rows, attacker=mine), own)
        for mine, theirs in product(sizes, repeat=2)
        for own in _all(rows, defence="lpa", bound=bound, attacker=mine, substitute=theirs)
    ]
    across = [(none, own) for none, own in there if own["attacker"] != own["substitute"]]
    within = [(none, own) for none, own in there if own["attacker"] == own["substitute"]]
    if not across or not within:
        raise _MissingError
    text, fall = _all_fall(across)
    gains = [np.mean([none["attack"]["value"] - own["attack"]["value"] for none, own in of]) for of in (across, within)]
    return f"{text}; falls by {gains[0]:.3f} across, {gains[1]:.3f} within", fall and bool(gains[0] < gains[1])


def _diffused(rows: Rows, bound: float) -> tuple[str, bool]:
    """Diffusion models are those that the recipe calls "guidance 0.5" and the like."""
    names = dict.fromkeys(row["attacker"] for row in rows if row["attacker"].startswith(DIFFUSION))
    cases = [(_the(rows, attacker=name), _the(rows, defence="lpa", bound=bound, attacker=name)) for name in names]
    if not cases:
        raise _MissingError
    text, fall = _all_fall(cases)
    moves = [difference(own, none, errors)[0] for none, own in cases]
    still = [abs(gap.value) <= STILL * none["error"]["value"] for gap, (none, _) in zip(moves, cases, strict=True)]
    return f"{text}; error, differences {', '.join(map(str, moves))}", fall and all(still)


def _by_bound(rows: Rows, bound: float) -> tuple[str, bool]:
    from scipy.stats import spearmanr

    own = sorted(_any(rows, "bound", defence="lpa"), key=lambda row: float(row["bound"]))
    if len(own) < 3:
        raise _MissingError
    bounds = [row["bound"] for row in own]
    by_seed = np.array([row["attack"]["by_seed"] for row in own]).T  # (seeds, bounds)
    falls = [float(np.nan_to_num(spearmanr(bounds, seed).statistic)) for seed in by_seed]
    lost = max(abs(one) for row in own if row["bound"] <= LEAST_BOUND for one in row["accuracy_loss"])
    told = ", ".join(f"{row['bound']:g}: {row['attack']['value']:.3f}" for row in own)
    text = f"attack by bound {told}; rank correlation {_listed(falls)}; accuracy lost {lost:g}"
    return text, max(falls) < FALLING and lost <= LOST


def _compared(rows: Rows, bound: float) -> tuple[str, bool]:
    lpa = _the(rows, defence="lpa", bound=bound)
    others = [_the(rows, defence=kind, bound=bound) for kind in ("poi_mse", "pgd")]
    better = []
    for other in others:
        gap, counts = difference(lpa, other, hits)
        better.append(counts and gap.value < 0)
    beside = [*_any(rows, "strength", defence="one_parameter"), *_all(rows, defence="advexa", bound=bound)]
    points = [(row["name"], row["attack"]["value"], row["distortion"]["value"]) for row in beside]
    told = ", ".join(f"{name} {leaks:.3f} at {far:.4f}" for name, leaks, far in points)
    text = f"attack {_told(lpa, *others)}; beside it, attack at distortion, not part of the verdict: {told}"
    return text, all(better)


def _trade_off(rows: Rows, bound: float) -> tuple[str, bool]:
    mids, lpas = _mids(rows), _any(rows, "bound", defence="lpa")
    if not lpas:
        raise _MissingError
    words, beaten = [], []
    for mid in mids:
        best = [own for own in lpas if _beats(own, mid)]
        beaten.append(bool(best))
        words.append(f"{mid['name']} {'beaten by ' + best[0]['name'] if best else 'not beaten'}")
    text = f"accuracy / distortion / attack: {', '.join(_point(row) for row in (*mids, *lpas))}; {', '.join(words)}"
    return text, all(beaten)


def _beats(one: Row, other: Row) -> bool:
    gap, counts = difference(one, other, hits)
    accurate = np.mean(one["accuracy"]) >= np.mean(other["accuracy"])
    return bool(accurate and one["distortion"]["value"] <= other["distortion"]["value"] and counts and gap.value < 0)


def _quick(rows: Rows, bound: float) -> tuple[str, bool]:
    lpa, fast = (np.array(_the(rows, defence=kind, bound=bound)["milliseconds"]) for kind in ("lpa", "vae"))
    none = np.array(_the(rows)["milliseconds"])
    text = f"milliseconds an answer: LPA {_listed(lpa)}, autoencoder {_listed(fast)}, no defence {_listed(none)}"
    return text, bool(lpa.max() < SLOW and (fast <= TENTH * lpa).all())


def _curves(rows: Rows, bound: float) -> tuple[str, bool]:
    none, mids = _the(rows), _mids(rows)
    middle = float(np.median(np.concatenate(errors(none))))
    ours = [_the(rows, defence=kind, bound=bound) for kind in ("lpa", "lfp")]

    def beyond(row: Row) -> list[np.ndarray]:
        return [(own >= middle).astype(float) for own in errors(row)]

    above = []
    for own, mid in product(ours, mids):
        gap, counts = difference(own, mid, beyond)
        above.append(counts and gap.value > 0)
    shares = ", ".join(f"{row['name']} {np.concatenate(beyond(row)).mean():.3f}" for row in (*ours, *mids))
    return f"share of errors of at least {middle:.3f}: {shares}", all(above)


def _adapted(rows: Rows, bound: float) -> tuple[str, bool]:
    lpa = _the(rows, defence="lpa", bound=bound)
    paper = [_the(rows, defence="lpa", bound=bound, adaptation=kind) for kind in ("noise", "softmax")]
    helped = []
    for own in paper:
        gap, counts = difference(own, lpa, hits)
        helped.append(counts and gap.value > 0)
    ours = _any(rows, "repeats", "adaptation", "attacker", defence="lpa", bound=bound)
    ours = [row for row in ours if row not in (lpa, *paper)]
    text = f"attack {_told(lpa, *paper)}"
    if ours:
        best = max(ours, key=lambda row: float(row["attack"]["value"]))
        gap, counts = difference(best, lpa, hits)
        text += (
            f"; beside it, not part of the verdict, the strongest other attacker under LPA: {_told(best)}, {gap} more"
        )
        text += "" if counts else ", which does not count"
    return text, not any(helped)


def _separable(rows: Rows, bound: float) -> tuple[str, bool]:
    areas = _the(rows, defence="lpa", bound=bound)["detector"]
    return f"area under the detector's curve {_listed(areas)}", max(areas) < NOTICED


RULES: dict[str, Callable[[Rows, float], tuple[str, bool]]] = {
    "P1": _preserved,
    "P2": _flipped,
    "P3": _each_loss,
    "P4": _each_half,
    "P5": _transfers,
    "P6": _diffused,
    "P7": _by_bound,
    "P8": _compared,
    "P9": _trade_off,
    "P10": _quick,
    "P11": _curves,
    "P12": _adapted,
    "P13": _separable,
}


def _all_fall(cases: Sequence[tuple[Row, Row]]) -> tuple[str, bool]:
    """Whether attack accuracy falls from the first to the second row of each case, in differences that count."""
    falls = []
    for none, own in cases:
        gap, counts = difference(own, none, hits)
        falls.append(counts and gap.value < 0)
    told = "; ".join(_told(none, own) for none, own in cases)
    return f"attack {told}", all(falls)


def _all(rows: Rows, **given: Any) -> list[Row]:
    """The rows that differ from the usual in what is given, and in nothing else."""
    wanted = asdict(Setup(**given))
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def _the(rows: Rows, **given: Any) -> Row:
    found = _all(rows, **given)
    if not found:
        raise _MissingError
    return found[0]


def _any(rows: Rows, *free: str, **given: Any) -> list[Row]:
    """As `_all`, whatever stands in the fields that are free."""
    wanted = asdict(Setup(**given))
    kept = [entry.name for entry in fields(Setup) if entry.name not in free]
    return [row for row in rows if all(row[name] == wanted[name] for name in kept)]


def _mids(rows: Rows) -> list[Row]:
    found = [row for row in _any(rows, "classifier") if row["classifier"].startswith("mid ")]
    if not found:
        raise _MissingError
    return found


def _told(*rows: Row) -> str:
    return ", ".join(f"{row['name']} {row['attack']['value']:.3f}" for row in rows)


def _point(row: Row) -> str:
    values = (np.mean(row["accuracy"]), row["distortion"]["value"], row["attack"]["value"])
    return f"{row['name']} {' / '.join(f'{value:.4f}' for value in values)}"


def _listed(values: Sequence[float] | np.ndarray) -> str:
    return ", ".join(f"{value:.3g}" for value in values)
