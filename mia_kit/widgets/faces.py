"""A face with words below it, as HTML: what the widgets with pictures are made of."""

from __future__ import annotations

import html

import numpy as np

from mia_kit.figures.film import picture_source


def tile(name: str, picture: np.ndarray, words: str, *, size: int) -> str:
    """A reconstruction of the person `name`, uint8 of shape (h, w, 3), `size` pixels wide, above `words` in HTML."""
    name = html.escape(name)
    return (
        '<figure style="display: inline-block; margin: 4px; text-align: center">'
        f'<img src="{picture_source(picture)}" width="{size}" height="{size}" alt="reconstruction of {name}">'
        f"<figcaption>{name}<br>{words}</figcaption></figure>"
    )
