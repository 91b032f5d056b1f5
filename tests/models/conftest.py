"""Where a network is read from, and where it would be written to."""

from pathlib import Path

import pytest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "network.pkl"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """What was converted before."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "faces.safetensors").write_bytes(b"before")
    return tmp_path / "out" / "faces.safetensors"
