"""An evidence folder of the test's own."""

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MIA_KIT_EVIDENCE", str(tmp_path))
    return tmp_path
