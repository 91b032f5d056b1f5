"""What an audit found, in plain words: sentences, one page that needs nothing else, and a table."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mia_kit import __version__
from mia_kit.audit.config import Condition, Config, condition
from mia_kit.audit.membership import Scores
from mia_kit.audit.rows import CONTROLS, Row, as_csv, strongest
from mia_kit.data.folders import write_whole
from mia_kit.figures.svg import bars, curves, document, pictures, table
from mia_kit.metrics import roc

NAMES = {
    "threshold": "loss of the picture",
    "calibrated": "loss less that of moved copies",
    "labels": "labels of moved copies",
    "references": "likelihood ratio over reference models",
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
SERVED_ATTACKS = ("threshold", "bred")
HEADS = {
    "auc": "right of two",
    "tpr@1%": "found at 1 % false alarms",
    "tpr@0.1%": "found at 0.1 % false alarms",
    "recognised": "classes recognised",
}
MEMBERSHIP, SERVED = ("auc", "tpr@1%", "tpr@0.1%"), ("auc", "tpr@1%", "recognised", "labels changed")


@dataclass(repr=False, frozen=True, eq=False)
class Report:
    """The rows of the table, and what the page says beside them.

    scores : of members and others by attack. shown : reconstructions by attack, uint8, where they were asked for
    left_out : a sentence for each step that was not taken
    attacked : names of the attacked classes. counts : pictures compared on a side, unseen ones, classes
    """

    config: Config
    rows: tuple[Row, ...]
    scores: Scores
    warnings: tuple[str, ...]
    left_out: Mapping[str, str]
    shown: Mapping[str, Tensor]
    attacked: Sequence[str]
    counts: tuple[int, int, int]
    seconds: float

    def failed(self) -> list[Condition]:
        """The conditions of `fail_if` that are met. ValueError if one asks for what was not measured."""
        met = []
        for asked in map(condition, self.config.fail_if):
            row = strongest(self.rows, asked.measure)
            if row is None:
                why = "; ".join(f"{name}: {words}" for name, words in self.left_out.items()) or "too few pictures"
                raise ValueError(f"fail-if: {asked.text} has no answer, {asked.measure} was not measured ({why})")
            met += [asked] * (row.value > asked.limit)
        return met

    def sentences(self) -> list[str]:
        """The findings, by the strongest attack of each kind."""
        found = {measure: strongest(self.rows, measure) for measure in (*MEMBERSHIP, "recognised")}
        said = []
        if auc := found["auc"]:
            can = "can be told" if auc.low > 0.5 else "could not be told"
            said.append(
                f"Training pictures {can} from unseen ones: given one of each, the strongest attack "
                f"({_name(auc)}) picks the right one in {_interval(auc)} of all tries; guessing is 50 %."
            )
        for measure in MEMBERSHIP[1:]:
            if row := found[measure]:
                alarms = f"At {measure[4:-1]} % false alarms"
                said.append(f"{alarms} {_interval(row)} of the training pictures are found ({_name(row)}).")
        if row := found["recognised"]:
            controls = [f"{_name(each)} {_interval(each)}" for each in self._inverted() if each.attack in CONTROLS[:3]]
            said.append(
                f"The strongest attack ({_name(row)}) brings back {_interval(row)} of {len(self.attacked)} attacked "
                "classes so that the judge recognises them. Beside it stand "
                f"{'; '.join([f'guessing among all classes {1 / self.counts[2]:.0%}', *controls])}."
            )
        return said

    def write(self, folder: Path | str | None = None) -> Path:
        """Write report.html and audit.csv into a folder, the configuration's by default; returns the page's path."""
        out = Path(folder or self.config.out)
        write_whole(out / "audit.csv", as_csv(self.rows).encode())
        write_whole(out / "report.html", document("Audit of a classifier", self._repr_html_()).encode())
        return out / "report.html"

    def __repr__(self) -> str:
        """What the page says first."""
        return "\n".join(self.sentences())

    def _repr_html_(self) -> str:
        """The page's content, which a notebook shows, too."""
        members, unseen, classes = self.counts
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
            table(
                ["", "measure", "value"],
                [[_name(r), r.measure, _interval(r, ".3g")] for r in self.rows if self._own(r)],
            ),
            *(
                ["<h2>Left out</h2>", _list(f"{name}: {words}." for name, words in self.left_out.items())]
                * bool(self.left_out)
            ),
            "<h2>What this does not show</h2>",
            _list(NOT_SHOWN),
            f"<p>mia_kit {__version__}, PyTorch {torch.__version__}, Python {platform.python_version()}, seed "
            f"{self.config.seed}. Intervals are 95 %, over pictures or classes.</p>",
        ]
        return "\n".join(parts)

    def _returned(self) -> list[str]:
        """The section about inversion."""
        if not (found := self._inverted()):
            return []
        each = {
            row.attack: [
                other.value for other in self.rows if other.unit and other.attack == row.attack and not other.defence
            ]
            for row in found
        }
        whole = {attack: values for attack, values in each.items() if len(values) == len(self.attacked)}
        lines = [
            [name, *("yes" if values[k] else "no" for values in whole.values())] for k, name in enumerate(self.attacked)
        ]
        return [
            "<h2>What comes back of a class?</h2>",
            bars(
                [(_name(row), row.value, row.low, row.high) for row in found],
                "share of classes that the judge recognises",
            ),
            *(
                pictures(NAMES.get(attack, attack), images.numpy(), self.attacked)
                for attack, images in self.shown.items()
            ),
            "<details><summary>Class by class: recognised?</summary>",
            table(["class", *(NAMES.get(attack, attack) for attack in whole)], lines),
            "</details>",
        ]

    def _inverted(self) -> list[Row]:
        return [row for row in self.rows if row.measure == "recognised" and not row.unit and not row.defence]

    @staticmethod
    def _own(row: Row) -> bool:
        return row.part in ("classifier", "gradients")

    def _table(self, part: str, measures: Sequence[str]) -> str:
        """A line for each attack of a part, or without one for each service; a column for each measure."""
        lines: dict[str, dict[str, str]] = {}
        for row in self.rows:
            wanted = row.part == part and not row.defence if part else row.defence or row.attack in SERVED_ATTACKS
            if wanted and not row.unit and row.measure in measures:
                lines.setdefault(_name(row) if part or row.defence else "as it is", {})[row.measure] = _interval(row)
        shown = [measure for measure in measures if any(measure in line for line in lines.values())]
        return table(
            ["", *(HEADS.get(each, each) for each in shown)],
            [[name, *(line.get(each, "–") for each in shown)] for name, line in lines.items()],
        )


def _name(row: Row) -> str:
    kind, _, number = row.defence.partition(" ")
    return SERVICES[kind].format(number) if kind else NAMES.get(row.attack, row.attack)


def _interval(row: Row, style: str = ".0%") -> str:
    """A value with its interval, where it has one."""
    ends = "" if np.isnan(row.low) else f" [{row.low:{style}}, {row.high:{style}}]"
    return f"{row.value:{style}}{ends}".replace("%", " %")


def _list(lines: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"
