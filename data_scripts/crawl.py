"""Many small files from many hosts: several at once, but politely to each host; only bytes with the right hash count.

The reader of FaceScrub's lists: a hundred thousand addresses on thousands of hosts, most of them long dead. Links that
failed go into a journal, one line each, and are not tried again. Needs `pip install 'mia_kit[full]'`.
"""

from __future__ import annotations

import hashlib
import heapq
import queue
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from downloads import USER_AGENT, TooLong, from_full, read_limited
from mia_kit import check
from mia_kit.data.folders import DataError, write_error

# Reasons which may be our own network's fault. They count once some host has answered after them.
NO_ANSWER = ("no such host or no connection", "no answer in time")
# So many hosts without any answer in between: it is not them.
OFFLINE = 50
# After so many links without an answer in a row, a host's other links are not asked for.
GIVE_UP = 5
MAX_REDIRECTS = 5
# A host that says "later" is given at most so long, in seconds.
LONGEST_WAIT = 60.0


@dataclass(frozen=True)
class Link:
    """An address, and the sha256 (hexadecimal) of the file that it once led to."""

    url: str
    sha256: str


# What becomes of a link's bytes: None, or a reason why they are of no use.
Keep = Callable[[Link, bytes], str | None]


@dataclass(frozen=True)
class Manners:
    """How to treat the hosts.

    Attributes
    ----------
    workers : requests at once
    per_host : of these, at one host
    delay : seconds between the beginnings of two requests to one host
    timeout, deadline : seconds without a byte, and for a whole file
    max_bytes : length of the longest file
    attempts : how often a host that answers "later" or with an error of its own (429, 5xx) is asked

    Raises
    ------
    ValueError
        If there is no worker, or a time is negative or no number.
    """

    workers: int = 16
    per_host: int = 2
    delay: float = 0.5
    timeout: float = 20.0
    deadline: float = 120.0
    max_bytes: int = 30 * 10**6
    attempts: int = 3

    def __post_init__(self) -> None:
        for name in ("workers", "per_host", "max_bytes", "attempts"):
            check.count(name, getattr(self, name))
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


class Turns:
    """Whose turn it is: links wait in line at their host, and hosts wait until they may be asked again."""

    def __init__(self, links: Iterable[Link], manners: Manners) -> None:
        self.manners = manners
        self.lines: dict[str | None, deque[Link]] = defaultdict(deque)
        for link in links:
            self.lines[_host(link.url)].append(link)
        # A heap: from when on a host may be asked. The number settles a tie.
        self.numbers = count()
        self.ready = [(0.0, next(self.numbers), host) for host in self.lines]
        self.listed = set(self.lines)
        self.next_start: dict[str | None, float] = defaultdict(float)
        self.busy: Counter[str | None] = Counter()
        self.silent: Counter[str | None] = Counter()
        self.asked: Counter[Link] = Counter()
        self.changed = threading.Condition()
        self.stopped = False

    def take(self) -> Link | None:
        """The next link, as soon as its host may be asked; None when there is none left. Then call `give_back`."""
        with self.changed:
            while not self.stopped and (self.ready or self.busy.total()):
                now = time.monotonic()
                if not self.ready or self.ready[0][0] > now:
                    self.changed.wait(self.ready[0][0] - now if self.ready else None)
                    continue
                host = heapq.heappop(self.ready)[2]
                self.listed.discard(host)
                if self.lines[host]:
                    return self._start(host, now)
            self.changed.notify_all()
            return None

    def give_back(self, link: Link, *, again_in: float | None = None, silent: bool = False) -> list[Link]:
        """The request is over. Returns the other links of a host that has been silent too often: they are given up.

        With `again_in` the link goes to the head of its line, and the host rests for so many seconds. `silent` says
        that the host gave no answer at all.
        """
        host = _host(link.url)
        with self.changed:
            self.busy[host] -= 1
            self.silent[host] = self.silent[host] + 1 if silent else 0
            given_up = list(self.lines[host]) if self.silent[host] >= GIVE_UP else []
            if given_up:
                self.lines[host].clear()
            if again_in is not None:
                self.lines[host].appendleft(link)
                self.next_start[host] = max(self.next_start[host], time.monotonic() + again_in)
            self._list(host)
            self.changed.notify_all()
        return given_up

    def stop(self) -> None:
        """Give out no more."""
        with self.changed:
            self.stopped = True
            self.changed.notify_all()

    def _start(self, host: str | None, now: float) -> Link:
        link = self.lines[host].popleft()
        self.busy[host] += 1
        self.asked[link] += 1
        self.next_start[host] = now + self.manners.delay
        self._list(host)
        return link

    def _list(self, host: str | None) -> None:
        """Put a host on the heap if links wait there and it is not asked by too many."""
        if host not in self.listed and self.lines[host] and self.busy[host] < self.manners.per_host:
            heapq.heappush(self.ready, (self.next_start[host], next(self.numbers), host))
            self.listed.add(host)


def crawl(
    links: Iterable[Link], keep: Keep, journal: Journal, manners: Manners | None = None
) -> Iterator[tuple[Link, str | None]]:
    """Fetch all links; yields each with None, or with the reason why it is dead, as they come in.

    Stopping early (Ctrl-C, `close()`) is safe at any moment: what was kept is kept, the others come next time.

    Parameters
    ----------
    links : each once
    keep : called in several threads with the bytes of a link, which have its sha256; returns None, or a reason why they
        are of no use. It must write whole files or none
    journal : gets the dead links. A link that met no host at all is written down only after some host has answered
    manners : `Manners()` by default

    Raises
    ------
    DataError
        If `keep` or the journal cannot write, or no host answers at all, so that this machine must be offline.
    """
    manners = manners or Manners()
    requests = from_full("requests")
    turns = Turns(links, manners)
    results: queue.Queue = queue.Queue()
    arguments = (requests, turns, keep, manners, results)
    threads = [threading.Thread(target=_work, args=arguments, daemon=True) for _ in range(manners.workers)]
    try:
        for thread in threads:
            thread.start()
        yield from _recorded(_received(results, len(threads)), journal)
    finally:
        turns.stop()


def _received(results: queue.Queue, workers: int) -> Iterator[tuple[Link, str | None]]:
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
    turns: Turns,
    keep: Callable[[Link, bytes], str | None],
    manners: Manners,
    results: queue.Queue,
) -> None:
    """One worker: asks for link after link until there is none left."""
    try:
        with requests.Session() as session:
            session.headers.update({"User-Agent": USER_AGENT, "Accept-Encoding": "identity"})
            session.max_redirects = MAX_REDIRECTS
            while (link := turns.take()) is not None:
                try:
                    content = _fetch(requests, session, link, manners, turns)
                except _Dead as dead:
                    if dead.wait is not None and turns.asked[link] < manners.attempts:
                        turns.give_back(link, again_in=dead.wait)
                    else:
                        given_up = turns.give_back(link, silent=dead.reason in NO_ANSWER)
                        for other in (link, *given_up):
                            results.put((other, dead.reason))
                else:
                    turns.give_back(link)
                    results.put((link, keep(link, content)))
    except BaseException as problem:  # the main thread raises it
        results.put(problem)
    else:
        results.put(None)


class _Dead(Exception):
    """A link that led to nothing; `wait` seconds later it may, or never (None)."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        self.reason, self.wait = reason, wait


def _fetch(requests: ModuleType, session: Any, link: Link, manners: Manners, turns: Turns) -> bytes:
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
            raise _Dead(f"answered {answer.status_code}", _wait(answer, turns.asked[link]))
        if answer.status_code != 200:
            raise _Dead(f"answered {answer.status_code}")
        content = _content(requests, answer, manners, turns)
    if hashlib.sha256(content).hexdigest() != link.sha256.lower():
        raise _Dead("another file")
    return content


def _content(requests: ModuleType, answer: Any, manners: Manners, turns: Turns) -> bytes:
    end = time.monotonic() + manners.deadline
    pieces = []
    try:
        for piece in read_limited(answer, manners.max_bytes):
            pieces.append(piece)
            if time.monotonic() > end or turns.stopped:
                raise _Dead("too slow")
    except TooLong as problem:
        raise _Dead(f"longer than {manners.max_bytes / 1e6:.0f} MB") from problem
    except requests.ConnectionError as problem:
        raise _Dead("broke off", wait=manners.delay) from problem
    return b"".join(pieces)


def _wait(answer: Any, asked: int) -> float:
    """Seconds that the host asks for, or twice as long after each time."""
    stated = answer.headers.get("Retry-After", "")
    return min(float(stated) if stated.isdigit() else 2.0 ** (asked - 1), LONGEST_WAIT)


def _host(url: str) -> str | None:
    """The host's name, None if there is none to ask."""
    try:
        parts = urlsplit(url)
        return parts.hostname if parts.scheme in ("http", "https") else None
    except ValueError:
        return None
