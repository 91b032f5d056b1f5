"""Every number of every attack's settings: out of range or of the wrong kind is refused, NumPy's become plain."""

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from mia_kit.attacks import (
    brep,
    fredrikson,
    gmi,
    kedmi,
    latent_search,
    lomma,
    mirror,
    plgmi,
    ppa,
)

SETTINGS = (
    *(ppa.Settings, mirror.Settings, mirror.GeneticSettings, brep.Settings, fredrikson.Settings, gmi.Settings),
    *(kedmi.Settings, plgmi.Settings, lomma.Settings, latent_search.SearchSettings),
)
NUMBERS = [
    pytest.param(
        kind, field.name, field.default, id=f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}.{field.name}"
    )
    for kind in SETTINGS
    for field in fields(kind)
    if type(field.default) in (int, float)
]
SIZES = [(kind, field.name) for kind in SETTINGS for field in fields(kind) if field.name.endswith("_size")]


@pytest.mark.parametrize(("kind", "name", "default"), NUMBERS)
def test_a_number_that_does_not_fit_is_named(kind: type, name: str, default: float) -> None:
    wrong: list[tuple[Any, type[Exception]]] = [
        (-5, ValueError),
        ("1", TypeError),
        (True, TypeError),
        (None, TypeError),
    ]
    if isinstance(default, int):
        wrong += [(1.5, TypeError), (np.float64(2), TypeError)]
    else:
        wrong += [(float("nan"), ValueError), (float("inf"), ValueError)]
    for value, error in wrong:
        with pytest.raises(error, match=name):
            kind(**{name: value})


@pytest.mark.parametrize(("kind", "name", "default"), NUMBERS)
def test_numpys_numbers_are_numbers(kind: type, name: str, default: float) -> None:
    given = np.int64(default) if isinstance(default, int) else np.float64(default)
    assert kind(**{name: given}) == kind()
    assert not isinstance(default, int) or type(getattr(kind(**{name: given}), name)) is int


@pytest.mark.parametrize(("kind", "name"), [size for size in SIZES if size[1] in ("input_size", "image_size")])
def test_sizes_are_tuples_of_plain_ints(kind: type, name: str) -> None:
    usual = getattr(kind(), name)
    for given in (list(usual), np.array(usual), tuple(np.int64(side) for side in usual)):
        size = getattr(kind(**{name: given}), name)
        assert size == usual and {type(side) for side in size} == {int}
    for wrong in (usual[0], (*usual, 1), (0,) * len(usual), (8.5,) * len(usual), "64"):
        with pytest.raises((ValueError, TypeError), match=name):
            kind(**{name: wrong})
