"""Many small files from many hosts: one at a time from each host; only bytes with the right hash count.

The reader of FaceScrub's lists: a hundred thousand addresses on thousands of hosts, most of them long dead. Links that
failed go into a journal, one line each, and are not tried again. Needs `pip install 'mia_kit[full]'`.
"""

from __future__ import annotations

import hashlib
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from downloads import USER_AGENT, WrongFile, from_full, read_limited
from mia_kit import check
from mia_kit.data.folders import DataError, write_error

# Reasons which may be our own network's fault. They count once some host has answered after them.
NO_ANSWER = ("no such host or no connection", "no answer in time")
# So many hosts without any answer in between: it is not them.
OFFLINE = 50
# After so many links without an answer in a row, a host's other links are not asked for.
GIVE_UP = 5
MAX_REDIRECTS = 5
# Seconds for a host that says "later", twice as many each time, and the most.
PAUSE, LONGEST_WAIT = 1.0, 60.0


@dataclass(frozen=True)
class Link:
    """An address, and the sha256 (hexadecimal) of the file that it once led to."""

    url: str
    sha256: str


# What becomes of a link's bytes: None, or a reason why they are of no use.
Keep = Callable[[Link, bytes], str | None]


@dataclass(frozen=True)
class Manners:
    """How to treat the hosts. ValueError if there is no worker, or a time is negative or no number.

    workers : requests at once
    delay : seconds before each request to one host, which is asked for one file at a time
    timeout, deadline : seconds without a byte, and for a whole file
    max_bytes : length of the longest file
    attempts : how often a host that answers "later" or with an error of its own (429, 5xx) is asked
    """

    workers: int = 16
    delay: float = 0.5
    timeout: float = 20.0
    deadline: float = 120.0
    max_bytes: int = 30 * 10**6
    attempts: int = 3

    def __post_init__(self) -> None:
        check.whole_fields(self, workers=1, max_bytes=1, attempts=1)
        check.in_range("delay", self.delay, 0)
        for name in ("timeout", "deadline"):
            check.in_range(name, getattr(self, name), 0, open_ends="low")


class Journal:
    """Dead links, one line each: reason, address, sha256, with tabs between. Only ever appended to.

    A line that a kill cut in half is left out when it is read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[Link, str]:
        """Link -> reason."""
        if not self.path.is_file():
            return {}
        lines = self.path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]
        rows = [line.split("\t") for line in lines]
        return {Link(row[1], row[2]): row[0] for row in rows if len(row) == 3 and len(row[2]) == 64}

    def add(self, link: Link, reason: str) -> None:
        """Append a line. Raises DataError if the disk is full, or the file may not be written."""
        try:
            with self.path.open("ab+") as file:
                if file.tell():
                    file.seek(-1, 2)
                    torn = file.read(1) != b"\n"
                    file.write(b"\n" if torn else b"")
                file.write(f"{reason}\t{link.url}\t{link.sha256}\n".encode())
        except OSError as problem:
            raise write_error(self.path, problem) from problem


def crawl(
    links: Iterable[Link], keep: Keep, journal: Journal, manners: Manners | None = None
) -> Iterator[tuple[Link, str | None]]:
    """Fetch all links, each once; yields each with None, or with the reason why it is dead, as they come in.

    Stopping early (Ctrl-C, `close()`) is safe at any moment: what was kept is kept, the others come next time.
    DataError if `keep` or the journal cannot write, or no host answers, so that this machine must be offline.

    keep : called in several threads with the bytes of a link, which have its sha256. It must write whole files or none
    journal : gets the dead links. A link that met no host at all is written down only after some host has answered
    """
    manners = manners or Manners()
    requests = from_full("requests")
    lines: dict[str | None, list[Link]] = defaultdict(list)
    for link in links:
        lines[_host(link.url)].append(link)
    waiting: queue.SimpleQueue = queue.SimpleQueue()
    for line in sorted(lines.values(), key=len, reverse=True):  # who has most takes longest
        waiting.put(line)
    results: queue.SimpleQueue = queue.SimpleQueue()
    stopped = threading.Event()
    arguments = (requests, waiting, keep, manners, results, stopped)
    threads = [threading.Thread(target=_work, args=arguments, daemon=True) for _ in range(manners.workers)]
    try:
        for thread in threads:
            thread.start()
        yield from _recorded(_received(results, len(threads)), journal)
    finally:
        stopped.set()


def _received(results: queue.SimpleQueue, workers: int) -> Iterator[tuple[Link, str | None]]:
    """The results of all workers until the last has gone home. Raises what one of them raised."""
    while workers:
        result = results.get()
        if isinstance(result, BaseException):
            raise result
        if result is None:
            workers -= 1
        else:
            yield result


def _recorded(outcomes: Iterator[tuple[Link, str | None]], journal: Journal) -> Iterator[tuple[Link, str | None]]:
    """The same outcomes, the dead ones written down."""
    doubtful: list[tuple[Link, str]] = []
    hosts: set[str | None] = set()
    for link, reason in outcomes:
        if reason in NO_ANSWER:
            doubtful.append((link, str(reason)))
            hosts.add(_host(link.url))
            if len(hosts) >= OFFLINE:
                raise DataError(f"{OFFLINE} hosts in a row do not answer: is this machine online? Try again later.")
        else:
            for dead, why in [*doubtful, *([(link, reason)] if reason else [])]:
                journal.add(dead, why)
            doubtful.clear()
            hosts.clear()
        yield link, reason


def _work(
    requests: ModuleType,
    waiting: queue.SimpleQueue,
    keep: Keep,
    manners: Manners,
    results: queue.SimpleQueue,
    stopped: threading.Event,
) -> None:
    """One worker: asks a host for all its links, one after the other, then the next host, until there is none left."""
    try:
        with requests.Session() as session, suppress(queue.Empty):
            session.headers.update({"User-Agent": USER_AGENT, "Accept-Encoding": "identity"})
            session.max_redirects = MAX_REDIRECTS
            while True:
                silent = 0
                reason: str | None = None
                for link in waiting.get_nowait():
                    if silent < GIVE_UP:
                        if stopped.wait(manners.delay):
                            return
                        reason = _outcome(requests, session, link, keep, manners, stopped)
                        silent = silent + 1 if reason in NO_ANSWER else 0
                    results.put((link, reason))
    except BaseException as problem:  # the main thread raises it
        results.put(problem)
    else:
        results.put(None)


class _Dead(Exception):
    """A link that led to nothing; `later` it may, after at least so many seconds, or never (None)."""

    def __init__(self, reason: str, later: float | None = None) -> None:
        self.reason, self.later = reason, later


def _outcome(
    requests: ModuleType, session: Any, link: Link, keep: Keep, manners: Manners, stopped: threading.Event
) -> str | None:
    """None once the bytes of a link are kept, or the reason why it is dead; asks again if the host says "later"."""
    attempt = 0
    while True:
        try:
            return keep(link, _fetch(requests, session, link, manners, stopped))
        except _Dead as dead:
            attempt += 1
            if dead.later is None or attempt == manners.attempts:
                return dead.reason
            if stopped.wait(min(max(dead.later, PAUSE * 2 ** (attempt - 1)), LONGEST_WAIT)):
                return dead.reason


def _fetch(requests: ModuleType, session: Any, link: Link, manners: Manners, stopped: threading.Event) -> bytes:
    """The bytes of a link, which have its hash. Raises _Dead."""
    if _host(link.url) is None:
        raise _Dead("not a web address")
    try:
        answer = session.get(link.url, stream=True, timeout=manners.timeout)
    except requests.Timeout as problem:
        raise _Dead(NO_ANSWER[1]) from problem
    except requests.TooManyRedirects as problem:
        raise _Dead("redirected in a circle") from problem
    except requests.exceptions.SSLError as problem:
        raise _Dead("no valid certificate") from problem
    except requests.ConnectionError as problem:
        raise _Dead(NO_ANSWER[0]) from problem
    except (requests.RequestException, ValueError) as problem:  # what a list of 2014 holds is not always an address
        raise _Dead("not a web address") from problem
    with answer:
        if answer.status_code == 429 or answer.status_code >= 500:
            stated = answer.headers.get("Retry-After", "")
            raise _Dead(f"answered {answer.status_code}", later=float(stated) if stated.isdigit() else 0.0)
        if answer.status_code != 200:
            raise _Dead(f"answered {answer.status_code}")
        content = _content(requests, answer, manners, stopped)
    if hashlib.sha256(content).hexdigest() != link.sha256.lower():
        raise _Dead("another file")
    return content


def _content(requests: ModuleType, answer: Any, manners: Manners, stopped: threading.Event) -> bytes:
    end = time.monotonic() + manners.deadline
    pieces = []
    try:
        for piece in read_limited(answer, manners.max_bytes):
            pieces.append(piece)
            if time.monotonic() > end or stopped.is_set():
                raise _Dead("too slow")
    except WrongFile as problem:
        raise _Dead(f"longer than {manners.max_bytes / 1e6:.0f} MB") from problem
    except requests.ConnectionError as problem:
        raise _Dead("broke off", later=0.0) from problem
    return b"".join(pieces)


def _host(url: str) -> str | None:
    """The host's name, None if there is none to ask."""
    try:
        parts = urlsplit(url)
        return parts.hostname if parts.scheme in ("http", "https") else None
    except ValueError:
        return None
