"""Chapter 11's slider: what each attack says of a smoothing factor, from the stored table."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mia_kit.figures.style import OKABE_ITO, factor_name
from mia_kit.widgets import panel

INSTALL = 'The sliders need ipywidgets: run  python -m pip install "mia_kit[lab]"  and restart the kernel.'
# Measure and attack of a meter, its words, and the two ends of its scale; guessing is at the lower one.
METERS = {
    ("advantage", "average"): ("average attack, advantage", 0.0, 1.0),
    ("advantage", "powerful"): ("powerful attack, advantage", 0.0, 1.0),
    ("advantage", "lira"): ("likelihood ratio, advantage", 0.0, 1.0),
    ("auc", "distance"): ("distance-to-confident, AUC", 0.5, 1.0),
    ("accuracy", ""): ("accuracy on unseen pictures", 0.0, 1.0),
}


class SmoothingReadings:
    """Drag the smoothing factor: attacks, distance and accuracy follow at once, as means over the models of a table.

    Display it as the last line of a cell. Nothing is computed: all models were trained and attacked beforehand.

    Parameters
    ----------
    table : the study's, with columns defence, strength, attack, measure, value

    Raises
    ------
    ImportError
        If ipywidgets is missing.
    ValueError
        If a measure of METERS is missing at a factor.
    """

    def __init__(self, table: pd.DataFrame) -> None:
        try:
            import ipywidgets
        except ImportError as problem:
            raise ImportError(INSTALL) from problem
        smoothed = table[table["defence"].isin(("none", "smoothing"))].fillna({"strength": 0.0, "attack": ""})
        means = smoothed.groupby(["measure", "attack", "strength"])["value"].mean()
        self._means = means.unstack("strength").reindex(list(METERS)).sort_index(axis=1)  # (meters, factors)
        if self._means.empty or self._means.isna().any(axis=None):
            raise ValueError(f"the table must have {', '.join(map(' '.join, METERS))} at each factor, some are missing")
        factors = [float(factor) for factor in self._means]
        self.factor = ipywidgets.SelectionSlider(
            options=[(factor_name(factor), factor) for factor in factors],
            value=min(factors, key=abs),
            description="smoothing factor",
            style={"description_width": "9em"},
            layout={"width": "min(100%, 480px)"},
        )
        self.meters = ipywidgets.HTML()
        self._box = ipywidgets.VBox([self.factor, self.meters])
        self.factor.observe(self._on_change, names="value")
        self._on_change({})

    def _ipython_display_(self) -> None:
        panel.show(self._box, [panel.Control.of(self.factor)], self.meters)

    def _on_change(self, _: dict[str, Any]) -> None:
        values = self._means[self.factor.value]
        bars = [_bar(values[key], *scale, OKABE_ITO[place]) for place, (key, scale) in enumerate(METERS.items())]
        said = ", ".join(f"{scale[0]} {values[key]:.2f}" for key, scale in METERS.items())
        self.meters.value = (
            f'<div>{"".join(bars)}</div><p role="status" style="margin: 4px 0 0">'
            f"Factor {factor_name(self.factor.value)}: {said}.</p>"
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
