"""Photographs beside each other, as few as a lesson needs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mia_kit.data import ImageSet
from mia_kit.figures.style import Drawn, base_layout


def face_rows(faces: ImageSet, people: Sequence[int], per_person: int = 4) -> Drawn:
    """One row for each person, `per_person` photographs in each, in the order of the data set.

    `people` are class numbers of `faces`, whose images are grey.
    """
    rows = [faces.images[faces.labels == person][:per_person] for person in people]
    figure = make_subplots(rows=len(rows), cols=per_person, horizontal_spacing=0.01, vertical_spacing=0.02)
    for row, pictures in enumerate(rows, start=1):
        for column, picture in enumerate(pictures, start=1):
            shades = np.repeat(picture[..., None], 3, axis=2)
            figure.add_trace(go.Image(z=shades, hoverinfo="skip"), row=row, col=column)
    names = [faces.class_names[person] for person in people]
    title = f"{' and '.join(names)}, {per_person} photographs each"
    figure.update_layout(base_layout(title, height=150 * len(rows) + 90, margin={"l": 20, "b": 20}))
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    alt = (
        f"{len(rows)} rows of {per_person} grey portraits: {' and '.join(names)}. Within a row the same person turns "
        "the head and changes expression; the rows show different people."
    )
    return Drawn(figure, alt, {})
