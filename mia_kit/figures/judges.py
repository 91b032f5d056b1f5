"""Whether judges agree: bars of people whom both networks name, one alone, or neither."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from mia_kit.figures.style import OKABE_ITO, Drawn, base_layout, legend_below

# By kind its colour and its pattern, which tell the parts of a bar apart without colour, too.
LOOKS = {
    "both, and the latent is near": (OKABE_ITO[2], ""),
    "both, far from the latent": (OKABE_ITO[4], "x"),
    "evaluator alone": (OKABE_ITO[1], "/"),
    "second judge alone": (OKABE_ITO[5], "."),
    "neither": ("#dddddd", ""),
}


def agreement_bars(shares: pd.DataFrame, *, title: str) -> Drawn:
    """A bar for each group, its parts being the shares of people; groups from top to bottom.

    shares : columns group, kind, value, low, high, as `mia_kit.studies.inversion.agreement` gives them
    """
    figure, arrays = go.Figure(), {}
    for kind, (colour, pattern) in LOOKS.items():
        rows = shares[shares["kind"] == kind]
        words = [f"{low:.0%} to {high:.0%}" for low, high in zip(rows["low"], rows["high"], strict=True)]
        bars = go.Bar(x=rows["value"].round(4), y=rows["group"], name=kind, orientation="h", customdata=words)
        marker = {"color": colour, "pattern": {"shape": pattern}}
        hover = f"{kind}: %{{x:.1%}} [%{{customdata}}]<extra>%{{y}}</extra>"
        figure.add_trace(bars.update(marker=marker, hovertemplate=hover))
        arrays[kind] = rows["value"].to_numpy()
    groups = list(dict.fromkeys(shares["group"]))
    figure.update_layout(base_layout(title, height=34 * len(groups) + 215, margin={"l": 230}, legend=legend_below(0.3)))
    figure.update_layout(barmode="stack", bargap=0.25, legend_traceorder="normal")
    figure.update_xaxes(range=(0, 1), tickformat=".0%", title_text="share of people")
    figure.update_yaxes(autorange="reversed")
    said = [
        f"{group}: " + ", ".join(f"{kind} {values[place]:.0%}" for kind, values in arrays.items())
        for place, group in enumerate(groups)
    ]
    return Drawn(figure, f"Shares of people by which judge names them. {'; '.join(said)}.", arrays)
