"""Pictures with words below them as HTML: what the widgets with faces or digits are made of."""

from __future__ import annotations

import html

import numpy as np

from mia_kit.figures.film import picture_source


def tile(name: str, picture: np.ndarray, words: str, *, size: int) -> str:
    """A reconstruction of the person `name`, uint8 of shape (h, w, 3), `size` pixels wide, above `words` in HTML."""
    name = html.escape(name)
    style = "display: inline-block; vertical-align: top; min-width: 0px; margin: 4px; text-align: center"
    return (
        f'<figure style="{style}; line-height: 1.4">'
        f'<img src="{picture_source(picture)}" width="{size}" height="{size}" alt="reconstruction of {name}">'
        f"<figcaption>{name}<br>{words}</figcaption></figure>"
    )
