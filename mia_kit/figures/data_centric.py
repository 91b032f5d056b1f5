"""The figures of chapter 10: where the attack lands in the plane, what each defence leaves, faces before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from mia_kit.figures.film import wall
from mia_kit.figures.series import bars, seed_points
from mia_kit.figures.style import CLASS_NAMES, MARKERS, OKABE_ITO, Drawn, base_layout
from mia_kit.metrics import Interval, cluster_interval
from mia_kit.toy.surrogate import SurrogateTable

EXTENT = (-19.0, 19.0)  # both axes of the plane
MEASURES = {
    "acc1": "attack accuracy",
    "person": "verified as the protected person",
    "surrogate": "verified as the surrogate",
    "nearer_surrogate": "nearer to the surrogate",
}
GAP = 0.16  # between two measures, in defences


def place_name(across: float, up: float) -> str:
    """The name of the frame for a place of the surrogate."""
    return f"{across:g}, {up:g}"


def surrogate_map(table: SurrogateTable) -> Drawn:
    """The plane with the three clouds, the surrogate, and the ends of the attacks; a frame for each of its places.

    The frames, named by `place_name`, hold the traces that move: the surrogate, ends on the protected cloud's side and
    ends on the surrogate's. The arrays hold the share of attacks that end on the surrogate, of shape (places, places).
    """
    places = [(row, column) for row in range(len(table.coordinates)) for column in range(len(table.coordinates))]
    names = [place_name(table.coordinates[row], table.coordinates[column]) for row, column in places]
    figure = go.Figure([*_clouds(table), *_moving(table, places[0])])
    moved = list(range(len(figure.data) - 3, len(figure.data)))
    figure.frames = [
        go.Frame(name=name, data=_moving(table, place), traces=moved) for name, place in zip(names, places, strict=True)
    ]
    figure.update_layout(base_layout("Where the attack ends, by the place of the surrogate", height=560))
    figure.update_layout(legend={"orientation": "h", "y": -0.12})
    figure.update_xaxes(range=EXTENT, title_text="first coordinate", constrain="domain")
    figure.update_yaxes(range=EXTENT, title_text="second coordinate", scaleanchor="x")
    landed = table.landed()
    words = "; ".join(f"at ({name}) {landed[place]:.0%}" for name, place in zip(names, places, strict=True))
    alt = (
        f"Three clouds in the plane, a surrogate cloud that can be put at {len(places)} places, and the ends of "
        f"attacks on {CLASS_NAMES[table.protected]}. Share of attacks that end on the surrogate: {words}."
    )
    return Drawn(figure, alt, {"landed": landed})


def landed_map(table: SurrogateTable) -> Drawn:
    """A square for each place of the surrogate: the share of attacks that end on it; rings mark the clouds' centres."""
    landed, axis = table.landed(), list(table.coordinates)
    figure = go.Figure(
        go.Heatmap(
            x=axis,
            y=axis,
            z=landed.T.round(4),
            zmin=0,
            zmax=1,
            text=[[f"{share:.0%}" for share in row] for row in landed.T],
            texttemplate="%{text}",
            colorscale="Cividis",
            colorbar={"title": {"text": "ends on the<br>surrogate"}, "tickformat": ".0%"},
            hovertemplate="surrogate at (%{x}, %{y}): %{z:.0%}<extra></extra>",
        )
    )
    for own, name in enumerate(CLASS_NAMES):
        x, y = table.data.of_class(own).mean(dim=0).tolist()
        figure.add_trace(
            go.Scatter(
                x=[x],
                y=[y],
                mode="markers",
                name=f"{name}{', under attack' if own == table.protected else ''}",
                marker={"symbol": f"{MARKERS[own]}-open", "color": OKABE_ITO[1], "size": 26, "line": {"width": 4}},
            )
        )
    figure.update_layout(base_layout("How often the attack ends on the surrogate, by its place", height=520))
    figure.update_layout(legend={"orientation": "h", "y": -0.2})
    figure.update_xaxes(title_text="surrogate, first coordinate", tickvals=axis, constrain="domain", showgrid=False)
    figure.update_yaxes(title_text="surrogate, second coordinate", tickvals=axis, scaleanchor="x", showgrid=False)
    low, high = (np.unravel_index(end, landed.shape) for end in (landed.argmin(), landed.argmax()))
    alt = (
        f"A grid of {landed.size} places of the surrogate, each with the share of attacks that end on it: "
        f"{landed.mean():.0%} on average, from {landed[low]:.0%} at ({axis[low[0]]:g}, {axis[low[1]]:g}) to "
        f"{landed[high]:.0%} at ({axis[high[0]]:g}, {axis[high[1]]:g})."
    )
    return Drawn(figure, alt, {"landed": landed})


def shares_by_defence(passes: Mapping[str, Mapping[str, np.ndarray]], *, title: str) -> Drawn:
    """For each defence a dot for each measure, with a 95 % interval over protected people and faint dots for seeds.

    `passes` holds, by defence and by name in `MEASURES`, 0 and 1 of shape (protected, seeds); each defence has the same
    measures. The arrays hold the shares of shape (defences,) by measure.
    """
    defences, measures = list(passes), list(next(iter(passes.values())))
    figure, arrays, words = go.Figure(), {}, []
    for place, measure in enumerate(measures):
        x = np.arange(len(defences)) + GAP * (place - (len(measures) - 1) / 2)
        tables = [np.asarray(passes[defence][measure], dtype=float) for defence in defences]
        shares = [cluster_interval(table) for table in tables]
        value, low, high = (np.array([getattr(share, end) for share in shares]) for end in ("value", "low", "high"))
        if tables[0].shape[1] > 1:
            figure.add_trace(seed_points(x, np.array([table.mean(axis=0) for table in tables]), place, size=5))
        figure.add_scatter(
            x=x,
            y=value.round(4),
            mode="markers",
            name=MEASURES[measure],
            marker={"color": OKABE_ITO[place], "symbol": MARKERS[place], "size": 11},
            error_y=bars(value, low, high, thickness=1.2),
            hovertemplate=f"{MEASURES[measure]}: %{{y:.0%}}<extra></extra>",
        )
        arrays[measure] = value
        listed = ", ".join(f"{one} {_spread(share)}" for one, share in zip(defences, shares, strict=True))
        words.append(f"{MEASURES[measure]}: {listed}")
    figure.update_layout(base_layout(title, height=460))
    figure.update_layout(legend={"orientation": "h", "y": -0.22})
    figure.update_xaxes(tickvals=list(range(len(defences))), ticktext=[_wrapped(one) for one in defences])
    figure.update_yaxes(title_text="share of protected people", tickformat=".0%", range=(-0.04, 1.04))
    alt = f"Shares of protected people for {len(defences)} defences, with 95 % intervals. {'; '.join(words)}."
    return Drawn(figure, alt, arrays)


def before_and_after(
    rows: Mapping[str, np.ndarray], nearer: Mapping[str, np.ndarray], *, names: Sequence[str], title: str
) -> Drawn:
    """A row of pictures for each target, or of photographs, a column for each protected person.

    Parameters
    ----------
    rows : pictures by name of the row, uint8 of shape (people, h, w, 3)
    nearer : for those rows that are reconstructions, whether each is nearer to the surrogate, bool of shape (people,)
    names : of the people

    The arrays hold each row's share that is nearer.
    """
    figure = wall(np.stack(list(rows.values())), rows=list(rows), columns=list(names))
    figure.update_layout(title_text=title, margin={"l": 150})
    shares = {name: float(own.mean()) for name, own in nearer.items()}
    words = "; ".join(f"{name}: {own.sum()} of {len(own)} nearer to the surrogate" for name, own in nearer.items())
    alt = f"{len(rows)} rows of {len(names)} faces, a column for each protected person: {', '.join(rows)}. {words}."
    return Drawn(figure, alt, {name: np.array([share]) for name, share in shares.items()})


def _clouds(table: SurrogateTable) -> list[go.Scatter]:
    """What stays: the classes' points, the starts, and the ends without a surrogate."""
    traces = []
    for own, name in enumerate(CLASS_NAMES):
        points = table.data.of_class(own).numpy()
        look = {"color": OKABE_ITO[own], "symbol": MARKERS[own], "size": 5, "opacity": 0.45}
        words = f"{name}{', under attack' if own == table.protected else ''}"
        traces.append(go.Scatter(x=points[:, 0], y=points[:, 1], mode="markers", name=words, marker=look))
    starts, bare = np.array(table.starts), table.bare.reshape(-1, 2)
    for name, points, symbol in (("starts", starts, "x-thin"), ("ends, no surrogate", bare, "star-open")):
        look = {"color": "#555555", "symbol": symbol, "size": 10, "line": {"width": 2, "color": "#555555"}}
        traces.append(
            go.Scatter(x=points[:, 0].round(2), y=points[:, 1].round(2), mode="markers", name=name, marker=look)
        )
    return traces


def _moving(table: SurrogateTable, place: tuple[int, int]) -> list[go.Scatter]:
    """The surrogate at a place, and the ends on either side."""
    ends, landed = table.ends[place].reshape(-1, 2), table.on_surrogate[place].ravel()
    looks = (
        ("surrogate", table.clouds[place], {"color": OKABE_ITO[3], "symbol": MARKERS[3], "size": 5, "opacity": 0.6}),
        ("ends on the class", ends[~landed], {"color": OKABE_ITO[1], "symbol": "star", "size": 13}),
        ("ends on the surrogate", ends[landed], {"color": "black", "symbol": "hexagram", "size": 13}),
    )
    return [
        go.Scatter(x=points[:, 0].round(2), y=points[:, 1].round(2), mode="markers", name=name, marker=look)
        for name, points, look in looks
    ]


def _spread(share: Interval) -> str:
    return f"{share.value:.3f} [{share.low:.3f}, {share.high:.3f}]"


def _wrapped(name: str) -> str:
    return name.replace(", ", ",<br>").replace("without ", "without<br>")
