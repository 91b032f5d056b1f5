"""One-line checks of what is handed to a public function. A message has both sides: what is expected and what came.

    check.in_range("confidence", confidence, 0, 1)          # ValueError: confidence must lie in [0, 1], got 95 instead
    steps = check.count("steps", steps)                     # also takes NumPy's integers; gives a plain int
    check.labels(labels, classes=10, length=len(images))

A value of the wrong kind raises a TypeError, a value of the right kind that does not fit a ValueError; docstrings tell
of neither where there is no more to say than the shapes and ranges that they name. The module works
without torch: it asks a tensor for its shape and its kind of numbers alone.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor


def number(name: str, value: Any) -> float:
    """`value` as a finite float. TypeError for anything but a number (a bool is none), ValueError if not finite."""
    if isinstance(value, bool) or not hasattr(value, "__float__") or isinstance(value, str):
        raise TypeError(f"{name} must be a number, got {brief(value)} instead")
    try:
        plain = float(value)
    except (TypeError, ValueError, RuntimeError) as problem:
        raise TypeError(f"{name} must be a number, got {brief(value)} instead") from problem
    if not math.isfinite(plain):
        raise ValueError(f"{name} must be finite, got {plain} instead")
    return plain


def in_range(name: str, value: Any, low: float, high: float = math.inf, *, open_ends: str = "") -> float:
    """`value` as a float that lies in [low, high]. `open_ends` leaves ends out: "low", "high" or "both"."""
    plain = number(name, value)
    no_low, no_high = open_ends in ("low", "both"), open_ends in ("high", "both")
    if plain < low or plain > high or (no_low and plain == low) or (no_high and plain == high):
        if high == math.inf:
            raise ValueError(f"{name} must be {'above' if no_low else 'at least'} {low:g}, got {plain:g} instead")
        ends = f"{'(' if no_low else '['}{low:g}, {high:g}{')' if no_high else ']'}"
        raise ValueError(f"{name} must lie in {ends}, got {plain:g} instead")
    return plain


def count(name: str, value: Any, least: int = 1, most: int | None = None) -> int:
    """`value` as a plain int from `least` to `most`. TypeError for what is no whole number, a bool among them."""
    try:
        plain = operator.index(value)
    except TypeError as problem:
        raise TypeError(f"{name} must be a whole number, got {brief(value)} instead") from problem
    if isinstance(value, bool):
        raise TypeError(f"{name} must be a whole number, got {value} instead")
    if plain < least or (most is not None and plain > most):
        expected = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name} must be {expected}, got {plain} instead")
    return plain


def one_of(name: str, value: Any, allowed: Iterable[Any]) -> Any:
    """`value` if it is among `allowed`; otherwise a ValueError that lists them and proposes the nearest."""
    allowed = list(allowed)
    if any(value is choice or (type(value) is type(choice) and value == choice) for choice in allowed):
        return value
    listed = ", ".join(str(choice) for choice in allowed)
    raise ValueError(f"{name} must be one of {listed}, got {brief(value)} instead{did_you_mean(value, allowed)}")


def kind(name: str, value: Any, kinds: Any, expected: str) -> Any:
    """`value` if it is an instance of `kinds`, which `expected` puts in words; TypeError otherwise."""
    if not isinstance(value, kinds):
        raise TypeError(f"{name} must be {expected}, got {brief(value)} instead")
    return value


def did_you_mean(value: Any, allowed: Iterable[Any]) -> str:
    """`: did you mean ...?` where a name of `allowed` is near to `value`, nothing otherwise."""
    near = get_close_matches(str(value), [str(choice) for choice in allowed], n=1)
    return f": did you mean {near[0]}?" if near else ""


def shape(name: str, array: Any, expected: Sequence[int | str]) -> tuple[int, ...]:
    """The shape of a tensor or array, which fits `expected`: numbers are fixed, words such as "n" are free."""
    if not hasattr(array, "shape"):
        raise TypeError(f"{name} must be a tensor of shape {_written(expected)}, got {brief(array)} instead")
    actual = tuple(array.shape)
    fits = len(actual) == len(expected) and all(
        isinstance(want, str) or have == want for have, want in zip(actual, expected, strict=True)
    )
    if not fits:
        raise ValueError(f"{name} must have the shape {_written(expected)}, got {actual} instead")
    return actual


def tensor(name: str, values: Any, expected: str = "a Tensor") -> Tensor:
    """A torch Tensor of any kind. TypeError, which says `expected`, for anything else."""
    if type(values).__module__.partition(".")[0] != "torch" or not hasattr(values, "dtype"):
        raise TypeError(f"{name} must be {expected}, got {brief(values)} instead")
    return values


def floats(name: str, values: Any, expected: Sequence[int | str] | None) -> Tensor:
    """A floating-point Tensor whose shape fits `expected`, or any. TypeError for arrays and other dtypes."""
    wanted = f"a floating-point Tensor of shape {_written(expected)}" if expected else "a floating-point Tensor"
    tensor(name, values, wanted)
    if not values.dtype.is_floating_point:
        raise TypeError(f"{name} must be {wanted}, got {values.dtype} instead")
    if expected:
        shape(name, values, expected)
    return values


def array(name: str, values: Any, expected: Sequence[int | str] | None = None, *, finite: bool = True) -> np.ndarray:
    """`values` as a NumPy array of real numbers with the shape `expected`, any by default, and at least one entry.

    Takes what NumPy reads: lists, arrays, tensors. Unless `finite` is False, every number has to be finite.
    """
    import numpy as np

    shaped = f"numbers of shape {_written(expected)}" if expected else "numbers"
    try:
        numbers = np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)
    except (TypeError, ValueError, RuntimeError) as problem:
        raise TypeError(f"{name} must be {shaped}, got {brief(values)} instead") from problem
    if numbers.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be {shaped}, got {brief(values)} instead")
    if expected:
        shape(name, numbers, expected)
    if not numbers.size:
        raise ValueError(f"{name} must hold at least one number, got the shape {numbers.shape} instead")
    if finite:
        _finite(name, np.isfinite(numbers))
    return numbers


def places(name: str, values: Any, *, length: int | None = None, below: int | None = None) -> np.ndarray:
    """Class numbers or places, of shape (n,) or (length,), as an int64 array, each from 0 and under `below`."""
    numbers = array(name, values, ("n" if length is None else length,))
    if numbers.dtype.kind not in "iu":
        raise TypeError(f"{name} must be whole numbers, got {numbers.dtype} instead")
    low, high = int(numbers.min()), int(numbers.max())
    if low < 0 or (below is not None and high >= below):
        raise ValueError(
            f"{name} must lie in [0, {'...' if below is None else below}), got values from {low} to {high} instead"
        )
    return numbers.astype("int64")


def mask(name: str, values: Any, expected: Sequence[int | str]) -> np.ndarray:
    """`values` as a bool array of the shape `expected`. TypeError for other kinds, such as 0 and 1."""
    flags = array(name, values, expected)
    if flags.dtype.kind != "b":
        raise TypeError(f"{name} must be bool, got {flags.dtype} instead")
    return flags


def counts(name: str, values: Any, length: int | None = None, *, least: int = 1) -> tuple[int, ...]:
    """Sizes such as (h, w) as plain ints, each at least `least`; `length` of them, or at least one."""
    expected = f"{length or 'some'} whole numbers of at least {least}"
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be {expected}, got {brief(values)} instead")
    plain = tuple(count(f"each of {name}", value, least) for value in values)
    if not plain or (length is not None and len(plain) != length):
        raise ValueError(f"{name} must be {expected}, got {brief(values)} instead")
    return plain


def whole_fields(settings: Any, **least: int) -> None:
    """Fields of a frozen dataclass as plain ints, each at least the number given: `whole_fields(self, steps=0)`."""
    for name, lowest in least.items():
        object.__setattr__(settings, name, count(name, getattr(settings, name), lowest))


def size_field(settings: Any, name: str, length: int = 2) -> None:
    """A field of a frozen dataclass such as (h, w) as a tuple of `length` plain ints, each at least 1."""
    object.__setattr__(settings, name, counts(name, getattr(settings, name), length))


def labels(values: Any, *, classes: int | None, length: int | None = None, name: str = "labels") -> Tensor:
    """Class numbers, a Tensor of shape (n,) of int64 in [0, classes); None for classes that are not known yet.

    TypeError for lists, arrays and other dtypes.
    """
    tensor(name, values, "a Tensor of int64")
    if str(values.dtype) != "torch.int64":
        raise TypeError(f"{name} must be integers of dtype torch.int64, got {values.dtype} instead: use .long()")
    shape(name, values, ("n" if length is None else length,))
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    if low < 0 or (classes is not None and high >= classes):
        end = "..." if classes is None else classes
        raise ValueError(f"{name} must lie in [0, {end}), got values from {low} to {high} instead")
    return values


def images(values: Any, *, channels: int | None = None, least: int = 1) -> Tensor:
    """Pictures, a floating-point Tensor of shape (n, channels, h, w) in [-1, 1], with 1 or 3 channels.

    n is at least `least`.
    """
    tensor("images", values, "a floating-point Tensor in [-1, 1]")
    if not values.dtype.is_floating_point:
        raise TypeError(
            f"images must be floating-point numbers in [-1, 1], got {values.dtype} instead: use "
            "mia_kit.data.pictures.to_floats"
        )
    shape("images", values, ("n", "channels" if channels is None else channels, "h", "w"))
    if channels is None and values.shape[1] not in (1, 3):
        raise ValueError(f"images must have the shape (n, 1 or 3, h, w), got {tuple(values.shape)} instead")
    count("the number of images", len(values), least)
    if values.numel():
        low, high = float(values.min()), float(values.max())
        if not (low >= -1.001 and high <= 1.001):  # a thousandth of slack for resizing; NaN fails as well
            raise ValueError(f"images must lie in [-1, 1], got values from {low:g} to {high:g} instead")
    return values


def finite(name: str, array: Any) -> None:
    """ValueError if a tensor or array holds a number that is not finite: says how many of how many."""
    import numpy as np

    _finite(name, array.isfinite() if hasattr(array, "isfinite") else np.isfinite(array))


def brief(value: Any) -> str:
    """A value in a few characters, for a message: tensors and arrays by shape and dtype."""
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{type(value).__name__} of shape {tuple(value.shape)} and {value.dtype}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _finite(name: str, good: Any) -> None:
    bad = int((~good).sum())
    if bad:
        raise ValueError(f"{name} must be finite, got {bad} of {math.prod(good.shape)} instead that are not")


def _written(expected: Sequence[int | str]) -> str:
    return f"({', '.join(map(str, expected))}{',' if len(expected) == 1 else ''})"
