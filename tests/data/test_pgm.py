"""The PGM reader, and the repair of pictures whose line ends were translated."""

import numpy as np
import pytest

from mia_kit.data import DataError
from mia_kit.data.pgm import read_pgm, undo_line_ends


def smooth_picture(height=12, width=10):
    """A gentle slope through the values 10 and 13, so that both occur and rows agree."""
    rows = np.arange(height)[:, None] // 3 + np.arange(width)[None, :] + 4
    return rows.astype(np.uint8)


def as_pgm(picture, comment=b""):
    height, width = picture.shape
    return b"P5\n" + comment + f"{width} {height}\n255\n".encode() + picture.tobytes()


def translated(content):
    """What a careless tool does: every lone line feed gets a carriage return."""
    return content.replace(b"\r\n", b"\0mark").replace(b"\n", b"\r\n").replace(b"\0mark", b"\r\n")


def test_reads_a_picture_and_its_comment(tmp_path):
    picture = smooth_picture()
    path = tmp_path / "a.pgm"
    path.write_bytes(as_pgm(picture, b"# by a camera\n"))
    assert (read_pgm(path) == picture).all()


def test_undoes_translated_line_ends(tmp_path):
    picture = smooth_picture()
    assert (picture == 10).sum() > 5
    path = tmp_path / "a.pgm"
    path.write_bytes(translated(as_pgm(picture)))
    assert (read_pgm(path) == picture).all()


def test_puts_back_the_pixel_that_the_repair_loses():
    picture = np.tile(np.arange(40, 70, dtype=np.uint8), (12, 1))
    picture[5, 7:9] = 13, 10  # a pair that was there before the translation
    picture[[2, 9], 20] = 10
    assert undo_line_ends(translated(as_pgm(picture))) == as_pgm(picture)


def test_leaves_a_whole_file_alone(tmp_path):
    picture = smooth_picture()
    picture[4, 4:6] = 13, 10
    path = tmp_path / "a.pgm"
    path.write_bytes(as_pgm(picture))
    assert (read_pgm(path) == picture).all()


@pytest.mark.parametrize(
    "content", [b"", b"P2\n2 2\n255\n0 0 0 0", b"\x89PNG", b"P5\n2 2\n255\n123", b"P5\r\n9 9\r\n255\r\n"]
)
def test_says_what_is_wrong(tmp_path, content):
    path = tmp_path / "a.pgm"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.pgm .*get the data set again"):
        read_pgm(path)


def test_a_folder_is_not_a_picture(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_pgm(tmp_path)
