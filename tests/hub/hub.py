"""A JupyterHub on this machine, configured by binder/jupyterhub_config.py, for as long as a block lasts."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from mia_kit.course.classroom import Reading, memory
from mia_kit.data.folders import data_folders
from tests.local_server import free_ports, wait_for

ROOT = Path(__file__).resolve().parents[2]
NEEDS = "needs JupyterHub and its proxy: pip install jupyterhub && npm install -g configurable-http-proxy"
SECONDS_TO_START = 300
SECONDS_TO_END = 300  # it stops every learner's server and kernels first


def missing() -> str:
    """What a hub lacks here; "" for nothing."""
    here = Path(sys.executable).parent / "jupyterhub"
    return "" if here.is_file() and shutil.which("configurable-http-proxy") else NEEDS


@contextmanager
def running(folder: Path, handout: Path) -> Iterator[tuple[str, int]]:
    """Address and process of a hub whose learners' folders lie in `folder`. RuntimeError if it does not answer."""
    address, proxy, hub = (f"http://127.0.0.1:{port}" for port in free_ports(3))
    environment = os.environ | {
        "MIA_KIT_CLASS": str(folder),
        "MIA_KIT_HANDOUT": str(handout),
        # Learners have homes of their own; the faces of chapter 5 lie in ours.
        "MIA_KIT_DATA": os.pathsep.join(str(place) for place in data_folders() if place.is_dir()),
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
        wait_for(f"{address}/hub/login", process, folder / "hub.log", seconds=SECONDS_TO_START)
        yield address, process.pid
    finally:
        process.terminate()
        process.wait(SECONDS_TO_END)


def held_by(process: int) -> Reading:
    """Memory of all servers and kernels below a hub's process, the hub and its proxy left out."""
    readings = [reading for child in _learners_processes(process) if (reading := memory(child.pid))]
    return Reading(sum(reading.proportional for reading in readings), sum(reading.resident for reading in readings))


def processor_seconds(process: int) -> float:
    """What they have cost so far, kernels that have ended included as long as their server lives."""
    seconds = 0.0
    for child in _learners_processes(process):
        with suppress(psutil.NoSuchProcess):
            seconds += sum(child.cpu_times()[:4])  # its own, and that of children that have ended
    return seconds


def _learners_processes(process: int) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for server in psutil.Process(process).children():
        with suppress(psutil.NoSuchProcess):
            if "singleuser" in " ".join(server.cmdline()):
                found += [server, *server.children(recursive=True)]
    return found
