"""Audit your own classifier: what it gives away about the pictures that it was trained on.

    from mia_kit import audit
    report = audit.run("audit.yaml")            # or audit.run(configuration, model=network)
    report.write()

`mia-kit audit audit.yaml` does the same. PyTorch is loaded when an audit begins, not before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mia_kit.audit.session import run

__all__ = ["run"]


def __getattr__(name: str) -> Any:
    if name != "run":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from mia_kit.audit.session import run

    return run
