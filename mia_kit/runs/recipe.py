"""Recipes: YAML files that say what is measured, read into types and checked whole before anything starts.

msgspec does the typing: it is one small wheel without dependencies, its Structs are frozen and cheap, ranges stand in
the types, and it refuses unknown keys. Here its messages become one sentence with the place and a proposal.
"""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
import yaml

from mia_kit.check import did_you_mean

# Ranges that recipes share.
Count = Annotated[int, msgspec.Meta(ge=1)]
Amount = Annotated[int, msgspec.Meta(ge=0)]
Rate = Annotated[float, msgspec.Meta(gt=0, le=10)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Seed = Annotated[int, msgspec.Meta(ge=0, le=2**31)]


class RecipeError(ValueError):
    """What is wrong with a recipe, where, and what would be right."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A section of a recipe: its fields are the keys of the YAML. A subclass checks what types cannot say."""


SomeSettings = TypeVar("SomeSettings", bound=Settings)


def demand(holds: bool, sentence: str) -> None:
    """ValueError with the sentence, for `__post_init__` of a section, unless what it asks for holds."""
    if not holds:
        raise ValueError(sentence)


def at_most(name: str, value: int, of: str, most: int) -> None:
    """ValueError if a number is past another one of the recipe."""
    demand(value <= most, f"{name} must be at most {of}, {most}, got {value} instead")


def different(**lists: Sequence[Any]) -> None:
    """ValueError if one of the lists holds something twice: `different(seeds=self.seeds)`."""
    for name, values in lists.items():
        demand(len(set(values)) == len(values), f"{name} must differ, got {list(values)} instead")


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; numbers such as 1e-3 are numbers. RecipeError for anything else."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8-sig"), Loader=_Loader)  # a safe loader: see below
    except FileNotFoundError:
        raise RecipeError(f"there is no recipe at {path}") from None
    except (OSError, UnicodeDecodeError) as problem:
        raise RecipeError(f"{path} cannot be read as text: {problem}") from problem
    except yaml.YAMLError as problem:
        place, words = "", str(problem)
        if isinstance(problem, yaml.MarkedYAMLError):
            place = f" in line {problem.problem_mark.line + 1}" if problem.problem_mark else ""
            words = problem.problem or words
        raise RecipeError(f"{path} is not valid YAML{place}: {words}") from problem
    if isinstance(content, dict):
        return content
    kind = "an empty file" if content is None else f"a {type(content).__name__}"
    raise RecipeError(f"{path} must hold keys and values, got {kind} instead")


def typed(content: dict[str, Any], kind: type[SomeSettings], *, where: str) -> SomeSettings:
    """The content of a recipe as its type. RecipeError names `where`, the key, what is expected and what came."""
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as problem:
        raise RecipeError(f"{where}: {_in_words(str(problem), content, kind)}") from problem


def _in_words(message: str, content: Any, kind: Any) -> str:
    """msgspec's message with the place first, the value that came, and the key that may be meant."""
    text, _, path = message.partition(" - at `$")
    steps = re.findall(r"\.([A-Za-z_]\w*)|\[(\d+)\]", path.rstrip("`"))
    place, value, expected = "", content, kind
    for name, number in steps:
        place += f"[{number}]" if number else f".{name}" if place else name
        expected = _inner(expected, name)
        try:
            value = value[int(number)] if number else value[name]
        except (LookupError, TypeError):
            value = None
    if unknown := re.match(r"Object contains unknown field `(.*)`", text, re.DOTALL):
        struct = _struct(expected)
        fields = [item.name for item in msgspec.structs.fields(struct)] if struct else []
        key = f"{place}.{unknown[1]}" if place else unknown[1]
        return f"there is no key {key!r}; there are {', '.join(fields)}{did_you_mean(unknown[1], fields)}"
    if missing := re.match(r"Object missing required field `(.*)`", text):
        return f"the key {(place + '.' if place else '') + missing[1]!r} is missing"
    sentence = text[:1].lower() + text[1:]
    if text.endswith(" instead") or isinstance(value, dict):  # a section that checks itself says what came
        return f"{place or 'the recipe'}: {sentence}"
    choices = get_args(expected) if get_origin(expected) is not None else ()
    proposal = did_you_mean(value, [choice for choice in choices if isinstance(choice, str)])
    return f"{place or 'the recipe'}: {sentence}, got {reprlib.repr(value)} instead{proposal}"


def _inner(kind: Any, name: str) -> Any:
    """The type of a key of a section, or of an item of a list."""
    kind = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    if not name:
        return next(iter(get_args(kind)), None)
    struct = _struct(kind)
    return get_type_hints(struct, include_extras=True).get(name) if struct else None


def _struct(kind: Any) -> type[msgspec.Struct] | None:
    if get_origin(kind) is Annotated:
        return _struct(get_args(kind)[0])
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind
    if get_origin(kind) in (Union, type(int | None)):
        return next((struct for item in get_args(kind) if (struct := _struct(item))), None)
    return None


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which also takes 1e-3 for a number, as YAML 1.2 does, and refuses a key given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = next((key for place, key in enumerate(keys) if key in keys[:place]), None)
        if twice is not None:
            raise yaml.MarkedYAMLError(problem=f"the key {twice!r} is given twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep=deep)


def _number(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int | float:
    value = float(node.value)
    return int(value) if math.isfinite(value) and value.is_integer() and abs(value) < 2**53 else value


_Loader.add_implicit_resolver("!exponent", re.compile(r"^[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789"))
_Loader.add_constructor("!exponent", _number)
