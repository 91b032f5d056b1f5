"""Pictures and archives as bytes."""

import io
import zipfile

import numpy as np
from PIL import Image


def png(pixels: np.ndarray, **options: object) -> bytes:
    """Pixels of shape (h, w, 3) as a PNG."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", **options)
    return stream.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    """An archive of these files, under any names."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()
