"""One process at a time: a lock on a file, which the system takes back when its process is killed."""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

WAIT = 0.2  # seconds between two tries


@contextmanager
def locked(path: Path, waiting: str | None) -> Iterator[None]:
    """Hold the lock `path` inside the block: a file that is made if needed and removed after it.

    While another process holds it this one waits, and gives the sentence `waiting` as a warning, once. Without a
    sentence it does not wait: BlockingIOError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with path.open("a+b") as file:  # closing the file gives the lock back
            while not _take(file):
                if waiting is None:
                    raise BlockingIOError(f"another process holds {path}")
                if waiting:
                    warnings.warn(waiting, stacklevel=4)
                    waiting = ""
                time.sleep(WAIT)
            if not _is_at(path, file):
                continue  # whoever had it has removed it: others lock a new file
            try:
                yield
                return
            finally:
                with suppress(OSError):  # Windows keeps a file that is open
                    path.unlink()


def _is_at(path: Path, file: IO[bytes]) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _take(file: IO[bytes]) -> bool:
        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _take(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
