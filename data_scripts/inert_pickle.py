"""Pickles of networks as dead matter: dictionaries, numbers, texts and tensors, whatever the file asks for.

A pickle is a program. This reader knows the instructions that a pickled network needs and no others; each name that
the file may ask for stands for a function of this file that makes something inert, and every other name is refused
before it is looked up, so that nothing is imported. It is built on the unpickler that Python's library has in Python:
the one in C takes extension codes without asking, and makes room for any number in the memo that a file names.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
import struct
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any, BinaryIO

import torch
from torch import Tensor

# A network of 1,024 px has about 100,000 instructions. An empty list for each byte of a file would fill any memory.
INSTRUCTIONS = 5_000_000
# The number that PyTorch's old format begins with, and the version after it.
OLD_FORMAT = (0x1950A86A20F9469CFC6C, 1001)
DTYPES = {
    "BFloat16Storage": torch.bfloat16,
    "BoolStorage": torch.bool,
    "ByteStorage": torch.uint8,
    "CharStorage": torch.int8,
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "IntStorage": torch.int32,
    "LongStorage": torch.int64,
    "ShortStorage": torch.int16,
}


class RefusedError(ValueError):
    """The pickle asks for something that no network needs; the message names it."""


@dataclass(frozen=True, eq=False)
class Storage:
    """The numbers of a tensor as bytes."""

    dtype: torch.dtype
    content: memoryview

    def __len__(self) -> int:
        return len(self.content) // self.dtype.itemsize


@dataclass(frozen=True, eq=False)
class StoredTensor:
    """Where in a storage a tensor's numbers lie; they do lie in it."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def bytes(self) -> int:
        """How much memory the tensor takes."""
        return math.prod(self.size) * self.storage.dtype.itemsize

    def read(self) -> Tensor:
        """The tensor itself, a copy."""
        if not len(self.storage):
            return torch.empty(self.size, dtype=self.storage.dtype)
        numbers = torch.frombuffer(bytearray(self.storage.content), dtype=self.storage.dtype)
        return numbers.as_strided(self.size, self.stride, self.offset).clone(memory_format=torch.contiguous_format)


@dataclass(frozen=True, eq=False)
class StoredObject:
    """An object of NVIDIA's: the name of its class and its attributes, without the source code it came with."""

    class_name: str
    state: dict[str, Any]


class _Ignored:
    """Stands for a NumPy scalar, which no weight is."""


def read_pickle(stream: BinaryIO) -> Any:
    """What a pickle holds: dictionaries, lists, sets, numbers, texts, `StoredTensor`s and `StoredObject`s.

    Raises
    ------
    RefusedError
        If the pickle asks for anything else; nothing of it is run or imported.
    ValueError
        If the pickle is damaged or cut short, or says that a tensor is larger than its numbers.
    """
    try:
        return _Reader(stream).load()
    except RefusedError:
        raise
    except (EOFError, struct.error) as problem:
        raise ValueError("it ends too early") from problem
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, pickle.UnpicklingError) as problem:
        raise ValueError(f"it makes no sense: {printable(problem)}") from problem
    except (MemoryError, RecursionError) as problem:
        raise ValueError("it asks for more memory than there is") from problem


def printable(text: object) -> str:
    """At most 80 characters of a text from an untrusted file, none of which moves the cursor."""
    return ascii(str(text)[:80])[1:-1]


class _Instructions(dict[int, Callable[[Any], None]]):
    """What the reader does for each instruction; any other is refused, and so are too many."""

    left = INSTRUCTIONS

    def __getitem__(self, code: int) -> Callable[[Any], None]:
        self.left -= 1
        if self.left < 0:
            raise RefusedError(f"more than {INSTRUCTIONS} instructions")
        if code not in self:
            names = {ord(known.code): known.name for known in pickletools.opcodes}
            raise RefusedError(f"the instruction {names.get(code, code)}")
        return super().__getitem__(code)


# What Python writes for plain values since protocol 2. Of the others, some call and some look up by number.
PLAIN = """PROTO FRAME STOP MARK NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 LONG4 BINFLOAT BINUNICODE
    SHORT_BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8 EMPTY_LIST EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3
    EMPTY_DICT EMPTY_SET BINPUT LONG_BINPUT BINGET LONG_BINGET MEMOIZE GLOBAL STACK_GLOBAL"""


class _Reader(pickle._Unpickler):
    """See `read_pickle`."""

    stack: list[Any]
    pop_mark: Callable[[], list[Any]]

    def __init__(self, stream: BinaryIO | io.BytesIO) -> None:
        super().__init__(stream)
        plain = {getattr(pickle, name)[0] for name in PLAIN.split()}
        table = {code: act for code, act in pickle._Unpickler.dispatch.items() if code in plain}
        self.dispatch = _Instructions(table | self.own())  # type: ignore[misc]

    def own(self) -> dict[int, Any]:
        """Instructions that act on what is there already, each with its own check."""
        kind = type(self)
        return {
            pickle.APPEND[0]: kind.append_one,
            pickle.APPENDS[0]: kind.append_all,
            pickle.SETITEM[0]: kind.set_one,
            pickle.SETITEMS[0]: kind.set_all,
            pickle.ADDITEMS[0]: kind.add_all,
            pickle.REDUCE[0]: kind.call,
            pickle.NEWOBJ[0]: kind.call,
            pickle.BUILD[0]: kind.give_state,
        }

    def find_class(self, module: str, name: str) -> Any:
        """What stands for a name; nothing is imported."""
        if (module, name) not in NAMES:
            raise RefusedError(printable(f"{module}.{name}"))
        return NAMES[module, name]

    def append_one(self) -> None:
        value = self.stack.pop()
        self._top(list).append(value)

    def append_all(self) -> None:
        values = self.pop_mark()
        self._top(list).extend(values)

    def set_one(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._set([key, value])

    def set_all(self) -> None:
        self._set(self.pop_mark())

    def add_all(self) -> None:
        values = self.pop_mark()
        self._top(set).update(_texts(values))

    def call(self) -> None:
        """Of a function of this file, the only ones that a name stands for."""
        arguments, function = self.stack.pop(), self.stack.pop()
        if type(function) is not FunctionType or type(arguments) is not tuple:
            raise RefusedError(f"a call of {_kind(function)}")
        self.stack.append(function(*arguments))

    def give_state(self) -> None:
        """NumPy's numbers say their byte order like this; no other object here has anything to be told."""
        self.stack.pop()
        if type(self.stack[-1]) is not _Ignored:
            raise RefusedError(f"a state for {_kind(self.stack[-1])}")

    def _top(self, kind: type) -> Any:
        if type(self.stack[-1]) is not kind:
            raise RefusedError(f"a change of {_kind(self.stack[-1])}")
        return self.stack[-1]

    def _set(self, items: list[Any]) -> None:
        keys = items[::2]
        if not all(type(key) in (str, int) for key in keys):
            raise RefusedError("a dictionary with keys that are neither texts nor numbers")
        self._top(dict).update(zip(keys, items[1::2], strict=True))


class _StorageReader(_Reader):
    """The pickles at the head of a storage in PyTorch's old format, of which one names the storage."""

    def own(self) -> dict[int, Any]:
        return super().own() | {pickle.BINPERSID[0]: pickle._Unpickler.dispatch[pickle.BINPERSID[0]]}

    def find_class(self, module: str, name: str) -> Any:
        if module != "torch" or name not in DTYPES:
            raise RefusedError(printable(f"{module}.{name}"))
        return DTYPES[name]

    def persistent_load(self, pid: Any) -> Any:
        return pid


def _storage(content: Any) -> Storage:
    """A storage from the bytes that PyTorch's own reader would take."""
    if type(content) is not bytes:
        raise RefusedError(f"a storage in {_kind(content)}")
    stream = io.BytesIO(content)
    begin = tuple(_StorageReader(stream).load() for _ in OLD_FORMAT)
    if begin != OLD_FORMAT:
        raise RefusedError("a storage of another format than PyTorch's old one")
    system, named, keys = (_StorageReader(stream).load() for _ in range(3))
    if type(system) is not dict or system.get("little_endian") is not True:
        raise RefusedError("a storage that is not little-endian")
    if type(named) is not tuple or len(named) != 6 or named[0] != "storage" or type(named[1]) is not torch.dtype:
        raise RefusedError("a storage without a name")
    dtype, key, count = named[1], named[2], named[4]
    if keys != [key] or named[5] is not None:
        raise RefusedError("a storage that is part of another")
    (found,) = struct.unpack("<q", stream.read(8))
    numbers = memoryview(content)[stream.tell() :]
    if type(count) is not int or count != found or count * dtype.itemsize != len(numbers):
        raise ValueError(f"a storage says that it is larger or smaller than its {len(numbers)} bytes")
    return Storage(dtype, numbers)


def _tensor(storage: Any, offset: Any, size: Any, stride: Any, *_rest: Any) -> StoredTensor:
    """A tensor whose numbers all lie in its storage, each in a place of its own."""
    if type(storage) is not Storage or type(size) is not tuple or type(stride) is not tuple:
        raise RefusedError(f"a tensor made of {_kind(storage)}")
    numbers = (offset, *size, *stride)
    if len(size) != len(stride) or len(size) > 8 or not all(type(n) is int and n >= 0 for n in numbers):
        raise ValueError("a tensor's size is not made of whole numbers")
    last = offset + sum((extent - 1) * step for extent, step in zip(size, stride, strict=True))
    if math.prod(size) > len(storage) or (math.prod(size) and last >= len(storage)):
        raise ValueError(f"a tensor says that it is larger than its {len(storage)} numbers")
    return StoredTensor(storage, offset, size, stride)


def _parameter(data: Any, *_rest: Any) -> StoredTensor:
    if type(data) is not StoredTensor:
        raise RefusedError(f"a parameter made of {_kind(data)}")
    return data


def _object(described: Any) -> StoredObject:
    """An object of NVIDIA's; the source code of its class is dropped."""
    if type(described) is not dict or type(described.get("class_name")) is not str:
        raise RefusedError("an object without a class")
    if type(described.get("state")) is not dict:
        raise RefusedError(f"a {printable(described['class_name'])} without a state")
    return StoredObject(described["class_name"], described["state"])


def _dictionary() -> dict[Any, Any]:
    return {}


def _set(values: Any = ()) -> set[str]:
    return set(_texts(values))


def _encoded(text: Any, encoding: Any) -> bytes:
    """Bytes, as Python 3 writes them in protocol 2."""
    if type(text) is not str or encoding != "latin1":
        raise RefusedError("a text in another encoding than latin1")
    return text.encode("latin1")


def _ignored(*_arguments: Any) -> _Ignored:
    return _Ignored()


def _texts(values: Any) -> Any:
    """ValueError unless all are texts: only what is flat can be hashed without a limit to depth."""
    if type(values) not in (list, tuple) or not all(type(value) is str for value in values):
        raise RefusedError("a set of other things than texts")
    return values


def _kind(value: Any) -> str:
    return f"{value.__name__.strip('_')}" if type(value) is FunctionType else f"a {type(value).__name__.strip('_')}"


# Every name that a network's pickle may ask for, and the function of this file that it gets.
NAMES: dict[tuple[str, str], Callable[..., Any]] = {
    ("torch_utils.persistence", "_reconstruct_persistent_obj"): _object,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch.storage", "_load_from_bytes"): _storage,
    ("collections", "OrderedDict"): _dictionary,
    ("dnnlib.util", "EasyDict"): _dictionary,
    ("builtins", "set"): _set,
    ("__builtin__", "set"): _set,
    ("_codecs", "encode"): _encoded,
    ("numpy", "dtype"): _ignored,
    ("numpy.core.multiarray", "scalar"): _ignored,
    ("numpy._core.multiarray", "scalar"): _ignored,
}
