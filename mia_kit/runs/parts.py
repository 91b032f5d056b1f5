"""Parts: whatever a study makes and keeps, such as photographs, a trained network or the rows of one attack.

A part is a frozen dataclass. Its fields say all that shapes it; a field may be another part, an input. Its key is made
from its fields, the keys of its inputs and the version of its code, so that nothing restates what an input depends on:
a target whose photographs change is another target, and so is every attack on it. Fields at their default are left out
of the key, so that a new option does not make everything anew; whoever changes a default raises the version.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import msgspec

from mia_kit.runs.store import Values

Result = TypeVar("Result")
Other = TypeVar("Other")


class Made(Protocol):
    """Gives the result of an input: from memory, from the store, or made now."""

    def __call__(self, part: Part[Other]) -> Other: ...


class Part(Generic[Result]):
    """What a study makes. A subclass is a frozen dataclass with `make` and `unpack`.

    version : raise it when the code of `make` gives other results
    kept : False for what is as quickly made as read; it lives in memory alone
    """

    version: ClassVar[int] = 1
    kept: ClassVar[bool] = True

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        """The values to keep, Tensors, arrays and plain ones by name; `made(part)` gives the result of an input.

        `checkpoint` is a file to save to and to go on from; it outlives a kill and goes when the part is kept. None for
        a part that is not kept.
        """
        raise NotImplementedError

    def unpack(self, values: Values) -> Result:
        """The result for whoever uses the part, from the values that were kept: here the only one of them."""
        (result,) = values.values()
        return result

    @property
    def kind(self) -> str:
        """The name of its class."""
        return type(self).__name__

    @property
    def label(self) -> str:
        """Under what its seconds are counted: its kind, and what a reader wants to tell apart."""
        return self.kind

    @cached_property
    def key(self) -> str:
        """A digest of all that shapes the part."""
        text = json.dumps([self.kind, self.version, self.settings()], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def settings(self) -> dict[str, Any]:
        """The fields in plain values; an input stands for itself by its key."""
        return {name: _plain(value) for name, value in _fields(self)}

    def inputs(self) -> list[Part[Any]]:
        """The parts among the fields, those in lists and in settings too."""
        return [part for _, value in _fields(self) for part in _parts_in(value)]


def with_inputs(parts: Iterable[Part[Any]]) -> list[Part[Any]]:
    """The parts and all that they are made from, each once, inputs first."""
    ordered: dict[str, Part[Any]] = {}

    def add(parts: Iterable[Part[Any]]) -> None:
        for part in parts:
            if part.key not in ordered:
                add(part.inputs())
                ordered[part.key] = part

    add(parts)
    return list(ordered.values())


def _fields(value: Any) -> Iterator[tuple[str, Any]]:
    """Names and values of a dataclass or a Struct, but for what is at its default."""
    struct = isinstance(value, msgspec.Struct)
    fields: Any = msgspec.structs.fields(value) if struct else dataclasses.fields(value)
    contents = msgspec.structs.asdict(value) if struct else vars(value)
    for field in fields:
        content = contents[field.name]
        if field.default in (msgspec.NODEFAULT, dataclasses.MISSING) or content != field.default:
            yield field.name, content


def _plain(value: Any) -> Any:
    if isinstance(value, Part):
        return f"{value.kind} {value.key}"
    if isinstance(value, msgspec.Struct) or dataclasses.is_dataclass(value):
        return {name: _plain(content) for name, content in _fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"a field of a part must be plain, got {type(value).__name__} instead")


def _parts_in(value: Any) -> list[Part[Any]]:
    if isinstance(value, Part):
        return [value]
    inner = value if isinstance(value, tuple | list) else []
    if isinstance(value, msgspec.Struct) or dataclasses.is_dataclass(value):
        inner = [content for _, content in _fields(value)]
    return [part for item in inner for part in _parts_in(item)]
