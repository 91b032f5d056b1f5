"""The fixtures of these tests: an empty data folder, and a host on this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import downloads
from tests.local_server import Server, serving


@pytest.fixture
def data_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder that MIA_KIT_DATA points to; the cache is a new one too."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("MIA_KIT_DATA", str(folder))
    monkeypatch.setattr("mia_kit.data.folders._platform_cache", lambda: tmp_path / "cache")
    return folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a network is read from."""
    return tmp_path / "network.pkl"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where it would be written to: what was converted before."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "faces.safetensors").write_bytes(b"before")
    return tmp_path / "out" / "faces.safetensors"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A host that does what a test tells it to."""
    monkeypatch.setattr(downloads, "PAUSE", 0.01)
    with serving() as host:
        yield host
