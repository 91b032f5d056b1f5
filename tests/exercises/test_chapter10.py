"""Chapter 10's checks: the right answer is correct, each likely mistake is named."""

import pytest
import torch

from mia_kit.exercises import chapter10


def inject(pictures, labels, surrogates, own):
    return torch.cat([pictures, surrogates]), torch.cat([labels, torch.full((len(surrogates),), own)])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (inject, "Correct."),
        (lambda pictures, labels, surrogates, own: (pictures, labels), "you hand in 5"),
        (lambda p, labels, s, own: (torch.cat([p, s]), labels), "8 pictures and 5 labels"),
        (lambda p, labels, s, own: inject(p, labels, s, 1), "under the protected label, 2, yours under [1, 1, 1]"),
        (lambda p, labels, s, own: inject(s, torch.full((3,), own), p, own), "put the surrogate's after them"),
    ],
)
def test_inject(answer, words, capsys):
    chapter10.check_inject(answer)
    assert words in capsys.readouterr().out


def mislabel(labels, own, share, classes, generator, *, shift=True, shuffled=True, kept=True):
    places = (labels == own).nonzero()[:, 0]
    order = torch.randperm(len(places), generator=generator) if shuffled else torch.arange(len(places))
    places = places[order[: int(share * len(places))]]
    wrong = torch.randint(classes - 1 if shift else classes, (len(places),), generator=generator)
    labels = labels.clone() if kept else labels
    labels[places] = wrong + (wrong >= own) if shift else wrong
    return labels


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (mislabel, "Correct."),
        (lambda labels, *rest: labels, "is 60, you changed 0."),
        (lambda *given: mislabel(*given, shift=False), "is right now and then"),
        (lambda *given: mislabel(*given, kept=False), "labels.clone()"),
        (lambda *given: mislabel(*given, shuffled=False), "you took the first fifth"),
        (lambda labels, own, *rest: mislabel(labels, 1, *rest), "labels of other people"),
        (
            lambda labels, own, share, *rest: torch.where(mislabel(labels, own, share, *rest) != labels, 0, labels),
            "each other class",
        ),
    ],
)
def test_mislabel(answer, words, capsys):
    chapter10.check_mislabel(answer)
    assert words in capsys.readouterr().out


def copies(pictures, deviation, generator, *, width=2, shape=None):
    noise = torch.randn(shape or pictures.shape, generator=generator)
    return (pictures + width * deviation * noise).clamp(-1, 1)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (copies, "Correct."),
        (lambda *given: copies(*given, width=1), "twice as large"),
        (lambda *given: copies(*given, shape=(1, 1000)), "the same noise"),
        (lambda pictures, deviation, generator: pictures, "yours has 0.000"),
        (lambda p, deviation, g: p + 2 * deviation * torch.randn(p.shape, generator=g), "clamp them"),
    ],
)
def test_copies(answer, words, capsys):
    chapter10.check_copies(answer)
    assert words in capsys.readouterr().out


def iterate(product, vector, steps, *, unit=True):
    for _ in range(steps):
        vector = product(vector)
        vector = vector / vector.norm() if unit else vector
    return vector


def my_curvature(product, vector, steps):
    found = iterate(product, vector, steps)
    return found @ product(found)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (my_curvature, "Correct."),
        (lambda product, vector, steps: product(iterate(product, vector, steps)).norm(), "the sign is lost"),
        (lambda product, vector, steps: iterate(product, vector, steps, unit=False).norm(), "grew without bounds"),
        (lambda product, vector, steps: vector @ product(vector) / (vector @ vector), "along the first vector"),
        (lambda product, vector, steps: 3.0, "it should be -5.000, the eigenvalue of greatest size, yours is 3.000"),
    ],
)
def test_curvature(answer, words, capsys):
    chapter10.check_curvature(answer)
    assert words in capsys.readouterr().out
