"""The laboratory's state line, read and written in Python exactly as `lab_state.js` does it in the browser.

    smoothing=+0.04 seed=3 start=(-3.0,-10.0) target=2 stop=0.95

A teacher pastes such a line to set a lesson. `tests/browser/test_lab_script.py` gives both readers the same lines.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

CLASSES = 3
START_LIMIT = 20
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)


class State(NamedTuple):
    """The table's model by its factor and seed, and the attack on it. As text it is the line."""

    smoothing: float
    seed: int
    start: tuple[float, float]
    target: int
    stop: float

    def __str__(self) -> str:
        x, y = (_digits(value, 1) for value in self.start)
        factor, stop = format_factor(self.smoothing), _digits(self.stop, 2)
        return f"smoothing={factor} seed={self.seed} start=({x},{y}) target={self.target} stop={stop}"


def _number(text: str) -> float:
    return float(text) if _NUMBER.fullmatch(text) else math.nan


def _round(value: float) -> float:
    """Three decimals, halves upwards as in the browser; NaN stays NaN."""
    return value if math.isnan(value) else math.floor(value * 1000 + 0.5) / 1000 + 0.0


def _digits(value: float, least: int) -> str:
    """A number with at least `least` and at most three decimals."""
    text = f"{_round(value):.3f}"
    cut = len(text) - 3 + least
    return text[:cut] + text[cut:].rstrip("0")


def _split(line: str) -> dict[str, str]:
    values: dict[str, str] = {}
    tight = re.sub(r"\s*([=,()])\s*", lambda sign: ") " if sign[1] == ")" else sign[1], line.strip())
    for part in tight.strip().split():
        name, equals, value = part.partition("=")
        if name not in State._fields or not equals or name in values:
            raise ValueError(f'The state line has a part that is not understood: "{part}".')
        values[name] = value
    for name in State._fields:
        if name not in values:
            raise ValueError(f'The state line lacks "{name}=".')
    return values


def _read_factor(text: str, smoothings: Sequence[float]) -> float:
    factor = _number(text)
    if math.isnan(factor):
        raise ValueError(f'smoothing must be a number, got "{text}" instead.')
    nearest = min(smoothings, key=lambda known: abs(known - factor))
    if abs(nearest - factor) > 0.0005:
        raise ValueError(f"smoothing={text} is not in the table; the nearest factor there is {format_factor(nearest)}.")
    return nearest


def _read_start(text: str) -> tuple[float, float]:
    bracket = re.fullmatch(r"\(([^,]+),([^,]+)\)", text)
    start = (_round(_number(bracket[1])), _round(_number(bracket[2]))) if bracket else (math.nan, math.nan)
    if not all(abs(value) <= START_LIMIT for value in start):
        raise ValueError(
            f'start must be two numbers from -{START_LIMIT} to {START_LIMIT}, like (-3.0,-10.0), got "{text}" instead.'
        )
    return start


def format_factor(factor: float) -> str:
    """A factor with its sign and two or three decimals: +0.04, -0.30, +0.025."""
    return ("-" if factor < -0.0005 else "+") + _digits(abs(factor), 2)


def read(line: str, smoothings: Sequence[float], seeds: Sequence[int]) -> State:
    """What a line says. ValueError, one sentence, if a part is missing, unknown, not in the table, or out of range."""
    values = _split(line)
    factor = _read_factor(values["smoothing"], smoothings)
    if values["seed"] not in [str(seed) for seed in seeds]:
        raise ValueError(f'seed must be one of {", ".join(map(str, seeds))}, got "{values["seed"]}" instead.')
    start, target = _read_start(values["start"]), values["target"]
    if not (target.isascii() and target.isdigit() and int(target) < CLASSES):
        raise ValueError(f'target must be a class from 0 to {CLASSES - 1}, got "{target}" instead.')
    stop = _round(_number(values["stop"]))
    if not 0 < stop < 1:
        raise ValueError(f'stop must lie between 0 and 1, got "{values["stop"]}" instead.')
    return State(factor, int(values["seed"]), start, int(target), stop)
