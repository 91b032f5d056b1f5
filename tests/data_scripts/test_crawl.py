"""Many files from hosts that behave well and badly: polite, checked, dead links counted and remembered."""

import hashlib
import os
import time
from itertools import pairwise
from pathlib import Path

import pytest

import crawl
from crawl import Journal, Link, Manners
from mia_kit.data import DataError
from tests.killing import at_work
from tests.local_server import Server, content, endless, half, in_turn, slowly, status

QUICK = Manners(workers=4, delay=0.0, timeout=2.0, deadline=2.0, max_bytes=10_000)


def body(number: int) -> bytes:
    return f"picture {number}".encode()


def link(server: Server, number: int, *, host: str = "127.0.0.1") -> Link:
    """A link to picture `number`; localhost is the same server as another host."""
    return Link(f"http://{host}:{server.server_port}/{number}", hashlib.sha256(body(number)).hexdigest())


def keeper(folder: Path):
    """Writes each file under its hash, whole or not at all."""
    folder.mkdir(exist_ok=True)

    def keep(found: Link, content: bytes) -> str | None:
        (folder / f"{found.sha256}.part").write_bytes(content)
        os.replace(folder / f"{found.sha256}.part", folder / found.sha256)
        return None

    return keep


def run(links: list[Link], folder: Path, manners: Manners = QUICK) -> dict[Link, str | None]:
    return dict(crawl.crawl(links, keeper(folder / "kept"), Journal(folder / "dead.tsv"), manners))


def test_all_that_can_go_wrong(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crawl, "PAUSE", 0.01)
    links = [link(server, number) for number in range(12)]
    server.routes = {
        "/0": content(body(0)),
        "/1": status(404),
        "/2": status(500),
        "/3": in_turn(status(503), status(429), content(body(3))),
        "/4": content(b"a page that says sorry"),
        "/5": endless,
        "/6": slowly(body(6) * 50, 0.05),
        "/7": status(302, Location="/0"),
        "/8": status(302, Location="/8"),
        "/9": in_turn(half(body(9), 3), content(body(9))),
        "/10": half(body(10), 3),
        "/11": status(301, Location=f"{server.url}/moved"),
        "/moved": content(body(11)),
    }
    expected = {1: "answered 404", 2: "answered 500", 4: "another file", 5: "longer than 0 MB", 6: "too slow"}
    expected |= {7: "another file", 8: "redirected in a circle", 10: "broke off"}
    nowhere = Link("ftp://127.0.0.1/1", "0" * 64), Link("http://[half/1", "1" * 64)
    gone = Link("http://127.0.0.1:9/x", "2" * 64)
    outcome = run([*links, *nowhere, gone], tmp_path)
    assert {number: outcome[each] for number, each in enumerate(links) if outcome[each]} == expected
    assert [outcome[each] for each in (*nowhere, gone)] == ["not a web address"] * 2 + ["no such host or no connection"]
    assert server.paths().count("/2") == 3
    assert {path.read_bytes() for path in (tmp_path / "kept").iterdir()} == {body(i) for i in (0, 3, 9, 11)}
    dead = {each: reason for each, reason in outcome.items() if reason}
    written = Journal(tmp_path / "dead.tsv").read()
    assert dead.keys() - written.keys() <= {gone}  # no host may have answered after it
    assert all(dead[each] == reason for each, reason in written.items())


def test_a_host_without_an_answer_is_given_up(server: Server, tmp_path: Path) -> None:
    server.routes["/0"] = slowly(body(0), 0.05)
    gone = [Link(f"http://127.0.0.1:9/{number}", f"{number:064}") for number in range(40)]
    outcome = run([*gone, link(server, 0, host="localhost")], tmp_path)
    assert [outcome[each] for each in gone] == ["no such host or no connection"] * 40
    assert Journal(tmp_path / "dead.tsv").read().keys() == set(gone)  # the answer that came last proves the network


def test_offline_kills_no_link(tmp_path: Path) -> None:
    links = [Link(f"http://127.0.0.{host}:9/x", "0" * 64) for host in range(1, 100)]
    with pytest.raises(DataError, match="50 hosts in a row do not answer: is this machine online"):
        run(links, tmp_path)
    assert Journal(tmp_path / "dead.tsv").read() == {}


def test_politeness(server: Server, tmp_path: Path) -> None:
    """Two hosts: at each, starts at least `delay` apart; both are asked at the same time."""
    server.routes = {f"/{number}": content(body(number)) for number in range(12)}
    links = [link(server, number, host=("127.0.0.1", "localhost")[number % 2]) for number in range(12)]
    began = time.monotonic()
    outcome = run(links, tmp_path, Manners(workers=6, delay=0.1))
    assert set(outcome.values()) == {None}
    assert time.monotonic() - began < 1.1  # one host after the other would take 1.2 and more
    for even in (0, 1):
        starts = sorted(when for path, when, _ in server.asked if int(path[1:]) % 2 == even)
        assert min(later - sooner for sooner, later in pairwise(starts)) > 0.05


def test_a_host_is_waited_for_as_it_asks_and_a_full_disk_stops_everything(server: Server, tmp_path: Path) -> None:
    server.routes["/0"] = in_turn(status(429, Retry_After="1"), content(body(0)))
    assert run([link(server, 0)], tmp_path) == {link(server, 0): None}
    assert server.asked[1][1] - server.asked[0][1] >= 1
    server.routes = {f"/{number}": content(body(number)) for number in range(9)}

    def full(*_: object) -> None:
        raise DataError("The disk is full")

    with pytest.raises(DataError, match="The disk is full"):
        list(crawl.crawl([link(server, number) for number in range(9)], full, Journal(tmp_path / "dead"), QUICK))


def test_a_torn_line_of_the_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "dead.tsv")
    one, two = Link("http://a/1", "1" * 64), Link("http://a/2", "2" * 64)
    journal.add(one, "answered 404")
    journal.path.write_bytes(journal.path.read_bytes() + b"another file\thttp://a/3\t33")
    assert journal.read() == {one: "answered 404"}
    journal.add(two, "another file")
    assert journal.read() == {one: "answered 404", two: "another file"}


def test_killed_again_and_again(server: Server, tmp_path: Path) -> None:
    """Every kill keeps what was there, and nothing that is kept or dead is asked for again."""
    server.routes = {f"/{number}": content(body(number)) if number % 3 else status(404) for number in range(36)}
    links = [link(server, number) for number in range(36)]

    def rest() -> list[Link]:
        dead = Journal(tmp_path / "dead.tsv").read()
        return [each for each in links if each not in dead and not (tmp_path / "kept" / each.sha256).exists()]

    left = [36]
    manners = Manners(workers=3, delay=0.1)
    for _ in range(3):
        end = time.monotonic() + 60
        with at_work(run, rest(), tmp_path, manners):
            while len(rest()) > left[-1] - 3 and time.monotonic() < end:
                time.sleep(0.01)
        left.append(len(rest()))
    assert all(after < before for before, after in pairwise(left))
    run(rest(), tmp_path, manners)
    assert rest() == []
    again = sum(server.paths().count(f"/{number}") - 1 for number in range(36))
    assert again <= 3 * 3 * 2  # what was on its way when the kill came
    assert all((tmp_path / "kept" / each.sha256).exists() == bool(n % 3) for n, each in enumerate(links))
