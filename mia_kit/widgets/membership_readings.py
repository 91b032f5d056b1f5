"""Chapter 11's sliders: what two attacks and a distance say of a smoothing factor, and of two mechanisms together."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any, Protocol

from mia_kit.figures.style import OKABE_ITO, factor_name
from mia_kit.widgets import panel

INSTALL = 'The sliders need ipywidgets: run  python -m pip install "mia_kit[lab]"  and restart the kernel.'
NOTHING = "nothing"
# What a meter shows, and the two ends of its scale; guessing is at the lower one.
METERS = {
    "average": ("average attack, advantage", 0.0, 1.0),
    "powerful": ("powerful attack, advantage", 0.0, 1.0),
    "distance": ("distance-to-confident, AUC", 0.5, 1.0),
    "accuracy": ("accuracy on unseen digits", 0.0, 1.0),
}


class Reading(Protocol):
    """What the attacks say of one mechanism: a number for each of METERS, and who says what in words."""

    average: float
    powerful: float
    distance: float
    accuracy: float
    words: str


class SmoothingReadings:
    """Drag the smoothing factor: both attacks, the distance and the accuracy follow at once.

    Display it as the last line of a cell. Nothing is computed: all models were trained and attacked beforehand.

    Parameters
    ----------
    readings : by factor, from `readings_by_factor` in chapter 11

    Raises
    ------
    ImportError
        If ipywidgets is missing.
    ValueError
        If there is no reading.
    """

    def __init__(self, readings: Mapping[float, Reading]) -> None:
        if not readings:
            raise ValueError("there must be a reading of at least one factor, got none instead")
        ipywidgets = _ipywidgets()
        self._readings = dict(sorted(readings.items()))
        self.factor = ipywidgets.SelectionSlider(
            options=[(factor_name(factor), factor) for factor in self._readings],
            value=0.0 if 0.0 in readings else next(iter(self._readings)),
            description="smoothing factor",
            **_look(),
        )
        self.meters = ipywidgets.HTML()
        self._box = ipywidgets.VBox([self.factor, self.meters])
        self.factor.observe(self._on_change, names="value")
        self._on_change({})

    def _ipython_display_(self) -> None:
        panel.show(self._box, [panel.Control.of(self.factor)], self.meters)

    def _on_change(self, _: dict[str, Any]) -> None:
        self.meters.value = meters(self._readings[self.factor.value])


class PairChooser:
    """Choose two mechanisms: what they do together, beside each alone and none.

    Display it as the last line of a cell. Nothing is computed: all pairs were trained and attacked beforehand.

    Parameters
    ----------
    readings : by the set of mechanisms, from `readings_by_choice` in chapter 11

    Raises
    ------
    ImportError
        If ipywidgets is missing.
    ValueError
        If none, one of the mechanisms or a pair of them is missing.
    """

    def __init__(self, readings: Mapping[frozenset[str], Reading]) -> None:
        names = list(dict.fromkeys(name for mechanisms in readings for name in sorted(mechanisms)))
        wanted: set[frozenset[str]] = {frozenset(pair) for pair in product(names, names)} | {frozenset()}
        if not names or wanted != set(readings):
            raise ValueError(
                f"there must be a reading of none, of each mechanism and of each pair of {', '.join(names) or 'them'}, "
                f"{len(wanted)} in all, got {len(readings)} instead"
            )
        ipywidgets = _ipywidgets()
        self._readings = dict(readings)
        self.choices = [
            ipywidgets.Dropdown(options=[NOTHING, *names], value=name, description=words, **_look())
            for words, name in (("one mechanism", names[0]), ("and another", names[-1]))
        ]
        self.meters = ipywidgets.HTML()
        self._box = ipywidgets.VBox([*self.choices, self.meters])
        for choice in self.choices:
            choice.observe(self._on_change, names="value")
        self._on_change({})

    def _ipython_display_(self) -> None:
        panel.show(self._box, [panel.Control.of(choice) for choice in self.choices], self.meters)

    def _on_change(self, _: dict[str, Any]) -> None:
        chosen = frozenset(choice.value for choice in self.choices) - {NOTHING}
        shown = [chosen, *(frozenset((name,)) for name in sorted(chosen) if len(chosen) > 1)]
        shown += [frozenset()] if chosen else []
        self.meters.value = "".join(
            f'<p style="margin: 10px 0 0"><b>{" + ".join(sorted(mechanisms)) or "no mechanism"}</b></p>'
            f"{meters(self._readings[mechanisms], spoken=mechanisms == chosen)}"
            for mechanisms in shown
        )


def meters(reading: Reading, *, spoken: bool = True) -> str:
    """A reading as HTML: a bar and a number for each measure, then who says what, read aloud if it is `spoken`."""
    bars = "".join(_bar(getattr(reading, name), *METERS[name], OKABE_ITO[place]) for place, name in enumerate(METERS))
    status = 'role="status" ' if spoken else ""
    return f'<div>{bars}</div><p {status}style="margin: 4px 0 0">{reading.words}</p>'


def _bar(value: float, words: str, low: float, high: float, colour: str) -> str:
    width = 100 * min(max((value - low) / (high - low), 0.0), 1.0)
    return (
        '<div style="display: flex; align-items: center; gap: 8px; margin: 3px 0">'
        f'<span style="flex: 0 0 15em">{words}</span>'
        '<span style="flex: 0 1 260px; background: #e5e5e5; height: 14px">'
        f'<span style="display: block; width: {width:.0f}%; background: {colour}; height: 14px"></span></span>'
        f"<span>{value:.2f}</span></div>"
    )


def _look() -> dict[str, Any]:
    return {"style": {"description_width": "9em"}, "layout": {"width": "min(100%, 480px)"}}


def _ipywidgets() -> Any:
    try:
        import ipywidgets
    except ImportError as problem:
        raise ImportError(INSTALL) from problem
    return ipywidgets
