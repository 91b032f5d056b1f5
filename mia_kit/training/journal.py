"""Optional curves in TensorBoard for whoever names a folder, in MIA_KIT_TENSORBOARD or by `mia-kit run --tensorboard`.

A variable of the environment, because the workers of a cluster inherit it. Without it nothing is imported or written.
The curves are for looking on: every number that counts lies in the store and in the evidence.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = "MIA_KIT_TENSORBOARD"
INSTALL = 'python -m pip install "tensorboard>=2.18"'
# Called as note(step, name=value, ...).
Note = Callable[..., None]


@contextmanager
def journal(checkpoint: Path | None, *, first: int = 0) -> Iterator[Note]:
    """A function that notes numbers of a step, under the name of the part of the store that `checkpoint` belongs to.

    What a killed run noted from step `first` on is replaced. ImportError if a folder is named, TensorBoard absent.
    """
    folder = os.environ.get(FOLDER)
    if not folder:
        yield lambda step, **values: None
        return
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as problem:
        raise ImportError(f"{FOLDER} is set, but TensorBoard is absent: {INSTALL}, or unset it") from problem
    writer = SummaryWriter(str(Path(folder) / _name(checkpoint)), purge_step=first or None)

    def note(step: int, **values: float) -> None:
        for name, value in values.items():
            writer.add_scalar(name, value, step)

    try:
        yield note
    finally:
        writer.close()


def _name(checkpoint: Path | None) -> str:
    """That of the store's part, "face_target-1a2b3c4d", whose checkpoint lies in <kind>/<digest>.work, or its own."""
    if checkpoint is None:
        return "without-checkpoint"
    work = checkpoint.parent
    return f"{work.parent.name}-{work.name[:8]}" if work.suffix == ".work" else checkpoint.stem
