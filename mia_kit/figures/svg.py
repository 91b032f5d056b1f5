"""Pieces of a page that needs neither scripts nor a network: tables, and figures as SVG with their words."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from PIL import Image

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")  # Okabe and Ito's
SHAPES = (
    *("M-4,-4h8v8h-8z", "M0,-5l5,9h-10z", "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0", "M0,-5l5,5l-5,5l-5,-5z"),
    *("M-5,-1h4v-4h2v4h4v2h-4v4h-2v-4h-4z", "M-4,-4l8,8m0,-8l-8,8", "M-5,0h10"),
)
STYLE = """body{font:16px/1.5 system-ui,sans-serif;color:#222;max-width:52rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0}td,th{padding:.25rem .8rem;border-bottom:1px solid #ddd;text-align:left}
.warning{background:#fff3cd;border-left:4px solid #b8860b;padding:.5rem 1rem}svg{max-width:100%;height:auto}
figure{margin:1rem 0}figcaption{font-size:.9rem;color:#444}img{width:72px;height:72px;object-fit:cover}"""
GRID = "#e5e5e5"
LEAST_RATE, DECADES = 1e-3, 3
SHOWN = 12


def document(title: str, body: str) -> str:
    """A whole page."""
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body><h1>{escape(title)}</h1>{body}</body></html>'


def table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table; a sentence without lines."""
    if not lines:
        return "<p>Nothing was measured here.</p>"
    head = "".join(f"<th>{escape(cell)}</th>" for cell in heads)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in line) + "</tr>" for line in lines)
    return f"<table><tr>{head}</tr>{rows}</table>"


def curves(lines: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> str:
    """False positives to the right, true positives upwards, both in (0, 1] and logarithmic from 0.1 %."""
    left, right, top, bottom, drawn = 70, 610, 20, 370, []

    def at(false: float, true: float) -> tuple[float, float]:
        x, y = (1 + math.log10(max(share, LEAST_RATE)) / DECADES for share in (false, true))
        return left + x * (right - left), bottom + y * (top - bottom)

    for share in (0.001, 0.01, 0.1, 1.0):
        x, y = at(share, share)
        drawn += [_line(x, top, x, bottom, GRID), _line(left, y, right, y, GRID)]
        drawn += [_text(x, bottom + 18, f"{share:.4g}"), _text(left - 28, y + 4, f"{share:.4g}")]
    drawn.append(_line(*at(LEAST_RATE, LEAST_RATE), *at(1, 1), "#888", dashed=True))
    for place, (name, (false, true)) in enumerate(lines.items()):
        points = [at(*pair) for pair in zip(false, true, strict=True)][:: max(1, len(false) // 200)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        drawn.append(f'<polyline fill="none" stroke="{_colour(place)}" stroke-width="2" points="{path}"/>')
        drawn += [_marker(x, y, place) for x, y in points[:: max(1, len(points) // 6)]]
        key = 36 + 20 * place
        drawn += [_marker(left + 20, key, place), _text(left + 32, key + 5, name, anchor="start")]
    drawn.append(_text((left + right) / 2, bottom + 40, "share of unseen pictures taken for training pictures"))
    words = f"Share of training pictures found, against false alarms: {', '.join(lines)}. The dashed line is guessing."
    return _figure(drawn, 640, 420, words)


def bars(rows: Sequence[tuple[str, float, float, float]], axis: str) -> str:
    """A line for each value in [0, 1] with its interval: (name, value, low, high)."""
    left, right, bottom, drawn = 340, 690, 24 + 34 * len(rows), []

    def at(share: float) -> float:
        return left + share * (right - left)

    for share in (0, 0.25, 0.5, 0.75, 1):
        drawn += [_line(at(share), 10, at(share), bottom, GRID), _text(at(share), bottom + 18, f"{share:.0%}")]
    for place, (name, value, low, high) in enumerate(rows):
        y = 28 + 34 * place
        drawn += [_text(left - 12, y + 5, name, anchor="end"), _text(right + 40, y + 5, f"{value:.0%}")]
        drawn += [_line(at(low), y, at(high), y, _colour(place), thick=3), _marker(at(value), y, place)]
    drawn.append(_text(at(0.5), bottom + 38, axis))
    words = "; ".join(f"{name} {value:.0%}, interval {low:.0%} to {high:.0%}" for name, value, low, high in rows)
    return _figure(drawn, 760, bottom + 46, f"{axis}: {words}.".capitalize())


def pictures(name: str, images: np.ndarray, names: Sequence[str]) -> str:
    """The first pictures, uint8 of shape (n, channels, h, w), as PNG inside the page."""
    shown = "".join(
        f'<img alt="reconstruction of {escape(each)}" src="data:image/png;base64,{_png(image)}">'
        for image, each in list(zip(images, names, strict=True))[:SHOWN]
    )
    return f"<figure>{shown}<figcaption>{escape(name)}: {escape(', '.join(names[:SHOWN]))}</figcaption></figure>"


def _png(image: np.ndarray) -> str:
    content = io.BytesIO()
    Image.fromarray(image[0] if len(image) == 1 else np.ascontiguousarray(image.transpose(1, 2, 0))).save(
        content, "png"
    )
    return base64.b64encode(content.getvalue()).decode()


def _figure(drawn: Sequence[str], width: float, height: float, words: str) -> str:
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    font = 'font-size="13" font-family="system-ui,sans-serif"'
    content = f"<title>{escape(words)}</title>{''.join(drawn)}"
    drawing = f'<svg role="img" {size} {font} xmlns="http://www.w3.org/2000/svg">{content}</svg>'
    return f"<figure>{drawing}<figcaption>{escape(words)}</figcaption></figure>"


def _line(x: float, y: float, to_x: float, to_y: float, colour: str, *, dashed: bool = False, thick: float = 1) -> str:
    look = f'stroke="{colour}" stroke-width="{thick}"' + ' stroke-dasharray="5 4"' * dashed
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" {look}/>'


def _text(x: float, y: float, words: str, *, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#222">{escape(words)}</text>'


def _marker(x: float, y: float, place: int) -> str:
    look = f'fill="{_colour(place)}" stroke="{_colour(place)}" stroke-width="2"'
    return f'<path transform="translate({x:.1f},{y:.1f})" d="{SHAPES[place % len(SHAPES)]}" {look}/>'


def _colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]
