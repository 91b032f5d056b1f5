"""The film of an attack: faces of the prior on their way to a person, and what the judges say of each step.

Pictures are uint8 arrays of shape (..., h, w, 3). They were made by a generator and are nobody's photograph.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mia_kit import check
from mia_kit.figures.style import OKABE_ITO, Drawn, base_layout

GAP = 3  # white pixels between two faces
TILE = 106  # height of a face on the page
RANK = {"color": OKABE_ITO[0], "symbol": "circle"}
DISTANCE = {"color": OKABE_ITO[1], "symbol": "square"}
BLOCKS = 2  # people side by side in the slider


def sampled_faces(random: np.ndarray, best: np.ndarray, confidences: np.ndarray, *, names: Sequence[str]) -> Drawn:
    """Stage 1: the first faces of the pool, and for each person those that the target likes most.

    Parameters
    ----------
    random : pictures of shape (k, h, w, 3)
    best : pictures of shape (people, k, h, w, 3)
    confidences : the target's confidence in the person, of shape (people, k), in [0, 1]
    names : of the people
    """
    pictures = np.concatenate([random[None], best])
    places = [f"no. {number}" for number in range(1, len(random) + 1)]
    figure = wall(pictures, rows=["the first faces", *(f"best for {name}" for name in names)], columns=places)
    for (row, column), confidence in np.ndenumerate(confidences):
        x, y = _corner(pictures.shape[2:4], row + 1, column)
        figure.add_annotation(
            {"x": x, "y": y, "text": f"{confidence:.0%}", "showarrow": False, "xanchor": "left", "yanchor": "top"}
            | {"bgcolor": "rgba(255, 255, 255, 0.85)", "font": {"size": 12}, "borderpad": 1}
        )
    figure.update_layout(title_text="Sampled faces, and the target's confidence in the person")
    words = "; ".join(f"{name} {own[0]:.0%}" for name, own in zip(names, confidences, strict=True))
    alt = (
        f"{len(random)} faces that the prior drew first, and below them, one row for each person, the {len(random)} "
        f"faces of the pool in which the target is surest to see that person. Confidence in the best face: {words}."
    )
    # Brightness of the first faces: the prior's alone, the same with every target.
    return Drawn(figure, alt, {"brightness": random.reshape(len(random), -1).mean(axis=1) / 255})


def film_strip(pictures: np.ndarray, steps: Sequence[int], *, names: Sequence[str]) -> Drawn:
    """One row for each person, one column for each number of steps.

    `pictures` has the shape (steps, people, h, w, 3). The arrays hold how far the pictures have moved: the mean change
    against the first column, as a share of the range from black to white.
    """
    rows = np.swapaxes(pictures, 0, 1)
    figure = wall(rows, rows=list(names), columns=[str(step) for step in steps])
    figure.update_layout(title_text="The selected reconstruction of each person after so many steps")
    figure.update_xaxes(title_text="steps of the optimisation", title_standoff=6)
    moved = np.abs(rows.astype(float) - rows[:, :1]).mean(axis=(0, 2, 3, 4)) / 255  # (steps,)
    words = "; ".join(f"step {step}: {one:.3f}" for step, one in zip(steps, moved, strict=True))
    alt = (
        f"{len(names)} rows of rendered faces, one for each person under attack, in {len(steps)} columns that follow "
        f"the optimisation. The faces change slowly from left to right. Mean change against the first column, 1 being "
        f"from black to white: {words}."
    )
    return Drawn(figure, alt, {"moved": moved})


def film_slider(
    pictures: np.ndarray,
    steps: Sequence[float],
    ranks: np.ndarray,
    distances: np.ndarray,
    *,
    threshold: float,
    names: Sequence[str],
    over: str = "steps",
    shown: int = -1,
) -> Drawn:
    """One face for each person and beside it the judges' words, with a slider over the steps that needs no kernel.

    Parameters
    ----------
    pictures : of shape (steps, people, h, w, 3)
    ranks : of shape (steps, people); 1 where the evaluator names the person
    distances : of shape (steps, people), from the second judge
    threshold : distance below which the second judge takes two photographs for one person
    over : what the slider moves through, if `steps` are other ascending numbers, such as smoothing factors
    shown : the place in `steps` that is shown first
    """
    threshold = check.in_range("threshold", threshold, 0, open_ends="low")
    shown, count = range(len(steps))[shown], len(names)
    margin = 0.06 * (steps[-1] - steps[0])
    rows = -(-count // BLOCKS)
    titles = ["", "rank", "distance"] * min(BLOCKS, count)
    figure = make_subplots(
        rows=rows,
        cols=3 * BLOCKS,
        column_widths=[0.8, 1.1, 1.1] * BLOCKS,
        horizontal_spacing=0.035,
        vertical_spacing=0.16 / rows,
        subplot_titles=titles,
    )
    for person, name in enumerate(names):
        place = {"row": person // BLOCKS + 1, "col": person % BLOCKS * 3 + 1}
        figure.add_trace(
            go.Image(source=picture_source(pictures[shown, person]), zsmooth="fast", hoverinfo="skip"), **place
        )
        figure.update_xaxes(visible=False, **place)
        figure.update_yaxes(showticklabels=False, ticks="", title_text=name, title_standoff=2, **place)
    for curves, look, shift in ((ranks, RANK, 1), (distances, DISTANCE, 2)):
        for person in range(count):
            place = {"row": person // BLOCKS + 1, "col": person % BLOCKS * 3 + 1 + shift}
            figure.add_trace(_curve(steps, curves[:, person], look), **place)
            figure.add_trace(_now(steps[shown], curves[shown, person]), **place)
            bound = 1 if shift == 1 else threshold
            figure.add_hline(y=bound, line={"color": "#555555", "dash": "dash", "width": 1}, **place)
            figure.update_yaxes(_axis(curves, threshold) if shift == 2 else _rank_axis(curves), **place)
            figure.update_xaxes(
                range=(steps[0] - margin, steps[-1] + margin), showticklabels=place["row"] == rows, **place
            )
    marks = [place for place, trace in enumerate(figure.data) if trace.name == "now"]
    moving = [*range(count), *marks]
    figure.frames = [_frame(row, step, pictures, ranks, distances, moving) for row, step in enumerate(steps)]
    figure.update_layout(base_layout("Reconstructions and their judges", height=150 * rows + 190))
    figure.update_layout(
        showlegend=False, sliders=[_slider(steps, shown, over)], margin={"t": 90, "l": 30, "r": 10, "b": 110}
    )
    ends = "; ".join(
        f"{name}: rank {ranks[0, one]:.0f} to {ranks[-1, one]:.0f}, distance {distances[0, one]:.1f} to "
        f"{distances[-1, one]:.1f}"
        for one, name in enumerate(names)
    )
    alt = (
        f"A face for each of {count} people, and two curves beside each over the {over}, from {steps[0]:g} to "
        f"{steps[-1]:g}: the evaluator's rank of the person, on a logarithmic axis, dashed at rank 1, and the second "
        f"judge's distance, dashed at the threshold of {threshold:.2f}. Lower is better for the attack. From the first "
        f"of these {over} to the last: {ends}."
    )
    return Drawn(figure, alt, {"median_distance": np.median(distances, axis=1) / threshold})


def face_pairs(photographs: np.ndarray, reconstructions: np.ndarray, *, names: Sequence[str]) -> Drawn:
    """A photograph of each person above the reconstruction; both of shape (people, h, w, 3).

    For `reproduce.show_photographs`, which stores nothing.
    """
    pictures = np.stack([photographs, reconstructions])
    figure = wall(pictures, rows=["photograph", "reconstruction"], columns=list(names))
    figure.update_layout(title_text="A photograph that the target never saw, and what the attack handed in")
    alt = f"Two rows of {len(names)} faces: a photograph of each person above, the reconstruction below it."
    return Drawn(figure, alt, {})


def wall(pictures: np.ndarray, *, rows: Sequence[str], columns: Sequence[str]) -> go.Figure:
    """All pictures, of shape (rows, columns, h, w, 3), as one image; the labels are the ticks of its axes."""
    height, width = pictures.shape[2:4]
    pixels = np.full((len(rows) * (height + GAP), len(columns) * (width + GAP), 3), 255, dtype=np.uint8)
    for row, column in np.ndindex(pictures.shape[:2]):
        x, y = _corner((height, width), row, column)
        pixels[y : y + height, x : x + width] = pictures[row, column]
    figure = go.Figure(go.Image(source=picture_source(pixels), zsmooth="fast", hoverinfo="skip"))
    figure.update_layout(base_layout("", height=TILE * len(rows) + 135))
    figure.update_layout(margin={"l": 130 if max(map(len, rows)) > 10 else 60})
    quiet: dict[str, Any] = {
        "showgrid": False,
        "zeroline": False,
        "ticks": "outside",
        "ticklen": 6,
        "tickcolor": "white",
    }
    centres = [height / 2 + place * (height + GAP) for place in range(len(rows))]
    figure.update_yaxes(tickvals=centres, ticktext=list(rows), **quiet)
    centres = [width / 2 + place * (width + GAP) for place in range(len(columns))]
    figure.update_xaxes(tickvals=centres, ticktext=list(columns), constrain="domain", **quiet)
    return figure


def _corner(size: tuple[int, ...], row: int, column: int) -> tuple[int, int]:
    """Where a face of `size` = (h, w) begins on the wall: (x, y)."""
    return column * (size[1] + GAP), row * (size[0] + GAP)


def picture_source(picture: np.ndarray) -> str:
    """A picture as a data URI: a tenth of the size of its numbers."""
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(picture).save(content, "jpeg", quality=92)
    return f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode('ascii')}"


def _curve(steps: Sequence[float], values: np.ndarray, look: dict[str, str]) -> go.Scatter:
    return go.Scatter(
        x=list(steps),
        y=values.round(3),
        mode="lines+markers",
        line={"color": look["color"], "width": 2},
        marker={"color": look["color"], "symbol": look["symbol"], "size": 6},
        hovertemplate="%{x:g}: %{y:.3g}<extra></extra>",
    )


def _now(step: float, value: float) -> go.Scatter:
    """The mark of the step that is shown."""
    look = {"symbol": "diamond-open", "size": 11, "color": "#000000", "line": {"width": 2}}
    return go.Scatter(
        x=[step],
        y=[round(float(value), 3)],
        mode="markers",
        name="now",
        marker=look,
        cliponaxis=False,
        hoverinfo="skip",
    )


def _rank_axis(ranks: np.ndarray) -> dict[str, Any]:
    greatest = max(10.0, float(ranks.max()))
    return {"type": "log", "range": (np.log10(0.7), np.log10(1.4 * greatest)), "tickvals": [1, 5, 20]}


def _axis(distances: np.ndarray, threshold: float) -> dict[str, Any]:
    return {"range": (0, 1.1 * max(threshold, float(distances.max()))), "nticks": 4}


def _frame(
    row: int, step: float, pictures: np.ndarray, ranks: np.ndarray, distances: np.ndarray, moving: list[int]
) -> go.Frame:
    """The faces and the marks at `step`."""
    faces = [go.Image(source=picture_source(picture)) for picture in pictures[row]]
    marks = [go.Scatter(x=[step], y=[round(float(one), 3)]) for one in (*ranks[row], *distances[row])]
    return go.Frame(name=f"{step:g}", data=[*faces, *marks], traces=moving)


def _slider(steps: Sequence[float], shown: int, over: str) -> dict[str, Any]:
    move = {"mode": "immediate", "frame": {"duration": 0, "redraw": True}, "transition": {"duration": 0}}
    stops = [{"label": f"{step:g}", "method": "animate", "args": [[f"{step:g}"], move]} for step in steps]
    return {"steps": stops, "active": shown, "currentvalue": {"prefix": f"{over}: "}, "pad": {"t": 35}}
