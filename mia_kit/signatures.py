"""Arguments of public functions held against the types in their signatures, so that no library has to complain.

    @checked                                    # TypeError: seed must be a whole number, got 'zero' instead
    def fit_private(model: nn.Module, images: Tensor, *, seed: int): ...

What a number or a shape has to be beyond its type, the function says itself, see `mia_kit.check`.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterable
from typing import Any, ParamSpec, TypeVar

from mia_kit import check

P = ParamSpec("P")
R = TypeVar("R")


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """A public function that holds what it is given against its annotations, before it begins.

    Looked at are `int`, `float`, `str`, `Tensor`, `np.ndarray`, `nn.Module`, kinds of access and sequences of numbers,
    each also with `| None`. NumPy's numbers become plain ones. What a number or a shape has to be, the function says.
    """
    signature = inspect.signature(function)
    written = {name: str(each.annotation) for name, each in signature.parameters.items()}

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        given = signature.bind(*args, **kwargs)
        for name, value in given.arguments.items():
            kind = _KINDS.get(written[name].removesuffix(" | None"))
            if kind and not (value is None and written[name].endswith(" | None")):
                given.arguments[name] = kind(name, value)
        return function(*given.args, **given.kwargs)

    return call


def _whole(name: str, value: Any) -> int:
    return check.count(name, value, least=-sys.maxsize)


def _wholes(name: str, values: Any) -> tuple[int, ...]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a sequence of whole numbers, got {check.brief(values)} instead")
    return tuple(_whole(f"each of {name}", value) for value in values)


def _having(what: str, *attributes: str) -> Callable[[str, Any], Any]:
    """Checks that a value has these attributes, as `what` has."""

    def kind(name: str, value: Any) -> Any:
        if not all(hasattr(value, attribute) for attribute in attributes):
            raise TypeError(f"{name} must be {what}, got {check.brief(value)} instead")
        return value

    return kind


_module = _having("a torch.nn.Module", "state_dict", "parameters")
_access = _having("a WhiteBox, ConfidenceAPI or LabelAPI", "queries", "labels")
_KINDS: dict[str, Callable[[str, Any], Any]] = {
    "int": _whole,
    "float": check.number,
    "str": _having("text", "encode"),
    "Tensor": check.tensor,
    "np.ndarray": functools.partial(check.array, finite=False),
    "nn.Module": _module,
    "Classifier": _module,
    "InversionDecoder": _module,
    "Model": _module,
    "Access": _access,
    "WhiteBox": _access,
    "ConfidenceAPI | WhiteBox": _access,
    "WhiteBox | ConfidenceAPI": _access,
    "Sequence[int]": _wholes,
    "tuple[float, float]": lambda name, pair: tuple(check.array(name, pair, (2,)).tolist()),
}
