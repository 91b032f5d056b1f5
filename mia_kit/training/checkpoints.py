"""Checkpoints that survive a kill: a file is written beside its final name, flushed and renamed."""

from __future__ import annotations

import os
import pickle
import tempfile
from pathlib import Path
from typing import Any

import torch


class CheckpointError(RuntimeError):
    """A checkpoint is damaged or belongs to another run; the message says what to do."""


def save_checkpoint(path: Path, state: dict[str, Any], *, run: str) -> None:
    """Write `state`, tensors and plain values, so that a kill or a full disk leaves the last checkpoint whole.

    `run` names the settings of the run, so that no other run goes on from here. Raises OSError if the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            torch.save({"run": run, "state": state}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        Path(part).unlink(missing_ok=True)


def load_checkpoint(path: Path, *, run: str) -> dict[str, Any] | None:
    """The state saved last, on the CPU; None if there is no file. No code in the file is run.

    Raises
    ------
    CheckpointError
        If the file is damaged, holds more than tensors and plain values, or belongs to other settings.
    """
    if not path.is_file():
        return None
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        owner, state = saved["run"], saved["state"]
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, TypeError, ValueError) as problem:
        raise CheckpointError(f"The checkpoint {path} cannot be read: delete it to start again.") from problem
    if owner != run:
        raise CheckpointError(f"The checkpoint {path} belongs to a run with other settings: delete or move it.")
    found: dict[str, Any] = state
    return found
