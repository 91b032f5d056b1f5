"""Chapter 11's slider: what each attack says of a smoothing factor, from the stored table."""

from __future__ import annotations

import pandas as pd

from mia_kit.figures.style import OKABE_ITO, factor_name
from mia_kit.widgets.panel import Guess
from mia_kit.widgets.sliders import Sliders

# Measure and attack of a meter, its words, and the two ends of its scale; guessing is at the lower one.
METERS = {
    ("advantage", "average"): ("average attack, advantage", 0.0, 1.0),
    ("advantage", "powerful"): ("powerful attack, advantage", 0.0, 1.0),
    ("advantage", "lira"): ("likelihood ratio, advantage", 0.0, 1.0),
    ("auc", "distance"): ("distance-to-confident, AUC", 0.5, 1.0),
    ("accuracy", ""): ("accuracy on unseen pictures", 0.0, 1.0),
}


class SmoothingReadings(Sliders):
    """Drag the smoothing factor: attacks, distance and accuracy follow at once, as means over the models of a table.

    `table` is the study's, with the columns defence, strength, attack, measure, value. ValueError if a measure of
    METERS is missing at a factor.
    """

    def __init__(self, table: pd.DataFrame, *, guess: Guess | None = None) -> None:
        smoothed = table[table["defence"].isin(("none", "smoothing"))].astype({"attack": object})
        smoothed = smoothed.fillna({"strength": 0.0, "attack": ""})
        means = smoothed.groupby(["measure", "attack", "strength"])["value"].mean()
        self._means = means.unstack("strength").reindex(list(METERS)).sort_index(axis=1)  # (meters, factors)
        if self._means.empty or self._means.isna().any(axis=None):
            raise ValueError(f"the table must have {', '.join(map(' '.join, METERS))} at each factor, some are missing")
        factors = [float(factor) for factor in self._means]
        options = [(factor_name(factor), factor) for factor in factors]
        super().__init__({"smoothing factor": (options, min(factors, key=abs))}, guess=guess)

    def _show(self, place: tuple[float]) -> str:
        values = self._means[place[0]]
        bars = [_bar(values[key], *scale, OKABE_ITO[number]) for number, (key, scale) in enumerate(METERS.items())]
        said = ", ".join(f"{scale[0]} {values[key]:.2f}" for key, scale in METERS.items())
        return (
            f'<div>{"".join(bars)}</div><p role="status" style="margin: 4px 0 0">'
            f"Factor {factor_name(place[0])}: {said}.</p>"
        )


def _bar(value: float, words: str, low: float, high: float, colour: str) -> str:
    width = 100 * min(max((value - low) / (high - low), 0.0), 1.0)
    return (
        '<div style="display: flex; align-items: center; gap: 8px; margin: 3px 0">'
        f'<span style="flex: 0 0 15em">{words}</span>'
        '<span style="flex: 0 1 260px; background: #e5e5e5; height: 14px">'
        f'<span style="display: block; width: {width:.0f}%; background: {colour}; height: 14px"></span></span>'
        f"<span>{value:.2f}</span></div>"
    )
