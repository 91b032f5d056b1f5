"""Lists as editors leave them: with marks at their beginning, with the line ends of other systems."""

import codecs
from pathlib import Path

import pytest

from mia_kit.data import DataError
from mia_kit.data.lists import read_identities, read_lines

TEXT = "1.jpg 7\n2.jpg 8\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode().rstrip(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
    ],
)
def test_the_first_name_is_the_first_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(content)
    assert read_lines(path) == ["1.jpg 7", "2.jpg 8"]
    assert read_identities(path) == {"1.jpg": 7, "2.jpg": 8}


@pytest.mark.parametrize("content", [b"\xff\xfea", b"\x80abc", None])
def test_no_list(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "list.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"list\.txt (is missing|cannot be read as a list)"):
        read_lines(path)


@pytest.mark.parametrize("line", ["1.jpg", "1.jpg \u00b2", "1.jpg -1", "1.jpg 1 2"])
def test_a_line_that_is_none_of_identities(tmp_path: Path, line: str) -> None:
    path = tmp_path / "list.txt"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(DataError, match="a file name and a number are expected"):
        read_identities(path)
