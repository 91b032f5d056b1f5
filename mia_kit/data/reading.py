"""One way to read a picture, whatever it comes from: as a viewer shows it, in eight bits.

Turned as its EXIF orientation says; 16 bits scaled, not cut off; transparent parts on white, so that no hidden colour
shows. Refused: half a file, more pixels than `PIL.Image.MAX_IMAGE_PIXELS`, and floating-point or 32-bit pixels, since
nothing says which of them is white.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.Image import Image as Picture
from PIL.TiffImagePlugin import TiffImageFile

from mia_kit.data.folders import DataError
from mia_kit.data.netpbm import undo_line_ends

# What cameras and the web send. Pillow knows more, and starts other programs for some of them.
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM")
SUFFIXES = frozenset((".jpg", ".jpeg", ".jfif", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".pgm", ".ppm"))
# Tags of TIFF.
BITS, PHOTOMETRIC = 258, 262

Box = tuple[int, int, int, int]


class PictureError(ValueError):
    """Bytes that are no picture; the message is the reason, in a few words."""


class TooManyPixels(PictureError):
    """A picture that would fill the memory."""


class EmptyBox(PictureError):
    """Nothing of the picture lies in the box."""


def read_file(path: Path, *, grey: bool = False, upright: bool = True) -> Picture:
    """As `read_picture`. Raises DataError, in one sentence, if the file is absent or no picture."""
    try:
        return read_picture(path.read_bytes(), grey=grey, upright=upright)
    except (OSError, PictureError) as problem:
        raise DataError(f"{path} cannot be decoded as a picture ({problem}): get it again or remove it.") from problem


def read_picture(content: bytes, *, grey: bool = False, box: Box | None = None, upright: bool = True) -> Picture:
    """The first frame of a picture, in Pillow's mode L if `grey`, RGB otherwise; `upright` turns it as EXIF says.

    `box`, (left, top, right, bottom), is the part to keep, in pixels as they are stored; a TIFF is turned before, as it
    is loaded. PictureError for what is no picture, damaged, cut short or too large, or has nothing in the box.
    """
    try:
        file = Image.open(io.BytesIO(undo_line_ends(content)), formats=FORMATS)
        limit, tags = Image.MAX_IMAGE_PIXELS, dict(file.tag_v2) if isinstance(file, TiffImageFile) else {}
        if limit is not None and file.width * file.height > limit:
            raise TooManyPixels(f"it has {file.width} x {file.height} pixels, at most {limit} are read")
        file.load()
        picture = file if box is None else _cut(file, box)
        picture = _turned(picture) if upright else picture
        if picture.mode.startswith("I;16") or (picture.mode == "I" and file.format in ("PNG", "PPM")):
            picture = _in_eight_bits(picture, bits=tags.get(BITS, (16,))[0], inverted=tags.get(PHOTOMETRIC) == 0)
        elif picture.mode in ("I", "F"):
            raise PictureError("its pixels have 32 bits, and nothing says which is white: save it with 8 or 16")
        return _opaque(picture).convert("L" if grey else "RGB")
    except PictureError:
        raise
    except Image.DecompressionBombError as problem:
        raise TooManyPixels(str(problem)) from problem
    except UnidentifiedImageError as problem:
        raise PictureError(f"it is none of {', '.join(FORMATS)}") from problem
    except Exception as problem:  # Pillow's readers raise whatever a damaged header leads them to
        raise PictureError(str(problem) or type(problem).__name__) from problem


def _in_eight_bits(picture: Picture, *, bits: int, inverted: bool) -> Picture:
    values = np.asarray(picture).astype(np.int64)
    shades = np.rint(values * (255 / (2**bits - 1))).clip(0, 255)
    shades = 255 - shades if inverted else shades
    if "transparency" in picture.info:
        shades[values == picture.info["transparency"]] = 255
    return Image.fromarray(shades.astype(np.uint8))


def _cut(picture: Picture, box: Box) -> Picture:
    left, top, right, bottom = max(box[0], 0), max(box[1], 0), min(box[2], picture.width), min(box[3], picture.height)
    if left >= right or top >= bottom:
        raise EmptyBox(f"the box {box} lies outside of {picture.width} x {picture.height} pixels")
    return picture.crop((left, top, right, bottom))


def _opaque(picture: Picture) -> Picture:
    if not picture.has_transparency_data:
        return picture
    picture = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)


def _turned(picture: Picture) -> Picture:
    """The picture as EXIF's orientation says."""
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # a damaged note about the picture is no damage to it
        return picture
