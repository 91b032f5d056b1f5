"""The figures of chapter 10: where the attack lands in the plane, what each defence leaves, faces before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from mia_kit.figures.film import wall
from mia_kit.figures.frontier import NAMES
from mia_kit.figures.series import series, with_ends
from mia_kit.figures.style import CLASS_NAMES, MARKERS, OKABE_ITO, Drawn, base_layout, legend_below
from mia_kit.toy.surrogate import SurrogateTable

EXTENT = (-19.0, 19.0)  # both axes of the plane
GAP = 0.16  # between two dots, in defences


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
    title = "Where the attack ends, by the place of the surrogate"
    figure.update_layout(base_layout(title, height=560, legend=legend_below(0.16)))
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
    for place in range(len(CLASS_NAMES)):
        x, y = table.data.of_class(place).mean(dim=0).tolist()
        look = {"symbol": f"{MARKERS[place]}-open", "color": OKABE_ITO[1], "size": 26, "line": {"width": 4}}
        figure.add_scatter(x=[x], y=[y], mode="markers", name=_class_name(table, place), marker=look)
    title = "How often the attack ends on the surrogate, by its place"
    figure.update_layout(base_layout(title, height=520, legend=legend_below(0.2)))
    figure.update_xaxes(title_text="surrogate, first coordinate", tickvals=axis, constrain="domain", showgrid=False)
    figure.update_yaxes(title_text="surrogate, second coordinate", tickvals=axis, scaleanchor="x", showgrid=False)
    low, high = (np.unravel_index(end, landed.shape) for end in (landed.argmin(), landed.argmax()))
    alt = (
        f"A grid of {landed.size} places of the surrogate, each with the share of attacks that end on it: "
        f"{landed.mean():.0%} on average, from {landed[low]:.0%} at ({axis[low[0]]:g}, {axis[low[1]]:g}) to "
        f"{landed[high]:.0%} at ({axis[high[0]]:g}, {axis[high[1]]:g})."
    )
    return Drawn(figure, alt, {"landed": landed})


def shares_by_defence(shares: pd.DataFrame, names: Mapping[str, str], *, title: str) -> Drawn:
    """For each defence a dot for each of `names`, with its 95 % interval.

    Parameters
    ----------
    shares : with the columns defence, another one such as attack or measure, value, low and high, see
        `mia_kit.studies.data_centric.quick.shares`. A defence may lack some of them
    names : what the values of the second column are called, in the order in which they are drawn

    The arrays hold the shares by value of the second column, in the order of its defences.
    """
    shares = shares.assign(defence=[_spelt_out(defence) for defence in shares["defence"]])
    by, defences = str(shares.columns[1]), list(dict.fromkeys(shares["defence"]))
    figure, arrays, words = go.Figure(), {}, []
    for place, (key, name) in enumerate(names.items()):
        rows = shares[shares[by] == key]
        columns = np.array([defences.index(defence) for defence in rows["defence"]])
        columns = columns + GAP * (place - (len(names) - 1) / 2)
        figure.add_trace(series(columns, rows, name, place, ": %{y:.0%}", size=11, joined=False))
        arrays[key] = rows["value"].to_numpy()
        words.append(f"{name}: {with_ends(rows, 'defence')}")
    figure.update_layout(base_layout(title, height=460, legend=legend_below(0.22)))
    figure.update_xaxes(tickvals=list(range(len(defences))), ticktext=[name.replace(" ", "<br>") for name in defences])
    figure.update_yaxes(title_text="share of protected people", tickformat=".0%", range=(-0.04, 1.04))
    alt = f"Shares of protected people for {len(defences)} defences, with 95 % intervals. {'; '.join(words)}."
    return Drawn(figure, alt, arrays)


def before_and_after(rows: Mapping[str, np.ndarray], nearer: Mapping[str, np.ndarray], *, title: str) -> Drawn:
    """A row of pictures for each target, or of the truth, a column for each protected person.

    rows : pictures by name of the row, uint8 of shape (people, h, w, 3)
    nearer : for those rows that are reconstructions, whether each is nearer to the surrogate, bool of shape (people,)

    The arrays hold each row's share that is nearer.
    """
    pictures = np.stack(list(rows.values()))
    people = [f"person {place + 1}" for place in range(pictures.shape[1])]
    figure = wall(pictures, rows=list(rows), columns=people, title=title)
    words = "; ".join(f"{name}: {hits.sum()} of {len(hits)} nearer to the surrogate" for name, hits in nearer.items())
    alt = f"{len(rows)} rows of faces, a column for each protected person: {', '.join(rows)}. {words}."
    return Drawn(figure, alt, {name: np.array([hits.mean()]) for name, hits in nearer.items()})


def _clouds(table: SurrogateTable) -> list[go.Scatter]:
    """What stays: the classes' points, the starts, and the ends without a surrogate."""
    bare = table.bare.reshape(-1, 2).round(2)
    quiet = {"color": "#555555", "size": 10, "line": {"width": 2, "color": "#555555"}}
    clouds = [
        _cloud(_class_name(table, place), table.data.of_class(place).numpy(), _look(place, opacity=0.45))
        for place in range(len(CLASS_NAMES))
    ]
    starts = _cloud("starts", np.array(table.starts).round(2), quiet | {"symbol": "x-thin"})
    return [*clouds, starts, _cloud("ends, no surrogate", bare, quiet | {"symbol": "star-open"})]


def _moving(table: SurrogateTable, place: tuple[int, int]) -> list[go.Scatter]:
    """The surrogate at a place, and the ends on either side."""
    ends, landed = table.ends[place].reshape(-1, 2).round(2), table.on_surrogate[place].ravel()
    return [
        _cloud("surrogate", table.clouds[place].round(2), _look(3, opacity=0.6)),
        _cloud("ends on the class", ends[~landed], {"color": OKABE_ITO[1], "symbol": "star", "size": 13}),
        _cloud("ends on the surrogate", ends[landed], {"color": "black", "symbol": "hexagram", "size": 13}),
    ]


def _look(place: int, *, opacity: float) -> dict[str, Any]:
    return {"color": OKABE_ITO[place], "symbol": MARKERS[place], "size": 5, "opacity": opacity}


def _cloud(name: str, points: np.ndarray, look: Mapping[str, Any]) -> go.Scatter:
    return go.Scatter(x=points[:, 0], y=points[:, 1], mode="markers", name=name, marker=dict(look))


def _class_name(table: SurrogateTable, place: int) -> str:
    return f"{CLASS_NAMES[place]}{', under attack' if place == table.protected else ''}"


def _spelt_out(defence: str) -> str:
    """A defence as a learner reads it; of the data-centric one with some of its steps, which."""
    return NAMES.get(defence, defence.removeprefix("dcd "))
