"""A browser that is cut off from the network, the kernel-free page, and a real JupyterLab."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import find_chromium
from tests.local_server import free_ports, wait_for

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
QUIET = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
LOCAL = re.compile(r"^(https?|wss?)://(127\.0\.0\.1|localhost)[:/]|^(data|blob|file|about):")


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser without a window."""
    with sync_playwright() as playwright:
        instance = playwright.chromium.launch(executable_path=find_chromium(), args=list(QUIET))
        yield instance
        instance.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with launched() as instance:
        yield instance


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page that can reach nothing but this computer; it must not even try, and must not log an error."""
    with cut_off_page(browser) as (fresh, complaints):
        yield fresh
        assert complaints == []


@contextmanager
def cut_off_page(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """A page, and the list of what it should not have done: requests to elsewhere, uncaught errors."""
    complaints: list[str] = []
    context = browser.new_context(viewport={"width": 1300, "height": 1000})
    context.grant_permissions(["clipboard-read", "clipboard-write"])

    def gate(route):
        if LOCAL.match(route.request.url):
            route.continue_()
        else:
            complaints.append(f"asked for {route.request.url}")
            route.abort()

    context.route("**/*", gate)
    fresh = context.new_page()
    fresh.on("pageerror", lambda problem: complaints.append(f"uncaught: {problem}"))
    yield fresh, complaints
    context.close()


@pytest.fixture(scope="session")
def lab_page(tmp_path_factory) -> str:
    """The address of the kernel-free page."""
    from mia_kit.widgets.page import write_page

    rows = [{"smoothing": "+0.05", "distance": "0.65"}]
    return write_page(tmp_path_factory.mktemp("page") / "lab.html", rows=rows).as_uri()


@contextmanager
def jupyterlab() -> Iterator[str]:
    """The address of a JupyterLab that serves a copy of the notebooks, with settings of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        shutil.copytree(NOTEBOOKS, Path(home) / "notebooks")
        with start_jupyterlab(Path(home)) as address:
            yield address


@contextmanager
def start_jupyterlab(home: Path) -> Iterator[str]:
    """Start JupyterLab on `home`/notebooks, wait until it answers, and stop it at the end."""
    (port,) = free_ports(1)
    own = {name: str(home / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    own |= {"JUPYTERLAB_SETTINGS_DIR": str(home / "settings"), "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces")}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}", "--ServerApp.port_retries=0"]
    command += ["--ip=127.0.0.1", "--IdentityProvider.token=", "--allow-root"]
    command += [f"--ServerApp.root_dir={home / 'notebooks'}", "--LabApp.extension_manager=readonly"]
    quiet = home / "jupyter_config_dir" / "labconfig" / "page_config.json"
    quiet.parent.mkdir(parents=True, exist_ok=True)
    quiet.write_text('{"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": true}}')
    log = (home / "server.log").open("w")
    server = subprocess.Popen(command, env=os.environ | own, stdout=log, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/api/status", server, home / "server.log", seconds=60)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=20)
