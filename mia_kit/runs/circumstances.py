"""Under which circumstances something was measured: versions, device, seconds, date."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from typing import Any


def circumstances(seconds: float) -> dict[str, Any]:
    """Versions, device, seconds and today's date, as plain values."""
    import numpy
    import sklearn
    import torch

    from mia_kit import __version__

    versions = {module.__name__: str(module.__version__) for module in (torch, numpy, sklearn)}
    device = f"CPU ({platform.machine()}), {torch.get_num_threads()} threads"
    if torch.cuda.is_available():
        device = torch.cuda.get_device_name()
    return {
        "versions": {"python": platform.python_version(), "mia_kit": __version__} | versions,
        "device": device,
        "seconds": round(seconds, 1),
        "date": datetime.now(UTC).date().isoformat(),
    }
