"""Audit your own classifier: what it gives away about the pictures that it was trained on.

    from mia_kit import audit
    report = audit.run("audit.yaml")            # or audit.run(configuration, model=network)
    report.write()

`mia-kit audit audit.yaml` does the same. PyTorch is loaded when an audit begins, not before.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

    from mia_kit.audit.report import Report

__all__ = ["run"]


def run(source: Path | str | dict[str, Any], *, model: nn.Module | None = None, **options: Any) -> Report:
    """Audit the classifier that a YAML file, a mapping or a `Config` describes, or a `model` in memory.

    Options are `trust`, `budget` in minutes, `fail_if` and `progress`; see `mia_kit.audit.session.run`.
    """
    from mia_kit.audit import session

    return session.run(source, model=model, **options)
