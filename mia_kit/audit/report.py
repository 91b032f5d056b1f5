"""What an audit found, in plain words: sentences, one page that needs nothing else, and a table."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from mia_kit import __version__
from mia_kit.audit.config import Config, condition
from mia_kit.audit.membership import Scores
from mia_kit.audit.rows import CONTROLS, Row, strongest
from mia_kit.data.folders import write_whole
from mia_kit.figures.svg import bars, curves, document, pictures, table
from mia_kit.metrics import roc

NAMES = {
    "threshold": "loss of the picture",
    "calibrated": "loss less that of moved copies",
    "labels": "labels of moved copies",
    "references": "likelihood ratio over reference models",
    "relative": "relative attack over reference models",
    "start": "floor: best of the prior",
    "oracle": "ceiling: a second judge attacked",
    "placebo": "floor: a classifier that never saw the class",
    "pictures": "judge on real training pictures",
    "cross_entropy": "gradients of cross-entropy",
    "poincare": "gradients of the Poincaré loss",
    "bred": "confidences alone",
    "walk": "labels alone",
}
SERVICES = {"round": "rounded to {} decimals", "top": "top {} confidences alone", "lpa": "label-preserving poison"}
NOT_SHOWN = (
    "A low figure is no proof of safety: it says what these attacks reached, at this size, with this prior and judge.",
    "Intervals hold for this one trained classifier. Another training run may leak more or less.",
    "If training and unseen pictures differ in more than membership, such as the camera, membership is overstated.",
    "If pictures are prepared here in another way than in training, membership is understated.",
    "A reconstruction shows what the classifier has learnt about a class. It is no evidence about anybody.",
    "Not tried: attackers who change the training data, train many reference models, or spend days on one person.",
)
RATIO = (
    "The margin ratio compares the margin of the training pictures with that of reference models, which are trained as "
    "the section train says. Far from 1 it says that this classifier was trained or scaled in another way. It cannot "
    "say that this protects: ten times the logits make ten times the margin and change no label. Whether a shield is "
    "masked gradients is decided by this classifier alone, by its gradients and by what each loss brings back."
)
SERVED_ATTACKS = ("threshold", "bred")
HEADS = {
    "auc": "right of two",
    "tpr@1%": "found at 1 % false alarms",
    "tpr@0.1%": "found at 0.1 % false alarms",
    "recognised": "classes recognised",
}
MEMBERSHIP, SERVED = ("auc", "tpr@1%", "tpr@0.1%"), ("auc", "tpr@1%", "recognised", "labels changed")


@dataclass(repr=False, eq=False)
class Report:
    """The rows of the table, and what the page says beside them.

    counts : pictures compared on a side, unseen ones, classes
    scores : of members and others by attack. shown : reconstructions by attack, uint8, where they were asked for
    left_out : a sentence for each step that was not taken
    attacked : names of the attacked classes
    """

    config: Config
    counts: tuple[int, int, int]
    rows: list[Row] = field(default_factory=list)
    scores: Scores = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    shown: dict[str, Tensor] = field(default_factory=dict)
    attacked: Sequence[str] = ()
    seconds: float = 0.0

    def value(self, measure: str) -> float:
        """That of the first row of a measure."""
        return next(row.value for row in self.rows if row.measure == measure)

    def failed(self) -> list[str]:
        """The conditions of `fail_if` that are met. ValueError if one asks for what was not measured."""
        met = []
        for text in self.config.fail_if:
            measure, limit = condition(text)
            if not (row := strongest(self.rows, measure)):
                why = "; ".join(f"{name}: {words}" for name, words in self.left_out.items()) or "too few pictures"
                raise ValueError(f"fail-if: {text} has no answer, {measure} was not measured ({why})")
            met += [text] * (row.value > limit)
        return met

    def sentences(self) -> list[str]:
        """The findings, by the strongest attack of each kind."""
        best = {measure: strongest(self.rows, measure) for measure in (*MEMBERSHIP, "recognised")}
        said = []
        if auc := best["auc"]:
            can = "can be told" if auc.low > 0.5 else "could not be told"
            said.append(
                f"Training pictures {can} from unseen ones: given one of each, the strongest attack "
                f"({_name(auc)}) picks the right one in {_interval(auc)} of all tries; guessing is 50 %."
            )
        for measure in MEMBERSHIP[1:]:
            if row := best[measure]:
                alarms = f"At {measure[4:-1]} % false alarms"
                said.append(f"{alarms} {_interval(row)} of the training pictures are found ({_name(row)}).")
        if row := best["recognised"]:
            controls = [f"{_name(each)} {_interval(each)}" for each in self._inverted() if each.attack in CONTROLS[:3]]
            said.append(
                f"The strongest attack ({_name(row)}) brings back {_interval(row)} of {len(self.attacked)} attacked "
                "classes so that the judge recognises them. Beside it stand "
                f"{'; '.join([f'guessing among all classes {1 / self.counts[2]:.0%}', *controls])}."
            )
        return said

    def write(self) -> Path:
        """Write report.html and audit.csv into the configuration's folder; returns the page's path."""
        out = Path(self.config.out)
        written = pd.DataFrame(self.rows).to_csv(index=False, float_format="%.6g", na_rep="nan", lineterminator="\n")
        write_whole(out / "audit.csv", written.encode())
        write_whole(out / "report.html", document("Audit of a classifier", self._repr_html_()).encode())
        return out / "report.html"

    def __repr__(self) -> str:
        """What the page says first."""
        return "\n".join(self.sentences())

    def _repr_html_(self) -> str:
        """The page's content, which a notebook shows, too."""
        members, unseen, classes = self.counts
        whole = [row for row in self.rows if row.part in ("classifier", "gradients")]
        left_out = [f"{name}: {words}." for name, words in self.left_out.items()]
        parts = [
            f"<p>{members} training and as many unseen pictures compared; {unseen} unseen pictures in all, {classes} "
            f"classes; {self.seconds / 60:.1f} minutes.</p>",
            _list(self.sentences()),
            *(f'<p class="warning"><strong>Warning.</strong> {escape(words)}</p>' for words in self.warnings),
            "<h2>Was this picture in the training data?</h2>",
            curves({NAMES[name]: roc(*sides).log_points() for name, sides in self.scores.items()}),
            self._table("membership", MEMBERSHIP),
            *self._returned(),
            "<h2>What would a service change?</h2>",
            "<p>The classifier stays as it is; its answers are changed before they leave. Attacks: the loss "
            "of the picture, and confidences alone.</p>",
            self._table("", SERVED),
            "<h2>The classifier itself</h2>",
            table(["", "measure", "value"], [[_name(row), row.measure, _interval(row, ".3g")] for row in whole]),
            f"<p>{RATIO}</p>" if any(row.measure == "margin ratio" for row in whole) else "",
            f"<h2>Left out</h2>{_list(left_out)}" if left_out else "",
            "<h2>What this does not show</h2>",
            _list(NOT_SHOWN),
            f"<p>mia_kit {__version__}, PyTorch {torch.__version__}, Python {platform.python_version()}, seed "
            f"{self.config.seed}. Intervals are 95 %, over pictures or classes.</p>",
        ]
        return "\n".join(filter(None, parts))

    def _returned(self) -> list[str]:
        """The section about inversion."""
        if not (shares := self._inverted()):
            return []
        each = [row for row in self.rows if row.unit and not row.defence]
        whole = [
            row.attack for row in shares if sum(row.attack == other.attack for other in each) == len(self.attacked)
        ]
        hits = {(row.attack, row.unit): "yes" if row.value else "no" for row in each}
        lines = [[name, *(hits[attack, name] for attack in whole)] for name in self.attacked]
        drawn = [(_name(row), row.value, row.low, row.high) for row in shares]
        return [
            "<h2>What comes back of a class?</h2>",
            bars(drawn, "share of classes that the judge recognises"),
            *(pictures(NAMES.get(name, name), images.numpy(), self.attacked) for name, images in self.shown.items()),
            "<details><summary>Class by class: recognised?</summary>",
            table(["class", *(NAMES.get(attack, attack) for attack in whole)], lines),
            "</details>",
        ]

    def _inverted(self) -> list[Row]:
        return [row for row in self.rows if row.measure == "recognised" and not row.unit and not row.defence]

    def _table(self, part: str, measures: Sequence[str]) -> str:
        """A line for each attack of a part, or without one for each service; a column for each measure."""
        lines: dict[str, dict[str, str]] = {}
        for row in self.rows:
            wanted = row.part == part and not row.defence if part else row.defence or row.attack in SERVED_ATTACKS
            if wanted and not row.unit and row.measure in measures:
                lines.setdefault(_name(row) if part or row.defence else "as it is", {})[row.measure] = _interval(row)
        shown = [measure for measure in measures if any(measure in line for line in lines.values())]
        cells = [[name, *(line.get(measure, "–") for measure in shown)] for name, line in lines.items()]
        return table(["", *(HEADS.get(measure, measure) for measure in shown)], cells)


def _name(row: Row) -> str:
    kind, _, number = row.defence.partition(" ")
    return SERVICES[kind].format(number) if kind else NAMES.get(row.attack, row.attack)


def _interval(row: Row, style: str = ".0%") -> str:
    """A value with its interval, where it has one."""
    ends = "" if np.isnan(row.low) else f" [{row.low:{style}}, {row.high:{style}}]"
    return f"{row.value:{style}}{ends}".replace("%", " %")


def _list(lines: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"
