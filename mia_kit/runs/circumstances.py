"""Under which circumstances something was measured: versions, device, seconds, date."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from typing import Any


def circumstances(seconds: float) -> dict[str, Any]:
    """Versions, device, seconds and today's date, as plain values."""
    return {
        "versions": _versions(),
        "device": _device(),
        "seconds": round(seconds, 1),
        "date": datetime.now(UTC).date().isoformat(),
    }


def _versions() -> dict[str, str]:
    import numpy
    import sklearn
    import torch

    from mia_kit import __version__

    ours = {"python": platform.python_version(), "mia_kit": __version__}
    return ours | {module.__name__: str(module.__version__) for module in (torch, numpy, sklearn)}


def _device() -> str:
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"CPU ({platform.machine()}), {torch.get_num_threads()} threads"
