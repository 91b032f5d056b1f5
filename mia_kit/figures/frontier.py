"""What a defence costs in accuracy and what it spares in leakage: one point for each trained model.

A point of `marks_of` is one of the evidence of `mia-kit run defence_frontier`: a defence and a strength over all seeds,
of which each is drawn as a faint mark of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from mia_kit.figures.film import wall
from mia_kit.figures.series import bars, seed_points
from mia_kit.figures.style import DASHES, MARKERS, OKABE_ITO, Drawn, base_layout

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
}
MEASURE = "acc1"


@dataclass(frozen=True)
class Mark:
    """A defence with a strength: accuracy and leakage, shares in [0, 1], with the ends of the leakage's interval.

    words : more for the hover, such as epsilon and delta
    seeds : (accuracy, leakage) of each seed
    """

    defence: str
    strength: float
    accuracy: float
    leakage: float
    low: float
    high: float
    words: str = ""
    seeds: tuple[tuple[float, float], ...] = ()

    @property
    def name(self) -> str:
        """The defence and its strength as a learner reads them."""
        name = NAMES.get(self.defence, self.defence)
        return name if self.defence == "none" else f"{name} {self.strength:g}"


def marks_of(points: Sequence[Mapping[str, Any]], *, measure: str = MEASURE) -> list[Mark]:
    """The points of the evidence, each with its leakage under the loss that brings back more."""
    found = []
    for point in points:
        loss = max(("poincare", "margin"), key=lambda own: point[own][measure]["value"])
        leaks = point[loss][measure]
        epsilon = [own for own in point.get("epsilon", []) if own is not None]
        words = f"epsilon {np.mean(epsilon):.3g}, " if epsilon else ""
        found.append(
            Mark(
                point["defence"],
                point["strength"],
                float(np.mean(point["accuracy"])),
                leaks["value"],
                leaks["low"],
                leaks["high"],
                words=f"{words}{loss} loss",
                seeds=tuple(zip(point["accuracy"], leaks["by_seed"], strict=True)),
            )
        )
    return found


def frontier(points: Sequence[Mark], *, title: str, measure: str = "Acc@1") -> Drawn:
    """Accuracy to the right, leakage upwards: good defences lie to the right and low. Lines join strengths.

    `measure` says in words what the leakage is.

    Bars are the intervals of the marks. The arrays hold accuracies and leakages by defence, in order of strength.
    """
    figure, words, arrays = go.Figure(), [], {}
    for place, defence in enumerate(dict.fromkeys(point.defence for point in points)):
        own = sorted((point for point in points if point.defence == defence), key=lambda point: point.strength)
        for trace in _traces(own, place):
            figure.add_trace(trace)
        words.append("; ".join(f"{one.name}: accuracy {one.accuracy:.1%}, leakage {one.leakage:.1%}" for one in own))
        arrays[f"accuracy {defence}"] = np.array([one.accuracy for one in own])
        arrays[f"leakage {defence}"] = np.array([one.leakage for one in own])
    figure.update_layout(base_layout(title, height=500))
    figure.update_layout(legend={"orientation": "h", "y": -0.2}, margin={"b": 110})
    figure.update_xaxes(title_text="test accuracy (use)", tickformat=".0%")
    top = min(1.04, 1.15 * max(point.high for point in points))
    figure.update_yaxes(title_text=f"leakage: {measure}, worse loss", tickformat=".0%", range=(-0.04 * top, top))
    alt = (
        f"Leakage ({measure}) against test accuracy, a point for each defence and strength, a line through the "
        f"strengths of a defence. Down and to the right is better. {'; '.join(words)}."
    )
    return Drawn(figure, alt, arrays)


def defended_wall(pictures: np.ndarray, ranks: np.ndarray, points: Sequence[Mark], *, names: Sequence[str]) -> Drawn:
    """What the attacker hands in for each person (column) against each model (row), the most accurate first.

    Parameters
    ----------
    pictures : uint8 of shape (points, people, h, w, 3)
    ranks : of the person by the evaluator, of shape (points, people); 1 is a hit
    """
    order = sorted(range(len(points)), key=lambda place: -points[place].accuracy)
    rows = [f"{points[place].name}<br>right on {points[place].accuracy:.0%}" for place in order]
    figure = wall(pictures[order], rows=rows, columns=names)
    figure.update_layout(title_text="The same people against every defence", margin={"l": 190})
    hits = (ranks[order] == 1).sum(axis=1)
    words = "; ".join(
        f"{points[place].name}, right on {points[place].accuracy:.0%}: {hit} of {len(names)} recognised"
        for place, hit in zip(order, hits, strict=True)
    )
    alt = (
        f"{len(points)} rows of {len(names)} reconstructions, a row for each model, a column for each person. {words}."
    )
    return Drawn(figure, alt, {"hits": hits / len(names)})


def _traces(own: Sequence[Mark], place: int) -> list[go.Scatter]:
    """A defence's seeds as faint points, then its marks with bars, joined."""
    colour = OKABE_ITO[place % len(OKABE_ITO)]
    # Past the palette colours come again: another marker and an open one tell them apart.
    symbol = MARKERS[place % len(MARKERS)] + ("-open" if place >= len(OKABE_ITO) else "")
    seeds = np.array([seed for one in own for seed in one.seeds]).reshape(-1, 2)
    faint = seed_points(seeds[:, 0], seeds[:, 1:], place % len(OKABE_ITO), size=5)
    value, low, high = (np.array([getattr(one, end) for one in own]) for end in ("leakage", "low", "high"))
    line = go.Scatter(
        x=[round(one.accuracy, 4) for one in own],
        y=value.round(4),
        mode="lines+markers",
        name=NAMES.get(own[0].defence, own[0].defence),
        line={"color": colour, "width": 1.5, "dash": DASHES[place % len(DASHES)]},
        marker={"color": colour, "symbol": symbol, "size": 11},
        error_y=bars(value, low, high, thickness=1),
        customdata=[[one.name, one.words] for one in own],
        hovertemplate="%{customdata[0]}: accuracy %{x:.1%}, leakage %{y:.1%}<br>%{customdata[1]}<extra></extra>",
    )
    return [faint, line]
