"""Downloads of one file from a host that behaves well and badly: resumed, checked, one sentence."""

import errno
import hashlib
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import downloads
from downloads import download
from mia_kit.data import DataError
from tests.killing import at_work
from tests.local_server import Server, content, endless, half, in_turn, silent, status

BODY = random.Random(0).randbytes(300_000)
HASH = hashlib.sha256(BODY).hexdigest()


def fetch(url: str, folder: Path, known_hash: str | None = HASH) -> Path:
    return download(f"{url}/a", folder / "a.bin", known_hash=known_hash, max_bytes=10**6)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_fetches_once(server: Server, tmp_path: Path) -> None:
    server.routes["/a"] = content(BODY)
    for known_hash in (f"md5:{hashlib.md5(BODY).hexdigest()}", HASH, f"sha256:{HASH}"):
        assert fetch(server.url, tmp_path / "new", known_hash).read_bytes() == BODY
    assert len(server.asked) == 1
    assert server.asked[0][2]["User-Agent"].startswith("mia_kit")
    assert names(tmp_path / "new") == ["a.bin"]


def test_goes_on_after_a_break(server: Server, tmp_path: Path) -> None:
    server.routes["/a"] = in_turn(half(BODY, 100_000), content(BODY))
    assert fetch(server.url, tmp_path).read_bytes() == BODY
    assert server.asked[1][2]["Range"] == "bytes=100000-"
    assert names(tmp_path) == ["a.bin"]


def test_a_host_without_ranges_is_asked_for_all(server: Server, tmp_path: Path) -> None:
    server.routes["/a"] = in_turn(half(BODY, 100_000), content(BODY, ranges=False))
    assert fetch(server.url, tmp_path).read_bytes() == BODY


def test_halves_of_two_files_are_never_joined(server: Server, tmp_path: Path) -> None:
    """The file has changed in between. Without a hash all of it is asked for again; else the hash tells."""
    for known_hash in (None, hashlib.sha256(BODY[::-1]).hexdigest()):
        (tmp_path / "a.bin").unlink(missing_ok=True)
        server.routes["/a"] = in_turn(half(BODY, 100_000), content(BODY[::-1]))
        if known_hash:
            with pytest.raises(DataError, match="got another file: nothing of it is kept"):
                fetch(server.url, tmp_path, known_hash)
        assert fetch(server.url, tmp_path, known_hash).read_bytes() == BODY[::-1]


def test_a_damaged_file_is_fetched_again_and_a_whole_part_is_taken_as_it_is(server: Server, tmp_path: Path) -> None:
    """The second was killed between its last byte and the new name."""
    server.routes["/a"] = content(BODY)
    (tmp_path / "a.bin").write_bytes(BODY[:-1])
    assert fetch(server.url, tmp_path).read_bytes() == BODY
    (tmp_path / "a.bin").unlink()
    (tmp_path / "a.bin.part").write_bytes(BODY)
    assert fetch(server.url, tmp_path).read_bytes() == BODY
    assert server.asked[-1][2]["Range"] == "bytes=300000-"


@pytest.mark.parametrize(("code", "asked"), [(404, 1), (403, 1), (500, downloads.ATTEMPTS)])
def test_a_host_that_refuses(server: Server, tmp_path: Path, code: int, asked: int) -> None:
    server.routes["/a"] = status(code)
    sentence = rf"cannot be downloaded \(the host answers {code}\): run .* put it at .*a\.bin;"
    with pytest.raises(DataError, match=sentence):
        fetch(server.url, tmp_path)
    assert len(server.asked) == asked


def test_no_host(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "TIMEOUT", 0.1)
    server.routes["/a"] = silent
    for url in ("http://127.0.0.1:9", "http://no-such-host.invalid", "file:///etc/passwd", "nonsense", server.url):
        with pytest.raises(DataError, match=r"cannot be downloaded \(\w+\): run the same command again later"):
            fetch(url, tmp_path)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (content(BODY[::-1]), rf"should have the hash {HASH[:19]}\.\.\., got another file: nothing of it is kept"),
        (endless, "should send at most 1 MB, got more"),
    ],
)
def test_the_wrong_bytes(server: Server, tmp_path: Path, answer, sentence: str) -> None:
    server.routes["/a"] = answer
    with pytest.raises(DataError, match=sentence):
        fetch(server.url, tmp_path)
    assert names(tmp_path) == []


def test_a_full_disk_keeps_what_has_come(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.routes["/a"] = content(BODY)
    pieces = downloads.read_limited

    def full(*arguments) -> Iterator[bytes]:
        yield next(pieces(*arguments))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(downloads, "read_limited", full)
    with pytest.raises(DataError, match=r"The disk is full, .*a\.bin cannot be written: free some space"):
        fetch(server.url, tmp_path)
    assert BODY.startswith((tmp_path / "a.bin.part").read_bytes())
    monkeypatch.undo()
    assert fetch(server.url, tmp_path).read_bytes() == BODY


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(DataError, match=r"Downloads need pooch: run  pip install 'mia_kit\[full\]'"):
        download("http://127.0.0.1:9/a", tmp_path / "a", known_hash=None, max_bytes=1)


def test_killed_in_the_middle(server: Server, tmp_path: Path) -> None:
    """SIGKILL after a third of the file; the next run asks for the rest."""

    def stall(request) -> None:
        request.start(200, Content_Length=len(BODY))
        request.wfile.write(BODY[:100_000])
        time.sleep(5)

    server.routes["/a"] = stall
    part = tmp_path / "a.bin.part"
    with at_work(fetch, server.url, tmp_path):
        end = time.monotonic() + 20
        while not (part.is_file() and part.stat().st_size >= 60_000) and time.monotonic() < end:
            time.sleep(0.01)
    assert part.stat().st_size >= 60_000
    server.routes["/a"] = content(BODY)
    assert fetch(server.url, tmp_path).read_bytes() == BODY
    assert "Range" in server.asked[-1][2]
