"""Checkpoints that survive a kill: a file is written beside its final name, flushed and renamed.

The file is PyTorch's own format and is read without running any code that it may hold. PyTorch does not compare the
checksums that it writes, so that a flipped bit would become a wrong weight: `load_checkpoint` compares them first.
"""

from __future__ import annotations

import glob
import hashlib
import io
import json
import pickle
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from mia_kit.data.folders import write_whole

Progress = TypeVar("Progress")
# What a few bytes in the wrong place lead to, somewhere in PyTorch.
DAMAGE = (AttributeError, LookupError, RuntimeError, TypeError, ValueError)


class CheckpointError(OSError):
    """A checkpoint is damaged or belongs to another run; the message says what to do."""


def save_checkpoint(path: Path, state: dict[str, Any], *, run: str) -> None:
    """Write `state`, tensors and plain values, so that a kill or a full disk leaves the last checkpoint whole.

    `run` names the settings of the run, so that no other run goes on from here.
    """
    content = io.BytesIO()  # PyTorch would turn a full disk into a RuntimeError about positions
    torch.save({"run": run, "state": state}, content)
    try:
        write_whole(path, content.getbuffer())
    except OSError as problem:
        raise OSError(
            problem.errno,
            f"the checkpoint {path} could not be written ({problem.strerror}); the one before it, if any, is whole: "
            "make room and run this again",
        ) from problem


def load_checkpoint(path: Path, *, run: str) -> dict[str, Any] | None:
    """The state saved last, on the CPU; None if there is no file. No code in the file is run.

    What a killed run left half-written beside it is removed. CheckpointError if the file is damaged, holds more than
    tensors and plain values, or belongs to other settings.
    """
    for unfinished in path.parent.glob(f"{glob.escape(path.name)}.*.part"):
        unfinished.unlink(missing_ok=True)
    if not path.is_file():
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            if damaged := archive.testzip():
                raise zipfile.BadZipFile(f"{damaged} does not match its checksum")
        saved = torch.load(path, map_location="cpu", weights_only=True)
        owner, state = saved["run"], saved["state"]
    except (*DAMAGE, EOFError, OSError, ArithmeticError, pickle.UnpicklingError, zipfile.BadZipFile) as problem:
        raise _unreadable(path) from problem
    if owner != run:
        raise CheckpointError(f"The checkpoint {path} belongs to a run with other settings: delete or move it.")
    return state


def resumed(path: Path | None, run: str, restore: Callable[[dict[str, Any]], Progress], nothing: Progress) -> Progress:
    """What `restore` tells of the state saved last, after it has put it back; `nothing` where none was saved."""
    saved = load_checkpoint(path, run=run) if path else None
    if saved is None or path is None:
        return nothing
    try:
        return restore(saved)
    except DAMAGE as problem:
        raise _unreadable(path) from problem


def _unreadable(path: Path) -> CheckpointError:
    return CheckpointError(f"The checkpoint {path} cannot be read: delete it to start again.")


def fingerprint(tensors: Mapping[str, Tensor]) -> str:
    """The sha256, in hexadecimal, of tensors with their names, dtypes, shapes and kinds of device."""
    digest = hashlib.sha256()
    for name, tensor in tensors.items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} {tensor.device.type}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def run_key(model: nn.Module, images: Tensor, labels: Tensor, **settings: Any) -> str:
    """All that shapes the training of a classifier, as text: two runs with the same key end with the same weights.

    A setting that is a callable goes by its name; the fields of one that is a dataclass and the arguments of a
    `functools.partial` belong to it.
    """
    named = {name: _described(value) if callable(value) else value for name, value in settings.items()}
    state = {
        "data": fingerprint({"images": images, "labels": labels}),
        "weights": fingerprint(model.state_dict()),
        "layers": re.sub(r" at 0x[0-9a-f]+", "", str(model)),  # an address in memory differs from run to run
        "trained": [name for name, parameter in model.named_parameters() if parameter.requires_grad],
    }
    return json.dumps(named | state, sort_keys=True, default=float)


def _described(function: Callable[..., Any]) -> str:
    """Module and name of a callable; of an object those of its class, the fields of a dataclass, a partial's parts."""
    named: Any = function if hasattr(function, "__qualname__") else type(function)
    name = f"{named.__module__}.{named.__qualname__}"
    described = f"{name} {function!r}" if is_dataclass(function) and not isinstance(function, type) else name
    if isinstance(function, partial):
        described = f"{_described(function.func)} {function.args} {sorted(function.keywords.items())}"
    return re.sub(r" at 0x[0-9a-f]+", "", described)  # of a function among the fields or arguments
