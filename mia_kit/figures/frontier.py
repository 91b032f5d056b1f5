"""What a defence costs in accuracy and what it takes from the attacker: one point for each trained model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from mia_kit.figures.film import wall
from mia_kit.figures.series import series
from mia_kit.figures.style import Drawn, base_layout, legend_below

NAMES = {
    "none": "no defence",
    "negative_smoothing": "negative smoothing",
    "positive_smoothing": "positive smoothing",
    "mid": "MID",
    "bido": "BiDO",
    "dp_sgd": "DP-SGD",
    "weight_decay": "weight decay",
    "dropout": "dropout",
    "augmentation": "augmentation",
    "early_stopping": "early stopping",
    "mixup": "mixup",
    "smoothing": "smoothing",
    "dp_sgd_head": "DP-SGD of the head",
    "tl_dmi": "TL-DMI",
    "rolss": "RoLSS",
    "midre": "MIDRE",
    "loft": "LoFt",
    "trap_mid": "Trap-MID",
    "dcd": "data-centric",
}
NONE = "none"
HOVER = "%{customdata[0]}: accuracy %{x:.1%}, leakage %{y:.1%}<br>%{customdata[1]}<extra></extra>"


@dataclass(frozen=True)
class Mark:
    """A defence with a strength: accuracy and leakage, shares in [0, 1], with the ends of the leakage's interval.

    `words` stand in the hover, such as the attack and epsilon.
    """

    defence: str
    strength: float
    accuracy: float
    leakage: float
    low: float
    high: float
    words: str = ""

    @property
    def name(self) -> str:
        """The defence and its strength as a learner reads them."""
        return point_name(self.defence, self.strength)


def point_name(defence: str, strength: float) -> str:
    """A defence and its strength as a learner reads them."""
    known = defence in NAMES and defence != NONE  # a team's name says enough
    return f"{NAMES[defence]} {strength:g}" if known else NAMES.get(defence, defence)


def frontier(points: Sequence[Mark], *, title: str) -> Drawn:
    """Accuracy to the right, leakage upwards: good defences lie to the right and low. Lines join strengths.

    Bars are the intervals of the marks; no defence is drawn on top, in a look of its own. The arrays hold accuracies
    and leakages by defence, in order of strength.
    """
    lines = {
        defence: sorted((point for point in points if point.defence == defence), key=lambda point: point.strength)
        for defence in dict.fromkeys(point.defence for point in points)
    }
    figure = go.Figure()
    for place, defence in enumerate(sorted(lines, key=lambda defence: defence == NONE)):
        marks = lines[defence]
        ends = pd.DataFrame([(mark.leakage, mark.low, mark.high) for mark in marks], columns=["value", "low", "high"])
        accuracies = [round(mark.accuracy, 4) for mark in marks]
        line = series(
            accuracies, ends, NAMES.get(defence, defence), place, "", size=11, thickness=1, line={"width": 1.5}
        )
        line.update(customdata=[[mark.name, mark.words] for mark in marks], hovertemplate=HOVER)
        if defence == NONE:
            line.update(marker={"symbol": "circle-x-open", "color": "black", "size": 15}, line_color="black")
            line.error_y.color = "black"
        figure.add_trace(line)
    figure.update_layout(base_layout(title, height=500, legend=legend_below(0.2), margin={"b": 110}))
    figure.update_xaxes(title_text="test accuracy (use)", tickformat=".0%")
    top = min(1.04, 1.15 * max(point.high for point in points))
    figure.update_yaxes(title_text="leakage: Acc@1, strongest attack", tickformat=".0%", range=(-0.04 * top, top))
    flat = [mark for marks in lines.values() for mark in marks]
    words = (f"{mark.name}: accuracy {mark.accuracy:.1%}, leakage {mark.leakage:.1%}" for mark in flat)
    alt = (
        "Leakage (Acc@1) against test accuracy, a point for each defence and strength, a line through the strengths of "
        f"a defence. Down and to the right is better. {'; '.join(words)}."
    )
    arrays = {
        f"{measure} {defence}": np.array([getattr(mark, measure) for mark in marks])
        for defence, marks in lines.items()
        for measure in ("accuracy", "leakage")
    }
    return Drawn(figure, alt, arrays)


def defended_wall(pictures: np.ndarray, ranks: np.ndarray, points: Sequence[Mark], *, names: Sequence[str]) -> Drawn:
    """What the attacker hands in for each person (column) against each model (row), the most accurate first.

    pictures : uint8 of shape (points, people, h, w, 3)
    ranks : of the person by the evaluator, of shape (points, people); 1 is a hit
    """
    order = sorted(range(len(points)), key=lambda place: -points[place].accuracy)
    rows = [f"{points[place].name}<br>right on {points[place].accuracy:.0%}" for place in order]
    title = "The same people against every defence"
    figure = wall(pictures[order], rows=rows, columns=names, title=title)
    hits = (ranks[order] == 1).sum(axis=1)
    words = "; ".join(
        f"{points[place].name}, right on {points[place].accuracy:.0%}: {hit} of {len(names)} recognised"
        for place, hit in zip(order, hits, strict=True)
    )
    alt = f"{len(points)} rows of {len(names)} reconstructions, a row for each model, a column for each person. "
    return Drawn(figure, f"{alt}{words}.", {"hits": hits / len(names)})
