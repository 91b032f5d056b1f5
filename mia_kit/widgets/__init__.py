"""Widgets of the notebooks, and the same drawings as a page without a kernel. No mathematics in Python here.

`SmoothingLab` needs anywidget (`pip install "mia-kit[lab]"`); `write_page` does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mia_kit.widgets.page import write_page
    from mia_kit.widgets.smoothing_lab import SmoothingLab

__all__ = ["SmoothingLab", "write_page"]


def __getattr__(name: str) -> Any:
    if name == "SmoothingLab":
        from mia_kit.widgets.smoothing_lab import SmoothingLab

        return SmoothingLab
    if name == "write_page":
        from mia_kit.widgets.page import write_page

        return write_page
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
