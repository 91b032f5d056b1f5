"""Checks for the exercises of notebook 01."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from mia_kit.exercises import same, spoken
from mia_kit.smoothing import smoothed_targets
from mia_kit.toy import InversionPath, distance_to_class, invert, load_table, make_data


@spoken
def check_invert(my_invert: Callable[..., Tensor]) -> str | None:
    """Exercise 1: the attack of this chapter, to the point where it stops."""
    table = load_table()
    for factor, start in ((-0.05, (-3.0, -10.0)), (0.0, (0.0, 0.0))):
        model = table.model(factor, seed=42)
        path = invert(model, start=start)
        mine = my_invert(model, start, 2)
        if mine.shape != (1, 2):
            return f"return the point, of shape (1, 2), yours has the shape {tuple(mine.shape)}."
        if float((mine - path.points[-1:]).norm()) < 1e-3:
            continue
        if torch.equal(mine, torch.tensor([start])):
            return "the attacker has not moved: take the gradient, step against it, and repeat."
        if float((mine - path.points[-2:-1]).norm()) < 1e-3:
            return "you stop one step early: read the confidence, make the step, then stop."
        first = path.points[1] - path.points[0]
        if float(((mine[0] - path.points[0]) * first).sum()) < 0:
            return "you walk uphill, away from class 2: step against the gradient."
        right, got = (f"({float(x):.2f}, {float(y):.2f})" for x, y in (path.points[-1], mine[0]))
        return f"from {start} the attacker should stop at {right}, yours stops at {got}."
    return None


@spoken
def check_targets(my_targets: Callable[[Tensor, int, float], Tensor]) -> str | None:
    """Exercise 2: smoothed labels for any factor and any number of classes."""
    for classes, factor in ((3, 0.0), (3, 0.3), (10, 0.1), (3, -0.05)):
        labels = torch.tensor([classes - 1, 0, 0, 1])
        mine, right = my_targets(labels, classes, factor), smoothed_targets(labels, classes, factor)
        if mine.shape != right.shape:
            return f"the shape should be {tuple(right.shape)}, yours is {tuple(mine.shape)}."
        if not same(mine.sum(dim=1), torch.ones(4)):
            return f"each row should sum to 1; with factor {factor:+g} yours sums to {float(mine[0].sum()):.3f}."
        if not same(mine, right):
            return (
                f"with {classes} classes and factor {factor:+g} the labelled class should get "
                f"{float(right[0, -1]):.4f} and each other {float(right[0, 0]):.4f}; yours gets "
                f"{float(mine[0, -1]):.4f} and {float(mine[0, 0]):.4f}."
            )
    return None


@spoken
def check_ceiling(factor: float) -> str | None:
    """Exercise 4: the factor whose perfect fit is 95 % sure, with three classes."""
    if abs(factor - 0.075) < 0.001:
        return None
    return f"with the factor {factor:g} a perfect fit is {1 - factor + factor / 3:.1%} sure. We look for 95 %."


@spoken
def check_attack(path: InversionPath) -> str | None:
    """Exercise 4: an honest start from which the attacker ends inside the cloud of class 2."""
    if path.target_class != 2:
        return f"attack class 2; yours attacks class {path.target_class}."
    head_start = float(distance_to_class(path.points[:1], 2, make_data()))
    if head_start < 8:
        return f"your start is {head_start:.1f} from a training point of class 2, and a start nearer than 8 cheats."
    if path.distance >= 1:
        return f"your attacker ends {path.distance:.2f} away after {path.steps} steps. Bring them nearer than 1."
    return None
