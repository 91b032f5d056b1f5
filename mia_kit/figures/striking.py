"""The attacker strikes back: what each adapted attack finds, how its gradients go, and the side effects of smoothing.

The rows are those of the evidence of `mia-kit run adaptive_attacks`, one for each attack, factor and seed; the cells
those of `mia-kit run side_effects`, one for each factor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mia_kit.figures.series import bars, seed_points, shares_across
from mia_kit.figures.style import DASHES, MARKERS, OKABE_ITO, Drawn, base_layout, factor_name
from mia_kit.metrics import cluster_interval

Row = Mapping[str, Any]
GAP = 0.18  # between two factors, in rows


def gradient_norms(norms: np.ndarray, *, factors: Sequence[float], attacks: Sequence[str]) -> Drawn:
    """The gradient along the attack, relative to its first step, a panel for each factor and a line for each attack.

    `norms` has the shape (factors, attacks, steps). Losses have scales of their own, so that only the change counts.
    """
    relative = norms / norms[:, :, :1].clip(1e-30)
    figure = make_subplots(
        cols=len(factors), shared_yaxes=True, subplot_titles=[factor_name(a) for a in factors], horizontal_spacing=0.05
    )
    words = []
    for column, (factor, table) in enumerate(zip(factors, relative, strict=True), start=1):
        for place, (attack, own) in enumerate(zip(attacks, table, strict=True)):
            figure.add_trace(
                go.Scatter(
                    x=list(range(len(own))),
                    y=[float(f"{norm:.3g}") for norm in own],
                    mode="lines+markers",
                    name=attack,
                    legendgroup=attack,
                    showlegend=column == 1,
                    line={"color": OKABE_ITO[place % 7], "dash": DASHES[place % 6], "width": 2},
                    marker={"symbol": _symbol(place), "size": [8 if not step % 5 else 0 for step in range(len(own))]},
                    hovertemplate=f"{attack}, step %{{x}}: %{{y:.2f}}<extra></extra>",
                ),
                row=1,
                col=column,
            )
        ends = ", ".join(f"{attack} {own[-1]:.2f}" for attack, own in zip(attacks, table, strict=True))
        words.append(f"{factor_name(factor)}: {ends}")
    figure.update_layout(base_layout("The gradient along the attack, relative to the first step", height=470))
    figure.update_layout(legend={"orientation": "h", "y": -0.2}, margin={"b": 120})
    figure.update_xaxes(title_text="step")
    far = relative.max() > 100 * relative.min()  # whole powers of ten are marks enough then
    figure.update_yaxes(type="log", exponentformat="power", dtick=1 if far else None)
    figure.update_yaxes(title_text="norm of the gradient", row=1, col=1)
    alt = (
        f"Norm of the gradient by the code over {norms.shape[2]} steps, relative to the first, for each attack and "
        f"smoothing factor. At the last step, by factor: {'; '.join(words)}."
    )
    arrays = {f"{a:+g}": np.log10(own[:, -1].clip(1e-30)) for a, own in zip(factors, relative, strict=True)}
    return Drawn(figure, alt, arrays)


def attacks_by_factor(passes: Mapping[float, np.ndarray], *, attacks: Sequence[str], measure: str = "Acc@1") -> Drawn:
    """Who is recognised, attack by attack, with a mark for each factor; bars are 95 % intervals over people.

    `passes` holds for each factor 0 and 1 of shape (attacks, people, seeds); faint marks are the seeds.
    """
    figure, words, arrays = go.Figure(), [], {}
    for place, factor in enumerate(sorted(passes)):
        y = np.arange(len(attacks)) + GAP * (place - (len(passes) - 1) / 2)
        shares = [cluster_interval(table) for table in passes[factor]]
        figure.add_traces(shares_across(y, shares, passes[factor].mean(axis=1), factor_name(factor), place))
        values = ", ".join(f"{attack} {share}" for attack, share in zip(attacks, shares, strict=True))
        words.append(f"{factor_name(factor)}: {values}")
        arrays[f"{factor:+g}"] = np.array([share.value for share in shares])
    figure.update_layout(base_layout(f"{measure} of each attack", height=46 * len(attacks) + 170))
    figure.update_layout(legend={"orientation": "h", "y": -0.2}, margin={"l": 200, "b": 90})
    ticks = {"tickvals": list(range(len(attacks))), "ticktext": list(attacks)}
    figure.update_yaxes(range=(len(attacks) - 0.5, -0.5), zeroline=False, automargin=True, **ticks)
    figure.update_xaxes(tickformat=".0%", range=(-0.03, 1.03))
    alt = f"{measure} of {len(attacks)} attacks with 95 % intervals over people. {'; '.join(words)}."
    return Drawn(figure, alt, arrays)


def passes_of_rows(rows: Sequence[Row], measure: str = "acc1") -> tuple[dict[float, np.ndarray], list[str]]:
    """The rows of the evidence as `attacks_by_factor` takes them, and the attacks' names."""
    attacks = list(dict.fromkeys(row["attack"] for row in rows))
    found: dict[float, list[np.ndarray]] = {}
    for factor in sorted({row["smoothing"] for row in rows}):
        for attack in attacks:
            own = [row for row in rows if row["attack"] == attack and row["smoothing"] == factor]
            texts = [row["hits"][measure] for row in sorted(own, key=lambda row: row["seed"])]
            found.setdefault(factor, []).append(np.array([[int(digit) for digit in text] for text in texts]).T)
    return {factor: np.stack(tables) for factor, tables in found.items()}, attacks


def norms_of_rows(rows: Sequence[Row], attacks: Sequence[str]) -> np.ndarray:
    """The rows' gradient norms, means over seeds, of shape (factors, attacks, steps): for `gradient_norms`."""
    factors = sorted({row["smoothing"] for row in rows})
    return np.array(
        [
            [
                np.mean([row["norms"] for row in rows if (row["attack"], row["smoothing"]) == (attack, factor)], axis=0)
                for attack in attacks
            ]
            for factor in factors
        ]
    )


def side_effects(
    *,
    factors: Sequence[float],
    epsilons: Sequence[float],
    budgets: Sequence[int],
    robust: np.ndarray,
    membership: np.ndarray,
    agreement: np.ndarray,
) -> Drawn:
    """Three panels against what the attacker spends; see `mia_kit.experiments.striking_quick.SideEffects`.

    robust has the shape (factors, epsilons), membership (factors,), agreement (factors, budgets).
    """
    titles = ["adversarial examples", "membership", "stealing"]
    figure = make_subplots(cols=3, subplot_titles=titles, horizontal_spacing=0.1)
    for place, factor in enumerate(factors):
        panels: list[tuple[Sequence[Any], np.ndarray]] = [
            (epsilons, robust[place]),
            ([factor_name(factor)], membership[[place]]),
            (budgets, agreement[place]),
        ]
        for column, (x, y) in enumerate(panels, start=1):
            figure.add_trace(
                go.Scatter(
                    x=list(x),
                    y=y.round(4),
                    mode="lines+markers",
                    name=factor_name(factor),
                    legendgroup=str(place),
                    showlegend=column == 1,
                    line={"color": OKABE_ITO[place], "dash": DASHES[place], "width": 2},
                    marker={"symbol": MARKERS[place], "size": 9},
                    hovertemplate=f"{factor_name(factor)}, %{{x}}: %{{y:.1%}}<extra></extra>",
                ),
                row=1,
                col=column,
            )
    figure.update_layout(base_layout("Side effects of smoothing", height=430))
    figure.update_layout(legend={"orientation": "h", "y": -0.25, "title": {"text": "factor"}}, margin={"b": 110})
    figure.update_xaxes(title_text="change of a pixel, grey levels", row=1, col=1)
    figure.update_xaxes(title_text="smoothing factor", row=1, col=2)
    figure.update_xaxes(title_text="queries", rangemode="tozero", row=1, col=3)
    figure.update_yaxes(title_text="still right", tickformat=".0%", range=(0, 1), row=1, col=1)
    figure.update_yaxes(title_text="area under the curve", range=(0.45, 1.02), row=1, col=2)
    figure.update_yaxes(title_text="agreement with the target", tickformat=".0%", range=(0, 1), row=1, col=3)
    words = "; ".join(
        f"{factor_name(factor)}: still right {', '.join(f'{own:.0%}' for own in robust[place])}, area "
        f"{membership[place]:.2f}, agreement {', '.join(f'{own:.0%}' for own in agreement[place])}"
        for place, factor in enumerate(factors)
    )
    alt = (
        f"Left: share of unseen photographs that stay right when each pixel may change by "
        f"{', '.join(f'{own:g}' for own in epsilons)} grey levels. Middle: area under the curve of the loss attack on "
        f"membership, 0.5 is guessing. Right: agreement of a student with the target after "
        f"{', '.join(map(str, budgets))} queries. By factor: {words}."
    )
    return Drawn(figure, alt, {"robust": robust, "membership": membership, "agreement": agreement})


def side_effects_by_factor(cells: Sequence[Row], measures: Mapping[str, str]) -> Drawn:
    """A panel for each measure of the evidence against the factor, with intervals over people and the seeds.

    `measures` maps the measures of the cells, such as "robust 0.5", to the words above their panels.
    """
    cells = sorted(cells, key=lambda cell: cell["smoothing"])
    factors = [cell["smoothing"] for cell in cells]
    figure = make_subplots(cols=len(measures), subplot_titles=list(measures.values()), horizontal_spacing=0.08)
    words, arrays = [], {}
    for place, (measure, name) in enumerate(measures.items()):
        rows = [cell[measure] for cell in cells]
        value, low, high = (np.array([row[end] for row in rows]) for end in ("value", "low", "high"))
        seeds = seed_points(factors, np.array([row["by_seed"] for row in rows]), place, size=5)
        line = go.Scatter(
            x=factors,
            y=value.round(4),
            mode="lines+markers",
            name=name,
            showlegend=False,
            line={"color": OKABE_ITO[place], "dash": DASHES[place]},
            marker={"symbol": MARKERS[place], "size": 9},
            error_y=bars(value, low, high, thickness=1.2),
            hovertemplate=f"{name}, %{{x:g}}: %{{y:.3f}}<extra></extra>",
        )
        for trace in (seeds, line):
            figure.add_trace(trace, row=1, col=place + 1)
        words.append(f"{name} " + ", ".join(f"{a:+g}: {own:.3f}" for a, own in zip(factors, value, strict=True)))
        arrays[measure] = value
    figure.update_layout(base_layout("Side effects by smoothing factor; bars: 95 % over people", height=430))
    figure.update_xaxes(title_text="smoothing factor")
    alt = f"Side effects for {len(factors)} smoothing factors, with intervals over people. {'; '.join(words)}."
    return Drawn(figure, alt, arrays)


def _symbol(place: int) -> str:
    return MARKERS[place % len(MARKERS)] + ("-open" if place >= len(MARKERS) else "")
