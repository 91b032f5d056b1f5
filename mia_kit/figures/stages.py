"""The stages of an attack, one at a time: whose pictures, which change in leakage, and how the gradients turn.

For claims S6 to S9 of Struppek, Hintersdorf and Kersting, "Be Careful What You Smooth For" (ICLR 2024).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from mia_kit.figures.film import wall
from mia_kit.figures.series import band, bars, seed_points
from mia_kit.figures.style import DASHES, MARKERS, OKABE_ITO, Drawn, base_layout, factor_name

STAGES = ("sampling", "optimisation", "selection", "all")


def swap_wall(pictures: np.ndarray, ranks: np.ndarray, *, swaps: Sequence[str], names: Sequence[str]) -> Drawn:
    """What is handed in for each person (column) if one stage is done with another target (row).

    Parameters
    ----------
    pictures : uint8 of shape (swaps, people, h, w, 3); the first swap is the usual attack
    ranks : the evaluator's rank of the person, of shape (swaps, people); 1 is a hit
    """
    figure = wall(pictures, rows=list(swaps), columns=list(names))
    figure.update_layout(title_text="One stage at a time with another target")
    hits, count = (ranks == 1).sum(axis=1), ranks.shape[1]
    differs = (np.abs(pictures.astype(float) - pictures[:1]).reshape(*ranks.shape, -1).mean(axis=2) > 1).sum(axis=1)
    words = "; ".join(
        f"{swap}: {hit} of {count} hits, {other} other pictures"
        for swap, hit, other in zip(swaps, hits, differs, strict=True)
    )
    alt = (
        f"{len(swaps)} rows of {count} reconstructions, one column for each person. The first row is the usual attack "
        f"on hard labels; in each row below, the stage that it names is done with another target. {words}."
    )
    return Drawn(figure, alt, {"hits": hits / count, "other_pictures": differs / count})


def gradient_turns(cosines: Mapping[float, np.ndarray]) -> Drawn:
    """The cosine between successive gradients over the steps, for each factor.

    An array has the shape (steps,), medians over candidates, or (steps, m), of which the median is drawn with its
    quartiles as a band. There is no cosine at the first step: the first row, of NaN, is left out.
    """
    figure, words, arrays = go.Figure(), [], {}
    for place, (factor, values) in enumerate(cosines.items()):
        rows = np.asarray(values, dtype=float).reshape(len(values), -1)[1:]
        low, median, high = np.quantile(rows, (0.25, 0.5, 0.75), axis=1)
        steps, colour, name = np.arange(1, len(values)), OKABE_ITO[place], factor_name(factor)
        if rows.shape[1] > 1:
            figure.add_trace(band(steps, low, high, place, alpha=0.15))
        figure.add_trace(
            go.Scatter(
                x=steps,
                y=median.round(4),
                name=name,
                mode="lines+markers",
                line={"color": colour, "width": 2, "dash": DASHES[place % len(DASHES)]},
                marker={"color": colour, "symbol": MARKERS[place], "size": 6},
                hovertemplate=f"{name}, step %{{x}}: %{{y:.2f}}<extra></extra>",
            )
        )
        late = float(median[len(median) // 2 :].mean())
        words.append(f"{name}: {late:+.2f}")
        arrays[f"{factor:+g}"] = np.array([late])
    figure.update_layout(base_layout("Cosine between a gradient and the one before, by smoothing factor"))
    figure.update_xaxes(title_text="step")
    figure.update_yaxes(title_text="cosine", range=(-1.05, 1.05))
    alt = (
        "Cosine between successive gradients of the attack, medians over candidates, a curve for each factor. "
        f"Mean over the second half of the steps: {'; '.join(words)}."
    )
    return Drawn(figure, alt, arrays)


def stage_changes(swapped: Mapping[str, Mapping[str, Any]], factors: Sequence[float]) -> Drawn:
    """How much Acc@1 changes if one stage, or all, are done with another target, with 95 % intervals over people.

    `swapped` holds, for names such as "-0.05 sampling", the change against the usual attack with low and high, and
    by_seed, the change of each seed: the evidence of `mia-kit run face_stages`.
    """
    figure, words, arrays = go.Figure(), [], {}
    for place, factor in enumerate(factors):
        rows = [swapped[f"{factor:+g} {stage}"] for stage in STAGES]
        change = np.array([row["change"] for row in rows])
        low, high = (np.array([row[end] for row in rows]) for end in ("low", "high"))
        x = np.arange(len(STAGES)) + 0.16 * (place - (len(factors) - 1) / 2)
        look, name = {"color": OKABE_ITO[place], "symbol": MARKERS[place]}, factor_name(factor)
        seeds = np.array([row["by_seed"] for row in rows])  # (stages, seeds)
        figure.add_trace(seed_points(x, seeds, place, size=6))
        figure.add_trace(
            go.Scatter(
                x=x,
                y=change.round(4),
                mode="markers",
                name=name,
                marker=look | {"size": 12},
                error_y=bars(change, low, high),
                hovertemplate=f"{name}: %{{y:+.1%}}<extra></extra>",
            )
        )
        spread = zip(STAGES, change, low, high, strict=True)
        words.append(f"{name}: " + ", ".join(f"{stage} {c:+.3f} [{a:.3f}, {b:.3f}]" for stage, c, a, b in spread))
        arrays[f"{factor:+g}"] = change
    figure.add_hline(y=0, line={"color": "#555555", "dash": "dash", "width": 1})
    figure.update_layout(base_layout("Change of Acc@1 if a stage is done with another target"))
    figure.update_layout(legend={"title": {"text": "factor of that target"}})
    figure.update_xaxes(tickvals=list(range(len(STAGES))), ticktext=list(STAGES), showgrid=False, zeroline=False)
    figure.update_yaxes(title_text="change of Acc@1", tickformat="+.0%")
    alt = f"Change of Acc@1 against the usual attack on hard labels, with 95 % intervals. {'; '.join(words)}."
    return Drawn(figure, alt, arrays)
