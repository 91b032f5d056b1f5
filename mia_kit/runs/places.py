"""Where evidence lies. A file of its own, so that looking there waits for no library."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def evidence_folder() -> Path:
    """`MIA_KIT_EVIDENCE`, or the checkout's notebooks/evidence, or the installed package's."""
    if folder := os.environ.get("MIA_KIT_EVIDENCE"):
        return Path(folder)
    checkout = PACKAGE.parent / "notebooks" / "evidence"
    return checkout if checkout.is_dir() else PACKAGE / "evidence"
