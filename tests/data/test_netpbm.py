"""PGM and PPM: the repair of translated line ends."""

import io

import numpy as np
import pytest
from PIL import Image

from mia_kit.data.netpbm import undo_line_ends


def smooth_picture():
    """A gentle slope through the values 10 and 13, so that both occur and rows agree."""
    return (np.arange(12)[:, None] // 3 + np.arange(10)[None, :] + 4).astype(np.uint8)


def saved(picture):
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PPM")
    return stream.getvalue()


def translated(content):
    """What a careless tool does: every lone line feed gets a carriage return."""
    return content.replace(b"\r\n", b"\0mark").replace(b"\n", b"\r\n").replace(b"\0mark", b"\r\n")


def test_undoes_translated_line_ends():
    picture = smooth_picture()
    assert (picture == 10).sum() > 5
    for content in (saved(picture), saved(np.stack([picture, picture, picture[::-1]], axis=2).clip(max=12))):
        assert undo_line_ends(translated(content)) == content != translated(content)


def test_puts_back_the_pixel_that_the_repair_loses():
    picture = np.tile(np.arange(40, 70, dtype=np.uint8), (12, 1))
    picture[5, 7:9] = 13, 10  # a pair that was there before the translation
    picture[[2, 9], 20] = 10
    assert undo_line_ends(translated(saved(picture))) == saved(picture)


@pytest.mark.parametrize("pair", [(13, 10), (10, 10), (32, 35)])
def test_leaves_a_whole_file_alone(pair):
    picture = smooth_picture()
    picture[4, 4:6] = pair
    picture[0, :2] = pair
    assert undo_line_ends(saved(picture)) == saved(picture)
    assert undo_line_ends(b"P5\r\n") == b"P5\r\n"


def test_a_header_of_windows_is_no_damage():
    """Every line end is a pair, and so is one of pixels: the length says that nothing was put in."""
    picture = np.full((3, 4), 20, dtype=np.uint8)
    picture[1, 1:3] = 13, 10
    assert undo_line_ends(saved(picture).replace(b"\n", b"\r\n", 3))[-12:] == picture.tobytes()
