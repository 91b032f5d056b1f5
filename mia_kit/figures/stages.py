"""The stages of an attack, one at a time: whose pictures are handed in, and how the gradients turn.

For claims S6 to S9 of Struppek, Hintersdorf and Kersting, "Be Careful What You Smooth For" (ICLR 2024).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from mia_kit.figures.film import channels_last, wall
from mia_kit.figures.series import series
from mia_kit.figures.style import Drawn, base_layout, factor_name


def swap_wall(pictures: np.ndarray, ranks: np.ndarray, *, swaps: Sequence[str], names: Sequence[str]) -> Drawn:
    """What is handed in for each person (column) if one stage is done with another target (row).

    pictures : uint8 of shape (swaps, people, 3, h, w); the first swap is the usual attack
    ranks : the evaluator's rank of the person, of shape (swaps, people); 1 is a hit
    """
    title = "One stage at a time with another target"
    figure = wall(channels_last(pictures), rows=swaps, columns=names, title=title)
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
        figure.add_trace(series(np.log10(rows["steps"]), rows, name, place, ": %{y:.2f}", size=8, thickness=2))
        words.append(f"{name}: " + ", ".join(f"{number:+.2f}" for number in rows["value"]))
        arrays[f"{float(strength):+g}"] = rows["value"].to_numpy()
    steps = sorted(cosines["steps"].unique())
    numbers = [f"{step:g}" for step in steps]
    figure.update_layout(base_layout("Cosine between a gradient and the one before, by smoothing factor"))
    figure.update_xaxes(title_text="step", tickvals=np.log10(steps), ticktext=numbers)
    figure.update_yaxes(title_text="cosine", range=(-1.05, 1.05))
    alt = f"Cosine between successive gradients near the steps {', '.join(numbers)}, a line for each factor. "
    return Drawn(figure, f"{alt}{'; '.join(words)}.", arrays)
