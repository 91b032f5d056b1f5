"""Pickles of networks as dead matter: dictionaries, numbers, texts and tensors, whatever the file asks for.

A pickle is a program. Each name that this one may ask for stands for a function of this file that makes something
inert; every other name is refused before it is looked up, so that nothing is imported. Numbers are read by PyTorch's
own reader of weights, which runs nothing either.
"""

from __future__ import annotations

import io
import math
import pickle
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, ClassVar

import torch
from torch import Tensor

from mia_kit.terminal import printable

# Characters of a text from an untrusted file that a message shows.
LONGEST = 80


class RefusedError(ValueError):
    """The pickle asks for something that no network needs; the message names it."""


@dataclass(frozen=True, eq=False)
class StoredObject:
    """An object of NVIDIA's: the name of its class and its attributes, without the source code it came with."""

    class_name: str
    state: dict[str, Any]


@dataclass(frozen=True, eq=False)
class _Maker:
    """What a name stands for: it can be called, and nothing else can be done with it."""

    make: Callable[..., Any]

    def __call__(self, *arguments: Any) -> Any:
        return self.make(*arguments)


class _Ignored:
    """Stands for a NumPy scalar, which no weight is."""


def read_pickle(stream: BinaryIO) -> Any:
    """What a pickle holds: dictionaries, lists, sets, numbers, texts, Tensors and `StoredObject`s.

    RefusedError if it asks for anything else; nothing of it is run or imported. ValueError if it is damaged or cut
    short, or says that a tensor is larger than its numbers.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # storages are old, and what such a file holds
            return _Reader(stream).load()
    except RefusedError:
        raise
    except Exception as problem:  # the library's reader raises whatever the bytes lead it to
        raise ValueError(printable(f"{type(problem).__name__}: {problem}", LONGEST)) from problem


class _Reader(pickle._Unpickler):
    """The unpickler that Python's library has in Python: the one in C takes room for any number that a file names."""

    stack: list[Any]

    def find_class(self, module: str, name: str) -> Any:
        """What stands for a name; nothing is imported."""
        if (module, name) not in NAMES:
            raise RefusedError(printable(f"{module}.{name}", LONGEST))
        return _Maker(NAMES[module, name])

    def persistent_load(self, pid: Any) -> Any:
        """Nothing lies outside of the file."""
        raise RefusedError("an object outside of the file")

    def get_extension(self, code: int) -> None:
        """A number may stand for any name of a running program."""
        raise RefusedError(f"the extension {code}")

    def give_state(self) -> None:
        """NumPy's numbers say their byte order like this; no other object here has anything to be told."""
        self.stack.pop()
        if type(self.stack[-1]) is not _Ignored:
            raise RefusedError(f"a state for a {type(self.stack[-1]).__name__.strip('_')}")

    dispatch: ClassVar[dict[int, Any]] = {
        **pickle._Unpickler.dispatch,
        pickle.BUILD[0]: give_state,
        pickle.NEWOBJ[0]: pickle._Unpickler.dispatch[pickle.REDUCE[0]],
    }


def _storage(content: Any) -> torch.TypedStorage:
    try:
        storage = torch.load(io.BytesIO(content), weights_only=True)
    except (pickle.UnpicklingError, AssertionError) as problem:
        raise RefusedError(f"a storage that is none ({printable(problem, LONGEST)})") from problem
    if not isinstance(storage, torch.TypedStorage):
        raise RefusedError("a storage that is none")
    return storage


def _tensor(storage: Any, offset: Any, size: Any, stride: Any, *_rest: Any) -> Tensor:
    """A tensor whose numbers all lie in its storage, each in a place of its own."""
    numbers, content = (offset, *size, *stride), storage.untyped()
    if len(size) != len(stride) or len(size) > 8 or not all(type(n) is int and n >= 0 for n in numbers):
        raise ValueError("a tensor's size is not made of whole numbers")
    last = offset + sum((extent - 1) * step for extent, step in zip(size, stride, strict=True))
    length = content.nbytes() // storage.dtype.itemsize
    if math.prod(size) > length or (math.prod(size) and last >= length):
        raise ValueError(f"a tensor says that it is larger than its {length} numbers")
    return torch.empty(0, dtype=storage.dtype).set_(content, offset, size, stride)


def _object(described: Any) -> StoredObject:
    """An object of NVIDIA's; the source code of its class is dropped."""
    if type(described.get("class_name")) is not str or type(described.get("state")) is not dict:
        raise RefusedError("an object without a class or a state")
    return StoredObject(described["class_name"], described["state"])


def _encoded(text: Any, encoding: Any) -> bytes:
    """Bytes, as Python 3 writes them in protocol 2."""
    if encoding != "latin1":
        raise RefusedError("a text in another encoding than latin1")
    return str(text).encode("latin1")


# Every name that a network's pickle may ask for, and the function of this file that it gets.
NAMES: dict[tuple[str, str], Callable[..., Any]] = {
    ("torch_utils.persistence", "_reconstruct_persistent_obj"): _object,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): lambda data, *_: data,
    ("torch.storage", "_load_from_bytes"): _storage,
    ("collections", "OrderedDict"): lambda: {},
    ("dnnlib.util", "EasyDict"): lambda: {},
    ("builtins", "set"): lambda values=(): set(values),
    ("__builtin__", "set"): lambda values=(): set(values),
    ("_codecs", "encode"): _encoded,
    ("numpy", "dtype"): lambda *_: _Ignored(),
    ("numpy.core.multiarray", "scalar"): lambda *_: _Ignored(),
    ("numpy._core.multiarray", "scalar"): lambda *_: _Ignored(),
}
