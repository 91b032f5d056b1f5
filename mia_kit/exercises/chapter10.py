"""Checks for the exercises of notebook 10."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from mia_kit.exercises import spoken


@spoken
def check_inject(my_inject: Callable[[Tensor, Tensor, Tensor, int], tuple[Tensor, Tensor]]) -> str | None:
    """Exercise 1: a surrogate's pictures under the label of a protected class, after everybody's own."""
    pictures, labels, surrogates = torch.zeros(5, 2), torch.tensor([0, 1, 2, 2, 1]), torch.ones(3, 2)
    mine, told = my_inject(pictures, labels, surrogates, 2)
    if len(mine) != len(told):
        return f"every picture needs a label: you hand in {len(mine)} pictures and {len(told)} labels."
    if len(mine) != 8:
        return f"5 pictures and 3 of the surrogate make 8, you hand in {len(mine)}."
    if not torch.equal(mine, torch.cat([pictures, surrogates])) or not torch.equal(told[:5], labels):
        return "keep everybody's own pictures and labels as they are, and put the surrogate's after them."
    if told[5:].tolist() != [2, 2, 2]:
        return f"the surrogate stands under the protected label, 2, yours under {told[5:].tolist()}."
    if told.dtype != labels.dtype:
        return f"labels are whole numbers, of {labels.dtype}, yours are of {told.dtype}."
    return None


@spoken
def check_mislabel(my_mislabel: Callable[[Tensor, int, float, int, Generator], Tensor]) -> str | None:
    """Exercise 2: a share of a class's labels becomes wrong, drawn evenly from all other classes."""
    labels = torch.arange(4).repeat(300)
    before, told = labels.clone(), my_mislabel(labels, 2, 0.2, 4, Generator().manual_seed(0))
    if not torch.equal(labels, before):
        return "you changed the labels that you were given: work on labels.clone()."
    if told.shape != labels.shape:
        return f"as many labels should come back as went in, {len(labels)}, yours are {tuple(told.shape)}."
    changed = told != labels
    if bool(changed[labels != 2].any()):
        return "you changed the labels of other people: relabel only where the label is the protected one."
    count = int(changed.sum())
    if count != 60:
        kept = ": a label drawn from all classes is right now and then" if 35 <= count <= 55 else ""
        return f"a fifth of the 300 pictures is 60, you changed {count}{kept}."
    if int(told.max()) > 3:
        return f"the four classes are 0 to 3, and you gave the label {int(told.max())}."
    counts = torch.bincount(told[changed], minlength=4)
    if bool((counts[[0, 1, 3]] < 10).any()):
        got = counts[[0, 1, 3]].tolist()
        return f"each other class should get as many, about 20; the classes 0, 1 and 3 got {got}."
    again, another = (my_mislabel(labels, 2, 0.2, 4, Generator().manual_seed(seed)) for seed in (0, 1))
    if torch.equal(another != labels, changed):
        return "every generator gets the same pictures: draw which ones at random, with torch.randperm."
    if not torch.equal(again, told):
        return "the same generator should give the same labels: hand it to every draw."
    return None


@spoken
def check_copies(my_copies: Callable[[Tensor, float, Generator], Tensor]) -> str | None:
    """Exercise 3: noisy copies of pictures in [-1, 1], the deviation being a share of the way from black to white."""
    pictures = torch.linspace(-1, 1, 20_000).view(20, 1000)
    mine = my_copies(pictures, 0.05, Generator().manual_seed(0))
    if mine.shape != pictures.shape:
        return f"one copy of each picture should come back, of shape {tuple(pictures.shape)}."
    if float(mine.abs().max()) > 1:
        return "some copies are blacker than black or whiter than white: clamp them to [-1, 1]."
    noise = (mine - pictures)[2:-2]  # where nothing is cut off
    deviation = float(noise.std())
    if abs(deviation - 0.05) < 0.005:
        return "from black, -1, to white, 1, the way is 2 long: the noise has to be twice as large."
    if abs(deviation - 0.1) > 0.01:
        return f"the noise should have a deviation of 0.100, yours has {deviation:.3f}."
    if float((noise[0] - noise[1]).std()) < 0.01:
        return "all copies got the same noise: draw it in the shape of the pictures."
    if not torch.equal(my_copies(pictures, 0.05, Generator().manual_seed(0)), mine):
        return "the same generator should give the same copies: draw with torch.randn(..., generator=generator)."
    return None


@spoken
def check_curvature(my_curvature: Callable[[Callable[[Tensor], Tensor], Tensor, int], float]) -> str | None:
    """Exercise 4: the eigenvalue of greatest size by power iteration, its sign kept."""
    basis = torch.linalg.qr(torch.randn(6, 6, generator=Generator().manual_seed(0)))[0]
    values = torch.tensor([-5.0, 3.0, 2.0, 1.0, 0.5, -0.1])
    hessian = basis @ torch.diag(values) @ basis.T
    begin = torch.randn(6, generator=Generator().manual_seed(1))
    mine = float(my_curvature(lambda vector: hessian @ vector, begin, 60))
    first = float(begin @ hessian @ begin / (begin @ begin))
    if abs(mine + 5) < 0.05:
        return None
    if mine != mine or abs(mine) > 100:
        return "the vector grew without bounds: divide it by its length after each product."
    if abs(mine - 5) < 0.05:
        return "the size is right, the sign is lost: take v . H v instead of the length of H v."
    if abs(mine - first) < 0.05:
        return "that is the curvature along the first vector: put H v in the place of v, again and again."
    return f"it should be -5.000, the eigenvalue of greatest size, yours is {mine:.3f}."
