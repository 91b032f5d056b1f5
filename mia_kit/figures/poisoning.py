"""Defences of the served confidences: what the attacker sees of the pictures, what it costs, and whether it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mia_kit.figures.film import wall
from mia_kit.figures.series import series
from mia_kit.figures.style import OKABE_ITO, Drawn, base_layout, legend_below
from mia_kit.metrics import Interval, share_interval

MEASURES = {"attack accuracy": "attack_accuracy", "reconstruction error": "error"}

LEAST_DISTORTION = 1e-5  # what an undefended service is drawn at, on an axis of powers of ten


def poison_wall(
    originals: np.ndarray, rows: Mapping[str, np.ndarray], hits: Mapping[str, np.ndarray], *, labels: Sequence[str]
) -> Drawn:
    """The private pictures and, below them, what an attacker reconstructs under each defence.

    originals : uint8 of shape (m, h, w, 3)
    rows : by defence, of the same shape
    hits : whether the evaluator names the class, bool of shape (n,) for all attacked pictures, by defence
    labels : of the m pictures shown
    """
    pictures = np.stack([originals, *rows.values()])
    title = "Private pictures and their reconstructions"
    figure = wall(pictures, rows=["private", *rows], columns=labels, title=title)
    figure.update_layout(height=84 * len(pictures) + 150)
    shares = {name: float(hits[name].mean()) for name in rows}
    words = "; ".join(f"{name} {share:.0%}" for name, share in shares.items())
    alt = (
        f"A row of {len(labels)} private pictures and {len(rows)} rows of reconstructions, one for each defence. Share "
        f"of all {len(next(iter(hits.values())))} attacked pictures whose class an evaluator recognises: {words}."
    )
    return Drawn(figure, alt, {"attack accuracy": np.array(list(shares.values()))})


def trade_off(
    points: Mapping[str, tuple[float, np.ndarray]],
    *,
    chance: float,
    lines: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Drawn:
    """Attack accuracy against confidence distortion, a marker for each line, with 95 % intervals over pictures.

    points : by name the mean distortion, and hits of shape (n,)
    chance : attack accuracy of a guess, in [0, 1]
    lines : by name the points that belong together, such as strengths of one defence, in the order in which they are
        joined; a point that stands in none is on its own
    """
    shares = {name: share_interval(int(hits.sum()), len(hits)) for name, (_, hits) in points.items()}
    at = {name: max(far, LEAST_DISTORTION) for name, (far, _) in points.items()}
    joined = {name for names in lines.values() for name in names}
    groups = {**lines, **{name: [name] for name in points if name not in joined}}
    figure = go.Figure()
    for place, (group, names) in enumerate(groups.items()):
        ends = pd.DataFrame([shares[name] for name in names])
        figure.add_trace(series([at[name] for name in names], ends, group, place, ": %{y:.1%} at %{x:.2g}", size=11))
    figure.add_hline(y=chance, line={"color": "#555555", "dash": "dot"}, annotation_text="chance")
    figure.update_layout(base_layout("What is kept from the attacker, and at which distortion", height=460))
    figure.update_xaxes(type="log", dtick=1, exponentformat="power")
    figure.update_xaxes(title_text="mean distance of served from clean vectors (no defence: at the left end)")
    figure.update_yaxes(title_text="attack accuracy", range=(-0.03, 1.03), tickformat=".0%")
    words = "; ".join(f"{name} {share.value:.2f} at {points[name][0]:.2g}" for name, share in shares.items())
    alt = f"Attack accuracy against the distortion of the served vectors; chance is {chance:.2f}. {words}."
    return Drawn(figure, alt, {"attack accuracy": np.array([share.value for share in shares.values()])})


def vectors_map(flat: np.ndarray, close: np.ndarray, detector: Interval) -> Drawn:
    """Clean and poisoned vectors by PCA and by t-SNE, with the area of a trained detector beside them.

    `flat` and `close` have the shape (2 n, 2), the clean vectors first.
    """
    figure = make_subplots(cols=2, subplot_titles=("PCA", "t-SNE"), horizontal_spacing=0.06)
    half = len(flat) // 2
    for column, points in enumerate((flat, close), start=1):
        for place, (name, (x, y)) in enumerate((("clean", points[:half].T), ("poisoned", points[half:].T))):
            look = {"color": OKABE_ITO[place], "symbol": ("circle-open", "x-thin-open")[place], "size": 7}
            dots = go.Scatter(x=x.round(4), y=y.round(4), mode="markers", name=name, marker=look, hoverinfo="skip")
            figure.add_trace(dots.update(showlegend=column == 1), row=1, col=column)
    title = f"Clean or poisoned? A detector's area under the curve: {detector}"
    figure.update_layout(base_layout(title, height=430, margin={"t": 100}, legend=legend_below(0.08)))
    figure.update_xaxes(showticklabels=False)
    figure.update_yaxes(showticklabels=False)
    alt = (
        f"{half} clean vectors and the same {half} poisoned, in two dimensions by PCA on the left and by t-SNE on the "
        f"right. A detector that is shown entries and logarithms has an area under its curve of {detector}; 0.5 is "
        "guessing."
    )
    return Drawn(figure, alt, {"detector": np.array([detector.value])})


def poison_table(rows: pd.DataFrame, *, chance: float, pictures: str) -> Drawn:
    """Attack accuracy and reconstruction error of every row of `mia-kit run poisoning_mnist` and its like.

    Dots with 95 % intervals over pictures and seeds, crosses for the seeds; `rows` as
    `mia_kit.studies.poisoning.measured.summary` gives them, of these `pictures`, such as MNIST.
    """
    halves = [rows[rows["measure"] == measure] for measure in MEASURES.values()]
    names, places = halves[0]["row"].tolist(), np.arange(len(halves[0]))
    figure = make_subplots(cols=2, shared_yaxes=True, subplot_titles=list(MEASURES), horizontal_spacing=0.05)
    for column, half in enumerate(halves, start=1):
        faint = {"color": "#888888", "symbol": "x-thin-open", "size": 6}
        x, y = np.concatenate(half["by_seed"].tolist()).round(4), places.repeat(half["by_seed"].str.len())
        figure.add_scatter(x=x, y=y, mode="markers", name="a seed", marker=faint, row=1, col=column)
        dots = series(places, half, "all seeds", 0, "", joined=False, across=True).update(hovertemplate=None)
        figure.add_trace(dots, row=1, col=column)
    figure.update_traces(showlegend=False, col=2)
    figure.add_vline(x=chance, line={"color": "#555555", "dash": "dot"}, row=1, col=1)
    title, height = f"{pictures}: defences and attackers", 24 * len(names) + 170
    figure.update_layout(base_layout(title, height=height, legend=legend_below(2 / len(names))))
    figure.update_xaxes(range=(-0.02, 1.02), tickformat=".0%", row=1, col=1)
    figure.update_yaxes(range=(len(names) - 0.5, -0.5), zeroline=False)
    labels = [f"{name} · loses {loss:.1%}" for name, loss in zip(names, halves[0]["loss"], strict=True)]
    figure.update_yaxes(tickvals=places.tolist(), ticktext=labels, automargin=True, row=1, col=1)
    arrays = {name: half["value"].to_numpy() for name, half in zip(MEASURES, halves, strict=True)}
    words = "; ".join(f"{row} {hit:.3f} and {far:.3f}" for row, hit, far in zip(names, *arrays.values(), strict=True))
    what = f"attack accuracy (chance {chance:.2f}) and mean squared error of {len(names)} rows, with intervals"
    return Drawn(figure, f"{pictures}: {what}: {words}.", arrays)
