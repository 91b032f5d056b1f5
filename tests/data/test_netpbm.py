"""PGM and PPM: any header that the format allows, scaled pixels, and the repair of translated line ends."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mia_kit.data.netpbm import read_netpbm, undo_line_ends


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


comments = st.binary(max_size=6).map(lambda text: b"#" + text.replace(b"\n", b"").replace(b"\r", b"") + b"\n")
blanks = st.sampled_from([b" ", b"\n", b"\t", b"\r\n"])
gaps = st.lists(comments | blanks, min_size=1, max_size=4).map(b"".join)
# Before the pixels stands one blank, a line end of two bytes, or comments, which end with a line end.
ends = st.sampled_from([b" ", b"\n", b"\r\n"]) | st.lists(comments, min_size=1, max_size=2).map(b"".join)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.data(), st.sampled_from([5, 6]), st.integers(1, 65535) | st.just(255), st.lists(gaps, min_size=3, max_size=3))
def test_every_header_and_every_brightest_value(data, kind, brightest, between):
    height, width = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 5))
    shape = (height, width, 3)[: kind - 3]
    count = int(np.prod(shape))
    values = np.array(data.draw(st.lists(st.integers(0, brightest), min_size=count, max_size=count))).reshape(shape)
    header = b"".join(
        gap + str(number).encode() for gap, number in zip(between, (width, height, brightest), strict=True)
    )
    pixels = values.astype(np.uint8 if brightest < 256 else ">u2").tobytes()
    image = read_netpbm(b"P%d" % kind + header + data.draw(ends) + pixels)
    assert image.dtype == np.uint8 and image.shape == shape
    assert np.abs(image - values * 255 / brightest).max() <= 0.5


def test_undoes_translated_line_ends():
    picture = smooth_picture()
    assert (picture == 10).sum() > 5
    assert (read_netpbm(translated(as_pgm(picture))) == picture).all()
    colours = np.stack([picture, picture, picture[::-1]], axis=2).clip(max=12)
    content = b"P6\n10 12\n255\n" + colours.tobytes()
    assert (read_netpbm(translated(content)) == colours).all()


def test_puts_back_the_pixel_that_the_repair_loses():
    picture = np.tile(np.arange(40, 70, dtype=np.uint8), (12, 1))
    picture[5, 7:9] = 13, 10  # a pair that was there before the translation
    picture[[2, 9], 20] = 10
    assert undo_line_ends(translated(as_pgm(picture))) == as_pgm(picture)


@pytest.mark.parametrize("pair", [(13, 10), (10, 10), (32, 35)])
def test_leaves_a_whole_file_alone(pair):
    picture = smooth_picture()
    picture[4, 4:6] = pair
    picture[0, :2] = pair
    assert (read_netpbm(as_pgm(picture, b"# by a camera\n")) == picture).all()


def test_a_header_of_windows_is_no_damage():
    """Every line end is a pair, and so is one of pixels: the length says that nothing was put in."""
    picture = np.full((3, 4), 20, dtype=np.uint8)
    picture[1, 1:3] = 13, 10
    assert (read_netpbm(as_pgm(picture).replace(b"\n", b"\r\n", 3)) == picture).all()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"P5", "got another header"),
        (b"P5\n2 2\n", "got another header"),
        (b"P5\n2 2\n255", "2 x 2 pixels need 4 bytes, got -1"),
        (b"P5\n2 2\n255\n123", "2 x 2 pixels need 4 bytes, got 3 instead"),
        (b"P5\n2 2\n255\n12345", "2 x 2 pixels need 4 bytes, got 5 instead"),
        (b"P5\n2 2\n65535\n1234567", "2 x 2 pixels need 8 bytes, got 7 instead"),
        (b"P5\r\n9 9\r\n255\r\n", "9 x 9 pixels need 81 bytes"),
        (b"P5\n0 5\n255\n", "expected a pixel"),
        (b"P6\n5 0\n255\n", "expected a pixel"),
        (b"P5\n1 1\n0\n1", r"got \(1, 1\) and 0"),
        (b"P5\n1 1\n65536\n12", r"got \(1, 1\) and 65536"),
        (b"P5\n999999999 999999999\n255\n1", "pixels need 999999998000000001 bytes"),
    ],
)
def test_says_what_is_wrong(content, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_netpbm(content)
