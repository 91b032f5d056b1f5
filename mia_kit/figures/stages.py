"""The stages of an attack, one at a time: whose pictures, which change in leakage, and how the gradients turn.

For claims S6 to S9 of Struppek, Hintersdorf and Kersting, "Be Careful What You Smooth For" (ICLR 2024).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from mia_kit.figures.film import wall
from mia_kit.figures.series import bars
from mia_kit.figures.style import DASHES, MARKERS, OKABE_ITO, Drawn, base_layout, factor_name

STAGES = ("sampling", "optimisation", "selection", "all")


def swap_wall(pictures: np.ndarray, ranks: np.ndarray, *, swaps: Sequence[str], names: Sequence[str]) -> Drawn:
    """What is handed in for each person (column) if one stage is done with another target (row).

    Parameters
    ----------
    pictures : uint8 of shape (swaps, people, 3, h, w); the first swap is the usual attack
    ranks : the evaluator's rank of the person, of shape (swaps, people); 1 is a hit
    """
    figure = wall(np.moveaxis(pictures, -3, -1), rows=list(swaps), columns=list(names))
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


def gradient_turns(cosines: pd.DataFrame) -> Drawn:
    """The cosine between successive gradients over the steps, a line for each factor; bars are 95 % intervals.

    cosines : columns strength, steps, value, low, high
    """
    figure, words, arrays = go.Figure(), [], {}
    for place, (strength, rows) in enumerate(cosines.groupby("strength")):
        rows, name = rows.sort_values("steps"), factor_name(float(strength))
        value, low, high = (rows[column].to_numpy() for column in ("value", "low", "high"))
        figure.add_trace(
            go.Scatter(
                x=np.log10(rows["steps"]),
                y=value.round(4),
                name=name,
                mode="lines+markers",
                line={"color": OKABE_ITO[place], "width": 2, "dash": DASHES[place % len(DASHES)]},
                marker={"color": OKABE_ITO[place], "symbol": MARKERS[place], "size": 8},
                error_y=bars(value, low, high),
                hovertemplate=f"{name}: %{{y:.2f}}<extra></extra>",
            )
        )
        words.append(f"{name}: " + ", ".join(f"{number:+.2f}" for number in value))
        arrays[f"{float(strength):+g}"] = value
    steps = sorted(cosines["steps"].unique())
    figure.update_layout(base_layout("Cosine between a gradient and the one before, by smoothing factor"))
    figure.update_xaxes(title_text="step", tickvals=np.log10(steps), ticktext=[f"{step:g}" for step in steps])
    figure.update_yaxes(title_text="cosine", range=(-1.05, 1.05))
    numbers = ", ".join(f"{step:g}" for step in steps)
    alt = f"Cosine between successive gradients near the steps {numbers}, a line for each factor. {'; '.join(words)}."
    return Drawn(figure, alt, arrays)


def stage_changes(changes: pd.DataFrame) -> Drawn:
    """How much Acc@1 changes if one stage, or all, are done with another target; bars are 95 % intervals.

    changes : columns strength (of that target), stage, value, low, high
    """
    figure, words, arrays = go.Figure(), [], {}
    factors = sorted(changes["strength"].unique())
    for place, factor in enumerate(factors):
        rows = changes[changes["strength"] == factor].set_index("stage").loc[list(STAGES)]
        value, low, high = (rows[column].to_numpy() for column in ("value", "low", "high"))
        name = factor_name(float(factor))
        figure.add_trace(
            go.Scatter(
                x=np.arange(len(STAGES)) + 0.16 * (place - (len(factors) - 1) / 2),
                y=value.round(4),
                mode="markers",
                name=name,
                marker={"color": OKABE_ITO[place], "symbol": MARKERS[place], "size": 12},
                error_y=bars(value, low, high),
                hovertemplate=f"{name}: %{{y:+.1%}}<extra></extra>",
            )
        )
        spread = zip(STAGES, value, low, high, strict=True)
        words.append(f"{name}: " + ", ".join(f"{stage} {c:+.3f} [{a:.3f}, {b:.3f}]" for stage, c, a, b in spread))
        arrays[f"{factor:+g}"] = value
    figure.add_hline(y=0, line={"color": "#555555", "dash": "dash", "width": 1})
    figure.update_layout(base_layout("Change of Acc@1 if a stage is done with another target"))
    figure.update_layout(legend={"title": {"text": "factor of that target"}})
    figure.update_xaxes(tickvals=list(range(len(STAGES))), ticktext=list(STAGES), showgrid=False, zeroline=False)
    figure.update_yaxes(title_text="change of Acc@1", tickformat="+.0%")
    alt = f"Change of Acc@1 against the usual attack on hard labels, with 95 % intervals. {'; '.join(words)}."
    return Drawn(figure, alt, arrays)
