"""Walls of faces, and the film of an attack: faces of the prior on their way to a person.

Pictures were made by a generator and are nobody's photograph; those of real people go through `show_photographs` of
`mia_kit.figures.reproduce`, which stores nothing.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from mia_kit.figures.style import Drawn, base_layout

GAP = 3  # white pixels between two faces
TILE = 106  # height of a face on the page
LETTER = 7  # width of a letter of a label


def face_wall(images: Any, *, rows: Sequence[str], columns: Sequence[str], title: str = "") -> Drawn:
    """Pictures in rows and columns: `images` is a uint8 Tensor or array of shape (rows, columns, 3, h, w)."""
    pictures = channels_last(images)
    alt = f"{title + ': ' if title else ''}faces in {len(rows)} rows ({', '.join(rows)}) and {len(columns)} columns "
    brightness = pictures.reshape(len(rows), -1).mean(axis=1) / 255
    figure = wall(pictures, rows=rows, columns=columns, title=title)
    return Drawn(figure, f"{alt}({', '.join(columns)}).", {"brightness": brightness})


def film_strip(film: Any, steps: Sequence[int], *, truth: Any, names: Sequence[str]) -> Drawn:
    """One column for each person, one row for each number of steps, and the truth at the bottom.

    `film` has the shape (steps, people, 3, h, w) and `truth` (people, 3, h, w), uint8. The arrays hold how far the
    pictures lie from the truth: the mean difference, as a share of the range from black to white.
    """
    pictures, true = channels_last(film), channels_last(truth)
    rows = ["start" if step == 0 else f"step {step}" for step in steps]
    shown, title = np.concatenate([pictures, true[None]]), "From a stranger to the person"
    off = how_far(pictures, true)
    words = "; ".join(f"{row}: {share:.3f}" for row, share in zip(rows, off, strict=True))
    alt = (
        f"{len(names)} columns of faces, one for each person under attack. From top to bottom they follow the attack; "
        f"the last row shows the people themselves. Mean difference from the last row, 1 being black to white: {words}."
    )
    return Drawn(wall(shown, rows=[*rows, "the person"], columns=names, title=title), alt, {"difference": off})


def how_far(pictures: np.ndarray, true: np.ndarray) -> np.ndarray:
    """The mean difference of each row of pictures from `true`; black to white is 1."""
    return np.abs(pictures.astype(float) - true).mean(axis=(1, 2, 3, 4)) / 255


def wall(pictures: np.ndarray, *, rows: Sequence[str], columns: Sequence[str], title: str) -> go.Figure:
    """All pictures, of shape (rows, columns, h, w, 3), as one image; the labels are the ticks of its axes."""
    height, width = pictures.shape[2:4]
    pixels = np.full((len(rows) * (height + GAP), len(columns) * (width + GAP), 3), 255, dtype=np.uint8)
    for row, column in np.ndindex(pictures.shape[:2]):
        x, y = column * (width + GAP), row * (height + GAP)
        pixels[y : y + height, x : x + width] = pictures[row, column]
    figure = go.Figure(go.Image(source=picture_source(pixels), zsmooth="fast", hoverinfo="skip"))
    left = 30 + LETTER * max(len(line) for row in rows for line in row.split("<br>"))
    figure.update_layout(base_layout(title, height=TILE * len(rows) + 135, margin={"l": left}))
    quiet = {"showgrid": False, "zeroline": False, "ticks": "outside", "ticklen": 6, "tickcolor": "white"}
    centres = [height / 2 + place * (height + GAP) for place in range(len(rows))]
    figure.update_yaxes(tickvals=centres, ticktext=list(rows), **quiet)
    centres = [width / 2 + place * (width + GAP) for place in range(len(columns))]
    figure.update_xaxes(tickvals=centres, ticktext=list(columns), constrain="domain", **quiet)
    return figure


def picture_source(picture: np.ndarray) -> str:
    """A picture as a data URI: a tenth of the size of its numbers."""
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(picture).save(content, "jpeg", quality=92)
    return f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode('ascii')}"


def channels_last(images: Any) -> np.ndarray:
    """Pictures of shape (..., 3, h, w) as an array of shape (..., h, w, 3)."""
    return np.moveaxis(np.asarray(images), -3, -1)
