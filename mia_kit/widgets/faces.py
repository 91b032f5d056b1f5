"""Pictures with words below them as HTML: what the widgets with faces or digits are made of."""

from __future__ import annotations

import html
from collections.abc import Iterable

import numpy as np

from mia_kit.figures.film import picture_source


def tiles(shown: Iterable[tuple[str, np.ndarray, str]], *, size: int) -> str:
    """Reconstructions in a row, `size` pixels wide: a person's name, uint8 of shape (h, w, 3), and words in HTML."""
    style = "display: inline-block; vertical-align: top; min-width: 0px; margin: 4px; text-align: center"
    figures = [
        f'<figure style="{style}; line-height: 1.4">'
        f'<img src="{picture_source(picture)}" width="{size}" height="{size}" alt="reconstruction of {name}">'
        f"<figcaption>{name}<br>{words}</figcaption></figure>"
        for name, picture, words in ((html.escape(name), picture, words) for name, picture, words in shown)
    ]
    return f"<div>{''.join(figures)}</div>"
