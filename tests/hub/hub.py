"""A JupyterHub on this machine, configured by binder/jupyterhub_config.py, for as long as a block lasts."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

from mia_kit.course.classroom import Reading, memory

ROOT = Path(__file__).resolve().parents[2]
NEEDS = "needs JupyterHub and its proxy: pip install jupyterhub && npm install -g configurable-http-proxy"
SECONDS_TO_START = 300


def missing() -> str:
    """What a hub lacks here; "" for nothing."""
    here = Path(sys.executable).parent / "jupyterhub"
    return "" if here.is_file() and shutil.which("configurable-http-proxy") else NEEDS


@contextmanager
def running(folder: Path, handout: Path) -> Iterator[tuple[str, int]]:
    """Address and process of a hub whose learners' folders lie in `folder`. RuntimeError if it does not answer."""
    address, proxy, hub = (f"http://127.0.0.1:{port}" for port in _free_ports(3))
    environment = os.environ | {
        "MIA_KIT_CLASS": str(folder),
        "MIA_KIT_HANDOUT": str(handout),
        "PYTHONPATH": str(ROOT),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    settings = {"JupyterHub.bind_url": address, "JupyterHub.hub_bind_url": hub, "ConfigurableHTTPProxy.api_url": proxy}
    command = [sys.executable, "-m", "jupyterhub", "-f", str(ROOT / "binder" / "jupyterhub_config.py")]
    with (folder / "hub.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *(f"--{name}={value}" for name, value in settings.items())],
            cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        _wait(address, process, folder / "hub.log")
        yield address, process.pid
    finally:
        process.terminate()
        process.wait(60)


def held_by(process: int) -> Reading:
    """Memory of all servers and kernels below a hub's process, the hub and its proxy left out."""
    readings = [reading for pid in _learners_processes(process) if (reading := memory(pid))]
    return Reading(sum(reading.proportional for reading in readings), sum(reading.resident for reading in readings))


def processor_seconds(process: int) -> float:
    """What they have cost so far, kernels that have ended included as long as their server lives."""
    ticks = 0
    for pid in _learners_processes(process):
        with suppress(FileNotFoundError, ProcessLookupError):
            ticks += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _learners_processes(process: int) -> list[int]:
    children = _children()
    servers = [child for child in children.get(process, []) if "singleuser" in _command(child)]
    return [pid for server in servers for pid in _tree(server, children)]


def _children() -> dict[int, list[int]]:
    """The processes of this machine by their parent."""
    children: dict[int, list[int]] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(place.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(parent, []).append(int(place.parent.name))
    return children


def _tree(process: int, children: dict[int, list[int]]) -> list[int]:
    return [process, *(pid for child in children.get(process, []) for pid in _tree(child, children))]


def _command(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _wait(address: str, process: subprocess.Popen, log: Path) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until and process.poll() is None:
        try:
            requests.get(f"{address}/hub/login", timeout=10).raise_for_status()
            return
        except requests.RequestException:
            time.sleep(0.5)
    raise RuntimeError(f"the hub does not answer: {log.read_text(errors='replace')[-2000:]}")
