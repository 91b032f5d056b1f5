"""The figure of chapter 12: how many images each kind of work takes, in recipes of several sizes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from mia_kit.figures.series import series
from mia_kit.figures.style import Drawn, base_layout, legend_below


def images_by_work(counts: Mapping[str, Mapping[str, float]]) -> Drawn:
    """Images by recipe and kind of work, such as {"rehearsal": {"optimisation": 1600}}, on a logarithmic axis.

    The kinds stand in the order of the first recipe; one that a recipe does without is left out there.
    """
    kinds = list(dict.fromkeys(kind for count in counts.values() for kind in count))
    figure, words, arrays = go.Figure(), [], {}
    for place, (recipe, count) in enumerate(counts.items()):
        there = [kind for kind in kinds if kind in count]
        numbers = [round(count[kind]) for kind in there]
        figure.add_trace(series(numbers, there, recipe, place, ", %{y}: %{x:,} images", size=11, joined=False))
        words.append(f"{recipe}: " + ", ".join(f"{kind} {count[kind]:,.0f}" for kind in there))
        arrays[recipe] = np.log10([count[kind] for kind in there])
    title = "Images that pass through a network, by kind of work"
    legend = legend_below(-1.12) | {"x": 1, "xanchor": "right"}
    figure.update_layout(base_layout(title, 90 + 42 * len(kinds), margin={"l": 170, "b": 75}, legend=legend))
    figure.update_xaxes(type="log", title_text="images", dtick=1)
    figure.update_yaxes(categoryorder="array", categoryarray=kinds[::-1])
    alt = (
        f"Images that pass through a network in {len(counts)} recipes, by {len(kinds)} kinds of work, on a logarithmic "
        f"axis. {'; '.join(words)}."
    )
    return Drawn(figure, alt, arrays)
