"""A store of what was measured, found again by what made it: nothing is measured twice.

An entry is a folder, `<root>/<kind>/<digest>/`. The digest is that of the kind, the settings and the version of the
experiment's code, so that other settings get an entry of their own and the old one stays. `settings.json` says what
made it, where, when and in how many seconds, its inputs apart; `result.json` and `result.safetensors` hold plain values
and arrays. No code is run to read them. An entry is there whole or not at all: it is written in a folder of work beside
its final place and renamed. A checkpoint in that folder outlives a kill.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from filelock import FileLock, Timeout
from torch import Tensor

from mia_kit.data.folders import cache_folder, write_whole
from mia_kit.runs.circumstances import circumstances

Values = dict[str, Any]  # name -> Tensor, ndarray or plain value

SETTINGS, PLAIN, ARRAYS = "settings.json", "result.json", "result.safetensors"


class DamagedEntryWarning(UserWarning):
    """An entry of the store could not be read and was moved aside; it is made again."""


class _DamagedEntryError(Exception):
    """Why an entry cannot be read."""


@dataclass(frozen=True)
class Entry:
    """One line of the store's list; `date` is "damaged" if nothing more can be said."""

    kind: str
    digest: str
    size: int  # bytes
    date: str
    seconds: float


class Store:
    """Results by kind and settings, below `root`: `runs` in the cache folder by default.

    With `fresh` everything is made anew, once for each store object; an entry stays until the new one is whole.
    """

    def __init__(self, root: Path | None = None, *, fresh: bool = False) -> None:
        self.root = root or cache_folder() / "runs"
        self._fresh = fresh
        self._renewed: set[Path] = set()
        self._inputs: list[float] = []  # seconds that went into the inputs of each result at work, innermost last

    def get(
        self,
        kind: str,
        settings: dict[str, Any],
        make: Callable[[Path], Values],
        *,
        version: int | str,
        wait: bool = True,
    ) -> Values:
        """The values that `make` gives for these settings: from the store, or made now and stored.

        kind : the experiment or its part, such as "Target"; letters, digits, - and _
        settings : all that shapes the result, in plain values: names of data, seeds, factors, sizes
        make : is given the path of a checkpoint, which need not exist, and returns Tensors, arrays and plain values by
            name; Tensors come back on the CPU, tuples as lists and all keys as text. If it goes on from the checkpoint
            it can return `seconds`, the time of all its parts together; that counts then
        version : of the code that makes it; raise it when the code gives other results
        wait : for another process that is making it; BlockingIOError otherwise

        An entry that cannot be read is moved aside with a DamagedEntryWarning. TypeError for what JSON does not know,
        OSError if the disk is full: nothing half-written is left then, and the checkpoint stays.
        """
        began, entry = time.perf_counter(), self.folder(kind, settings, version=version)
        values: Values | None = None
        with suppress(_DamagedEntryError):  # seen to below, under the lock
            values = self._kept(entry)
        if values is None:
            waiting = f"{entry} is being made by another process: waiting for it" if wait else None
            with locked(lock_file(entry), waiting):
                values = self._kept_or_moved_aside(entry)  # whoever had the lock may have made it
                if values is None:
                    values = self._make(entry, {"kind": kind, "settings": settings, "version": version}, make)
        else:
            _sweep(entry)
        if self._inputs:
            self._inputs[-1] += time.perf_counter() - began
        return values

    def folder(self, kind: str, settings: dict[str, Any], *, version: int | str) -> Path:
        """Where the entry lies or would lie."""
        made_by = {"kind": kind, "settings": settings, "version": version}
        text = json.dumps(made_by, sort_keys=True, separators=(",", ":"))
        return self.root / kind / hashlib.sha256(text.encode()).hexdigest()[:32]

    def has(self, kind: str, settings: dict[str, Any], *, version: int | str) -> bool:
        """Whether there is an entry that need not be made: a look at its folder, which is there whole or not at all."""
        entry = self.folder(kind, settings, version=version)
        return entry.is_dir() and not self._to_renew(entry)

    def about(self, kind: str, settings: dict[str, Any], *, version: int | str) -> dict[str, Any] | None:
        """What `settings.json` says of a whole entry; None if there is none."""
        with suppress(_DamagedEntryError):
            if (content := _content(self.folder(kind, settings, version=version))) is not None:
                return content[0]
        return None

    def entries(self) -> list[Entry]:
        """All entries, by kind and date."""
        entries = [_listed(folder) for folder in self.root.glob("*/*") if re.fullmatch("[0-9a-f]{32}", folder.name)]
        return sorted(entries, key=lambda entry: (entry.kind, entry.date, entry.digest))

    def _to_renew(self, entry: Path) -> bool:
        return self._fresh and entry not in self._renewed

    def _kept(self, entry: Path) -> Values | None:
        """The values of an entry that need not be made; _DamagedEntryError if they are not what was written."""
        content = None if self._to_renew(entry) else _content(entry)
        return content[1] if content is not None else None

    def _kept_or_moved_aside(self, entry: Path) -> Values | None:
        try:
            return self._kept(entry)
        except _DamagedEntryError as problem:
            aside = Path(tempfile.mkdtemp(dir=entry.parent, prefix=f"{entry.name}.damaged-"))
            entry.rename(aside / entry.name)
            told = f"the stored result {entry} is damaged ({problem}): it was moved to {aside} and is made again"
            warnings.warn(told, DamagedEntryWarning, stacklevel=3)
            return None

    def _make(self, entry: Path, made_by: dict[str, Any], make: Callable[[Path], Values]) -> Values:
        """Make the values, store them, and return them as a later call will find them."""
        work = _work(entry)
        if self._to_renew(entry):
            shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True, exist_ok=True)
        began = time.perf_counter()
        self._inputs.append(0.0)
        try:
            values = make(work / "checkpoint.pt")
            told = values.get("seconds")
            seconds = time.perf_counter() - began - self._inputs[-1]
            _publish(entry, made_by, values, max(seconds, told) if isinstance(told, int | float) else seconds)
        finally:
            self._inputs.pop()
            with suppress(OSError):
                work.rmdir()  # if it is empty: a checkpoint is kept
        self._renewed.add(entry)
        content = _content(entry)
        assert content is not None
        return content[1]


@contextmanager
def locked(path: Path, waiting: str | None) -> Iterator[None]:
    """Hold the lock inside the block; the system takes it back when its process is killed.

    While another process holds it this one waits, and gives the sentence `waiting` as a warning, once. Without a
    sentence it does not wait: BlockingIOError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if waiting is None:
            raise BlockingIOError(f"another process holds {path}") from None
        warnings.warn(waiting, stacklevel=4)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def lock_file(entry: Path) -> Path:
    """The file whose lock means that somebody is making the entry."""
    return entry.parents[1] / ".locks" / f"{entry.parent.name}-{entry.name}"  # small, and never removed


def _work(entry: Path) -> Path:
    return entry.with_name(f"{entry.name}.work")


def _sweep(entry: Path) -> None:
    """Remove the folder of work that is left if a kill came right after the entry was whole."""
    if _work(entry).exists():
        with suppress(OSError), locked(lock_file(entry), None):  # unless it is in use
            shutil.rmtree(_work(entry), ignore_errors=True)


def _publish(entry: Path, made_by: dict[str, Any], values: Values, seconds: float) -> None:
    """Write an entry in its folder of work and put it in its place."""
    work = _work(entry)
    try:
        _write(work / "entry", made_by, values, seconds)
        if entry.exists():
            entry.rename(work / "old")
        (work / "entry").rename(entry)
    except OSError as problem:
        shutil.rmtree(work / "entry", ignore_errors=True)
        told = f"the result could not be stored in {entry} ({problem.strerror}): make room and run this again"
        raise OSError(problem.errno, told) from problem
    shutil.rmtree(work, ignore_errors=True)


def _write(folder: Path, made_by: dict[str, Any], values: Values, seconds: float) -> None:
    """Write an entry into an empty folder, `settings.json` last."""
    shutil.rmtree(folder, ignore_errors=True)
    tensors = {name: _tensor(value) for name, value in values.items() if isinstance(value, Tensor | np.ndarray)}
    plain = {name: value for name, value in values.items() if name not in tensors}
    numpy_names = [name for name in tensors if isinstance(values[name], np.ndarray)]
    text = json.dumps({"order": list(values), "numpy": numpy_names, "plain": plain}, indent=1)
    files = {PLAIN: text.encode(), ARRAYS: safetensors.torch.save(tensors)}
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    about = {"made_by": made_by, **circumstances(seconds), "own_seconds": round(seconds, 1), "sha256": sums}
    for name, content in {**files, SETTINGS: json.dumps(about, indent=1).encode()}.items():
        write_whole(folder / name, content)


def _tensor(value: Tensor | np.ndarray) -> Tensor:
    tensor = value if isinstance(value, Tensor) else torch.from_numpy(value.copy())
    return tensor.detach().cpu().contiguous().clone()


def _content(entry: Path) -> tuple[dict[str, Any], Values] | None:
    """What made an entry, and its values; None if there is no entry."""
    if not entry.is_dir():
        return None
    try:
        about = json.loads((entry / SETTINGS).read_bytes())
        files = {name: (entry / name).read_bytes() for name in (PLAIN, ARRAYS)}
        for name, content in files.items():
            if hashlib.sha256(content).hexdigest() != about["sha256"][name]:
                raise _DamagedEntryError(f"{name} is not what was written")
        return about, _values(files)
    except FileNotFoundError as problem:
        raise _DamagedEntryError(f"{problem.filename} is missing") from problem
    except (ValueError, TypeError, LookupError, AttributeError) as problem:
        raise _DamagedEntryError(f"{SETTINGS} cannot be read") from problem


def _values(files: dict[str, bytes]) -> Values:
    stored, tensors = json.loads(files[PLAIN]), safetensors.torch.load(files[ARRAYS])
    arrays = {name: tensors[name].numpy() if name in stored["numpy"] else tensors[name] for name in tensors}
    return {name: arrays[name] if name in arrays else stored["plain"][name] for name in stored["order"]}


def _listed(folder: Path) -> Entry:
    size = sum(file.stat().st_size for file in folder.iterdir())
    try:
        about = json.loads((folder / SETTINGS).read_bytes())
        return Entry(folder.parent.name, folder.name, size, str(about["date"]), float(about["own_seconds"]))
    except (OSError, ValueError, TypeError, LookupError):
        return Entry(folder.parent.name, folder.name, size, "damaged", 0.0)
