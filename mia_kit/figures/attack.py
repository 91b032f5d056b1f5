"""How an attack went: its loss and gradients over the steps, the scores of its candidates, and its judges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mia_kit.figures.series import band
from mia_kit.figures.style import DASHES, MARKERS, OKABE_ITO, Drawn, base_layout

PANELS = {"loss": "loss", "norm": "gradient norm", "cosine": "cosine to the last gradient"}


def optimisation_trace(losses: np.ndarray, norms: np.ndarray, cosines: np.ndarray) -> Drawn:
    """Median and quartiles over candidates of the loss, the gradient norm and the cosine of successive gradients.

    Each array has the shape (steps, m), with at least 4 steps; the cosine of the first step is NaN. The arrays hold
    what another processor's rounding leaves alone: the shares of the fall of the median loss that are done, and over
    the second half of the steps the mean median norm, as a share of the first, and the mean median cosine.
    """
    figure = make_subplots(cols=3, subplot_titles=list(PANELS.values()), horizontal_spacing=0.07)
    medians, words = {}, []
    for place, (name, values) in enumerate(zip(PANELS, (losses, norms, cosines), strict=True)):
        first = 1 if name == "cosine" else 0
        steps = np.arange(first, len(values))
        low, median, high = np.quantile(values[first:], (0.25, 0.5, 0.75), axis=1)
        medians[name] = median
        words.append(f"{PANELS[name]} from {median[0]:.3g} to {median[-1]:.3g}")
        for trace in _band(steps, low, median, high, place):
            figure.add_trace(trace, row=1, col=place + 1)
    figure.update_layout(
        base_layout(f"{losses.shape[1]} candidates: median, and quartiles as a band"), showlegend=False
    )
    figure.update_xaxes(title_text="step")
    alt = f"Three curves over {len(losses)} steps, medians over {losses.shape[1]} candidates: {'; '.join(words)}."
    return Drawn(figure, alt, _stable(**medians))


def candidate_scores(plain: np.ndarray, scores: np.ndarray, selected: np.ndarray, *, names: Sequence[str]) -> Drawn:
    """Stage 3: the target's confidence in each candidate as it is, and its mean under crops and mirrors.

    The arrays have the shape (people, candidates); `selected` is True for the candidates that are handed in.
    """
    places = np.arange(len(names))[:, None] + np.linspace(-0.27, 0.27, scores.shape[1])[None, :]
    figure = go.Figure()
    looks = (
        ("the picture as it is", plain, slice(None), {"symbol": "circle-open", "color": OKABE_ITO[0], "size": 9}),
        ("under crops and mirrors", scores, ~selected, {"symbol": "square", "color": OKABE_ITO[1], "size": 9}),
        ("the same, selected", scores, selected, {"symbol": "star", "color": OKABE_ITO[1], "size": 15}),
    )
    for name, values, chosen, look in looks:
        look = look | {"line": {"width": 1.5, "color": look["color"]}}
        x, y = places[chosen].ravel().round(3), values[chosen].ravel().round(4)
        hover = f"{name}: %{{y:.1%}}<extra></extra>"
        figure.add_trace(go.Scatter(x=x, y=y, mode="markers", name=name, marker=look, hovertemplate=hover))
    figure.update_layout(base_layout("The target's confidence in the person, four candidates for each"))
    figure.update_layout(legend={"orientation": "h", "y": -0.15})
    figure.update_xaxes(tickvals=list(range(len(names))), ticktext=list(names), showgrid=False, zeroline=False)
    figure.update_yaxes(range=(-0.03, 1.05), tickformat=".0%", title_text="confidence")
    best = [row[chosen].max() for row, chosen in zip(scores, selected, strict=True)]
    words = "; ".join(f"{name} {one:.0%}" for name, one in zip(names, best, strict=True))
    alt = (
        f"Confidences of {scores.size} candidates for {len(names)} people. Median as they are: {np.median(plain):.0%}, "
        f"under crops and mirrors: {np.median(scores):.0%}. Score of the selected one: {words}."
    )
    means = np.array([plain.mean(), scores.mean(), np.mean(best)])
    return Drawn(figure, alt, {"mean_plain_score_best": means})


def judges_over_steps(steps: Sequence[int], shares: Mapping[str, np.ndarray], *, judged: str) -> Drawn:
    """What share of reconstructions each judge lets pass, against the number of steps.

    `shares` holds an array of shape (steps,) in [0, 1] for each judge, three at most; `judged` says what is counted.
    """
    figure = go.Figure()
    for place, (name, values) in enumerate(shares.items()):
        figure.add_trace(
            go.Scatter(
                x=list(steps),
                y=values.round(4),
                name=name,
                mode="lines+markers",
                line={"color": OKABE_ITO[place], "width": 2, "dash": DASHES[place % len(DASHES)]},
                marker={"color": OKABE_ITO[place], "symbol": MARKERS[place], "size": 10},
                hovertemplate=f"{name}, step %{{x}}: %{{y:.0%}}<extra></extra>",
            )
        )
    figure.update_layout(base_layout(f"The judges over the steps, {judged}"))
    figure.update_layout(legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"}, margin={"t": 95})
    figure.update_xaxes(title_text="steps of the optimisation")
    figure.update_yaxes(range=(-0.03, 1.05), tickformat=".0%", title_text="share that passes")
    words = "; ".join(f"{name} {values[0]:.0%} to {values[-1]:.0%}" for name, values in shares.items())
    alt = f"Share of {judged} that each judge lets pass, from the first step to step {steps[-1]}: {words}."
    return Drawn(figure, alt, {name: np.asarray(values, dtype=float) for name, values in shares.items()})


def _stable(loss: np.ndarray, norm: np.ndarray, cosine: np.ndarray) -> dict[str, np.ndarray]:
    half = len(loss) // 2
    late = np.array([norm[half:].mean() / norm[0], cosine[half:].mean()])
    return {"loss_fall": (loss[0] - loss) / (loss[0] - loss[-1]), "late_norm_and_cosine": late}


def _band(steps: np.ndarray, low: np.ndarray, median: np.ndarray, high: np.ndarray, place: int) -> list[go.Scatter]:
    """Quartiles as a band, the median as a line."""
    colour = OKABE_ITO[place]
    line = go.Scatter(
        x=steps,
        y=median.round(5),
        mode="lines+markers",
        line={"color": colour, "width": 2},
        marker={"color": colour, "symbol": MARKERS[place], "size": 5},
        hovertemplate="step %{x}: %{y:.3g}<extra></extra>",
    )
    return [band(steps, low, high, place, alpha=0.25), line]
