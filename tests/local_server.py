"""A host on this machine that behaves as a test tells it to: well, slowly, in halves, with errors, without end.

And what tests need that start a real server: ports, and a wait until it answers.
"""

import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Request(BaseHTTPRequestHandler):
    """One request. `server.routes` says what to do with a path; all of them are noted in `server.asked`."""

    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        server.asked.append((self.path, time.monotonic(), dict(self.headers)))
        with suppress(BrokenPipeError, ConnectionResetError):  # the other side has gone: some tests want that
            server.routes.get(self.path, status(404))(self)

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def start(self, code: int, **headers: object) -> None:
        """Status and headers; `Content_Length=3` stands for `Content-Length: 3`."""
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()


Behaviour = Callable[[Request], None]


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def wait_for(url: str, server: subprocess.Popen, log: Path, *, seconds: float) -> None:
    """Wait until a server answers. RuntimeError with the end of its log if it ends, or does not answer in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=10).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"{url} does not answer:\n{log.read_text(errors='replace')[-2000:]}")


class Server(ThreadingHTTPServer):
    """The host; `url` is its address, `routes` may be changed at any time."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.routes: dict[str, Behaviour] = {}
        self.asked: list[tuple[str, float, dict[str, str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [path for path, _, _ in self.asked]

    def handle_error(self, *_: object) -> None:
        """Quiet: a reader that hangs up is no error of the test."""


@contextmanager
def serving() -> Iterator[Server]:
    """A running host."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def content(body: bytes, *, ranges: bool = True) -> Behaviour:
    """Answers well: the body, or the range of it that is asked for."""

    def answer(request: Request) -> None:
        wanted = request.headers.get("Range", "")
        start = int(wanted.removeprefix("bytes=").split("-")[0]) if wanted and ranges else 0
        if start and start >= len(body):
            request.start(416, Content_Length=0)
        else:
            request.start(206 if start else 200, Content_Length=len(body) - start)
            request.wfile.write(body[start:])

    return answer


def half(body: bytes, sent: int) -> Behaviour:
    """Promises the whole body, sends a part of it and hangs up."""

    def answer(request: Request) -> None:
        request.start(200, Content_Length=len(body))
        request.wfile.write(body[:sent])
        request.close_connection = True

    return answer


def slowly(body: bytes, pause: float) -> Behaviour:
    """Byte after byte."""

    def answer(request: Request) -> None:
        request.start(200, Content_Length=len(body))
        for place in range(len(body)):
            request.wfile.write(body[place : place + 1])
            request.wfile.flush()
            time.sleep(pause)

    return answer


def endless(request: Request) -> None:
    """A body without length and without end."""
    request.start(200)
    while True:
        request.wfile.write(bytes(1 << 16))


def silent(request: Request) -> None:
    """Takes the question and says nothing for long."""
    time.sleep(3)


def status(code: int, **headers: object) -> Behaviour:
    """An answer without content."""
    return lambda request: request.start(code, Content_Length=0, **headers)


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """The first behaviour for the first request, and so on; the last one stays."""
    rest = list(behaviours)
    return lambda request: (rest.pop(0) if len(rest) > 1 else rest[0])(request)
