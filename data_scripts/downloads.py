"""One file over HTTP: resumed where it broke off, if its hash is known; at most so long.

Needs `pip install 'mia_kit[full]'`: pooch knows the kinds of hashes, and requests, which comes with it, the protocol.
`pooch.retrieve` itself is not used: it begins anew after a break, and a kill loses what it has. The addresses are those
of `data_scripts/`; nothing in the package downloads by itself.
"""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from tqdm.auto import tqdm

from mia_kit.data.archives import sha256_of
from mia_kit.data.folders import DataError, write_error

USER_AGENT = "mia_kit-data-scripts/1 (research and teaching; one polite reader)"
TIMEOUT = 30.0  # seconds without a byte
ATTEMPTS = 4
PAUSE = 1.0  # seconds; twice as long after each attempt that brought nothing
CHUNK = 1 << 16


class WrongFile(DataError):
    """An answer that goes on past the limit, or is not what was asked for."""


def from_full(name: str) -> ModuleType:
    """A package of the extra `full`. Raises DataError with the command that installs it."""
    try:
        return importlib.import_module(name)
    except ImportError as problem:
        raise DataError(f"Downloads need {name}: run  pip install 'mia_kit[full]'  and try again.") from problem


def download(url: str, path: Path, *, known_hash: str | None, max_bytes: int) -> Path:
    """`path`, after fetching it unless it is there with the right hash.

    url : http or https; redirects are followed
    path : where the file goes. Half of it waits beside it as `<name>.part`; with a hash, which tells whether both
        halves are of one file, the next call goes on from there
    known_hash : "sha256:...", "md5:..." or a bare sha256 in hexadecimal. None where nobody publishes one: a file
        that is there then counts as right, and the sha256 of a new one is printed, to be pinned
    max_bytes : a longer answer is cut off, so that no endless one fills the disk

    DataError if the host is gone, answers with an error, another file or too many bytes, or the file cannot be written.
    """
    pooch, requests = from_full("pooch"), from_full("requests")
    part = path.with_name(f"{path.name}.part")
    try:
        if path.is_file() and pooch.hashes.hash_matches(path, known_hash):
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            _complete(requests, url, part, max_bytes, resume=known_hash is not None)
            if not pooch.hashes.hash_matches(part, known_hash):
                raise WrongFile(
                    f"{url} should have the hash {str(known_hash)[:19]}..., got another file: nothing of it is kept. "
                    "Try again; if that does not help, the host has changed the file."
                )
        except WrongFile:
            part.unlink()
            raise
        os.replace(part, path)
    except DataError:
        raise
    except requests.RequestException as problem:
        response = problem.response
        reason = type(problem).__name__ if response is None else f"the host answers {response.status_code}"
        raise DataError(
            f"{url} cannot be downloaded ({reason}): run the same command again later, or get the file elsewhere and "
            f"put it at {path}; what has come is kept."
        ) from problem
    except OSError as problem:
        raise write_error(path, problem) from problem
    if known_hash is None:
        print(f"sha256 of {path.name}, to be pinned: {sha256_of(path)}")
    return path


def _complete(requests: ModuleType, url: str, part: Path, max_bytes: int, *, resume: bool) -> None:
    """Ask until the file is whole. Raises requests.RequestException after ATTEMPTS that brought nothing new."""
    best, fruitless = _length(part), 0
    while True:
        try:
            return _append(requests, url, part, max_bytes, start=_length(part) if resume else 0)
        except requests.RequestException as problem:
            status = problem.response.status_code if problem.response is not None else 500
            final = isinstance(problem, ValueError) or (status < 500 and status != 429)  # no address, or refused
            fruitless = 0 if _length(part) > best else fruitless + 1
            best = max(best, _length(part))
            if final or fruitless >= ATTEMPTS:
                raise
        time.sleep(PAUSE * 2**fruitless)


def _append(requests: ModuleType, url: str, part: Path, max_bytes: int, *, start: int) -> None:
    """Ask for the file from byte `start` on. Raises requests.RequestException if the answer breaks off."""
    headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        if answer.status_code == 416:  # nothing follows our half: it is whole or another file's, as its hash will tell
            return
        answer.raise_for_status()
        if answer.status_code != 206:
            start = 0
        packed = "Content-Encoding" in answer.headers  # then the length is another one
        rest = 0 if packed else int(answer.headers.get("Content-Length") or 0)
        bar = tqdm(total=start + rest or None, initial=start, unit="B", unit_scale=True, desc=part.stem)
        with bar, part.open("ab" if start else "wb") as file:
            for chunk in read_limited(answer, max_bytes - start):
                file.write(chunk)
                bar.update(len(chunk))
    if rest and _length(part) < start + rest:
        raise requests.ConnectionError(f"the host sent {_length(part)} of {start + rest} bytes")


def _length(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def read_limited(answer: Any, max_bytes: int) -> Iterator[bytes]:
    """The content of an answer of `requests`, piece by piece as it comes in, even if that is byte by byte.

    Raises WrongFile as soon as it is longer than `max_bytes`, requests.ConnectionError if it breaks off.
    """
    urllib3, requests = from_full("urllib3"), from_full("requests")
    read = 0
    while True:
        try:
            chunk: bytes = answer.raw.read1(CHUNK, decode_content=True)
        except (urllib3.exceptions.HTTPError, OSError) as problem:
            raise requests.ConnectionError(f"the answer broke off after {read} bytes") from problem
        if not chunk:
            return
        read += len(chunk)
        if read > max_bytes:
            raise WrongFile(
                f"{answer.url} should send at most {max_bytes / 1e6:,.0f} MB, got more: is it the right file?"
            )
        yield chunk
