"""One way to read a picture: known pixels for every kind of file, and nothing but a sentence for what is none."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from mia_kit.data.reading import EmptyBox, PictureError, TooManyPixels, read_picture

# Pillow warns of what is refused besides.
pytestmark = pytest.mark.filterwarnings("ignore")
exhaustive = settings(max_examples=200)
WHITE = [255, 255, 255]
# Six colours in two rows of three, each a block of 16 x 16 pixels, which JPEG keeps to a few shades.
BLOCKS = np.array([[[220, 30, 30], [30, 220, 30], [30, 30, 220]], [[220, 220, 30], [30, 220, 220], [128, 128, 128]]])
STORED = np.kron(BLOCKS, np.ones((16, 16, 1))).astype(np.uint8)


def saved(picture: Image.Image | np.ndarray, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    (Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture).save(stream, kind, **options)
    return stream.getvalue()


def read(content: bytes, **options: object) -> np.ndarray:
    return np.asarray(read_picture(content, **options))


# --- orientation ------------------------------------------------------------------------------------------------------

# For each orientation of EXIF, which stored block (of 2 rows, 3 columns) is seen in row r and column c.
SEEN = {
    1: lambda r, c: (r, c),
    2: lambda r, c: (r, 2 - c),
    3: lambda r, c: (1 - r, 2 - c),
    4: lambda r, c: (1 - r, c),
    5: lambda r, c: (c, r),
    6: lambda r, c: (1 - c, r),
    7: lambda r, c: (1 - c, 2 - r),
    8: lambda r, c: (c, 2 - r),
}
KINDS = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "PNG": {},
    "WEBP": {"lossless": True},
    "TIFF": {},
    "TIFF packed": {"compression": "tiff_lzw"},
}


def turned(kind: str, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[274] = orientation
    return saved(STORED, kind.split()[0], exif=exif, **KINDS[kind])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("orientation", SEEN)
def test_a_picture_stands_as_its_orientation_says(kind: str, orientation: int) -> None:
    image = read(turned(kind, orientation)).astype(int)
    rows, columns = (2, 3) if orientation < 5 else (3, 2)
    assert image.shape == (16 * rows, 16 * columns, 3)
    for r in range(rows):
        for c in range(columns):
            block = image[16 * r + 4 : 16 * r + 12, 16 * c + 4 : 16 * c + 12]
            assert np.abs(block - BLOCKS[SEEN[orientation](r, c)]).max() < 10


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", SEEN)
def test_a_box_counts_stored_pixels_and_what_it_cuts_is_turned(kind: str, orientation: int) -> None:
    """The upper left and the upper middle block; seen beside each other, or above each other."""
    image = read(turned(kind, orientation), box=(0, 0, 32, 16)).astype(int)
    assert image.shape == ((16, 32, 3) if orientation < 5 else (32, 16, 3))
    blocks = image.reshape(-1, 16, image.shape[1] // 16, 16, 3)[:, 8, :, 8].reshape(2, 3)
    mirrored = orientation in (2, 3, 7, 8)
    assert np.abs(blocks - BLOCKS[0, [1, 0] if mirrored else [0, 1]]).max() < 10
    stored = read(turned(kind, orientation), box=(0, 0, 32, 16), upright=False).astype(int)
    assert np.abs(stored[8, [8, 24]] - BLOCKS[0, :2]).max() < 10


def test_a_damaged_note_is_no_damage_to_the_picture() -> None:
    exif = Image.Exif()
    exif[274] = 6
    content = saved(STORED, "JPEG", exif=exif.tobytes()[:9] + b"\xff" * 30)
    assert read(content).shape == STORED.shape


@pytest.mark.parametrize(
    ("box", "expected"), [((-9, -9, 2, 1), (1, 2)), ((47, 31, 99, 99), (1, 1)), ((0, 0, 48, 32), (32, 48))]
)
def test_a_box_is_cut_to_the_picture(box: tuple[int, int, int, int], expected: tuple[int, int]) -> None:
    assert read(saved(STORED, "PNG"), box=box).shape[:2] == expected


@pytest.mark.parametrize("box", [(48, 0, 60, 9), (0, 32, 9, 40), (5, 5, 5, 9), (9, 9, 3, 12), (-9, -9, 0, 0)])
def test_an_empty_box(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(EmptyBox, match=r"lies outside of 48 x 32 pixels"):
        read(saved(STORED, "PNG"), box=box)


# --- kinds of pixels --------------------------------------------------------------------------------------------------

DEEP = np.array([[0, 1, 127, 129], [257, 25_700, 65_407, 65_535]], dtype=np.uint16)
SHADES = np.rint(DEEP / 257).astype(np.uint8)


def test_sixteen_bits_are_scaled() -> None:
    assert SHADES.tolist() == [[0, 0, 0, 1], [1, 100, 255, 255]]
    for content in (
        saved(DEEP, "PNG"),
        saved(DEEP, "TIFF"),
        saved(DEEP, "PPM"),
        b"P2\n4 2\n65535\n" + " ".join(map(str, DEEP.ravel())).encode(),
    ):
        assert read(content, grey=True).tolist() == SHADES.tolist()
        assert (read(content) == SHADES[..., None]).all()
    inverted = Image.fromarray(DEEP)
    assert read(saved(inverted, "TIFF", tiffinfo={262: 0}), grey=True).tolist() == (255 - SHADES).tolist()


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_pixels_whose_white_nobody_knows(dtype: type) -> None:
    with pytest.raises(PictureError, match="nothing says which is white"):
        read(saved(Image.fromarray(np.linspace(0, 1, 12).reshape(3, 4).astype(dtype)), "TIFF"))


def with_alpha(pixel: tuple[int, ...], kind: str = "PNG", **options: object) -> bytes:
    return saved(Image.new("RGBA" if len(pixel) == 4 else "LA", (2, 1), pixel), kind, **options)


def keyed(kind: str) -> bytes:
    """Red and blue in a palette; red is transparent."""
    picture = Image.new("P", (2, 1))
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.putdata([0, 1])
    return saved(picture, kind, transparency=0)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (with_alpha((255, 0, 0, 0)), [WHITE, WHITE]),
        (with_alpha((255, 0, 0, 255)), [[255, 0, 0]] * 2),
        (with_alpha((255, 0, 0, 51)), [[255, 204, 204]] * 2),
        (with_alpha((0, 0, 0, 0), "WEBP", lossless=True, exact=True), [WHITE, WHITE]),
        (with_alpha((0, 0, 0, 0), "TIFF"), [WHITE, WHITE]),
        (with_alpha((0, 51)), [[204] * 3] * 2),
        (keyed("PNG"), [WHITE, [0, 0, 255]]),
        (keyed("GIF"), [WHITE, [0, 0, 255]]),
        (saved(np.array([[[9, 8, 7], [1, 2, 3]]], np.uint8), "PNG", transparency=(9, 8, 7)), [WHITE, [1, 2, 3]]),
        (saved(np.array([[9, 5]], np.uint8), "PNG", transparency=9), [WHITE, [5] * 3]),
        (saved(np.array([[514, 257]], np.uint16), "PNG", transparency=514), [WHITE, [1] * 3]),
    ],
)
def test_no_hidden_colour_shows(content: bytes, expected: list[list[int]]) -> None:
    assert read(content)[0].tolist() == expected
    assert np.abs(read(content, grey=True)[0] - np.asarray(expected) @ [0.299, 0.587, 0.114]).max() < 1


def test_the_first_frame_counts() -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    for kind in ("GIF", "WEBP", "TIFF", "PNG"):
        content = saved(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
        assert np.abs(read(content).astype(int) - [255, 0, 0]).max() <= 2


# --- what is no picture -----------------------------------------------------------------------------------------------


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    for side in (10_000, 60_000):
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
        with pytest.raises(TooManyPixels):
            read(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b""))


@pytest.mark.parametrize(
    "content",
    [b"", b"not a picture", b"<html></html>", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", b"P5", b"P6 1 1"],
)
def test_other_files(content: bytes) -> None:
    with pytest.raises(PictureError):
        read(content)


NOISE = np.random.default_rng(0).integers(0, 256, (24, 20, 3), dtype=np.uint8)
WHOLE = {kind: saved(NOISE, kind) for kind in ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM")}
WHOLE["TIFF packed"] = saved(NOISE, "TIFF", compression="tiff_lzw")
WHOLE["PGM"] = saved(NOISE[..., 0], "PPM")


@exhaustive
@given(st.sampled_from(sorted(WHOLE)), st.floats(0, 1, exclude_max=True))
def test_half_a_file_is_refused_or_lacks_nothing(kind: str, share: float) -> None:
    whole = WHOLE[kind]
    try:
        image = read(whole[: int(share * len(whole))])
    except PictureError:
        return
    assert ImageChops.difference(Image.fromarray(image), read_picture(whole)).getbbox() is None


@exhaustive
@given(st.sampled_from(sorted(WHOLE)), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8))
def test_damaged_files_are_refused_or_read(kind: str, changes: list[tuple[float, int]]) -> None:
    content = bytearray(WHOLE[kind])
    for place, value in changes:
        content[int(place * (min(len(content), 400) - 1))] = value
    try:
        image = read(bytes(content))
    except PictureError as problem:
        assert str(problem)
    else:
        assert image.dtype == np.uint8 and image.ndim == 3 and image.size > 0
