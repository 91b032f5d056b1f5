"""What both laboratories share, whose drawing is done by the browser: work in a thread, and what a stored one shows."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

try:
    import anywidget
    import traitlets
except ImportError as problem:
    raise ImportError('The laboratories need anywidget. Install it with: pip install "mia-kit[lab]"') from problem

__all__ = ["Laboratory", "traitlets"]


class Laboratory(anywidget.AnyWidget):
    """A widget that its script draws. In a notebook that is executed for commit `stored` is shown instead."""

    thread: threading.Thread | None = None

    def stored(self) -> dict[str, Any]:
        """What stands in a stored notebook, by MIME type."""
        raise NotImplementedError

    def work(self, job: Callable[..., None], *arguments: Any, what: str) -> None:
        """Run a job in a thread of its own, so that the notebook's cells still run, unless one is at work.

        Whatever goes wrong reaches the learner as one sentence about `what`.
        """

        def told() -> None:
            try:
                job(*arguments)
            except Exception as problem:  # would be lost in a thread; the widget shows it
                self.send({"type": "failed", "sentence": f"{what} did not finish: {problem}"})

        if self.thread is None or not self.thread.is_alive():
            self.thread = threading.Thread(target=told, daemon=True)
            self.thread.start()

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self.stored() if os.environ.get("MIA_KIT_STATIC") == "1" else super()._repr_mimebundle_(**options)
