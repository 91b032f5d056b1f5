"""The checks of chapters 10 to 14: a right answer is correct, each likely mistake is named."""

import math

import numpy as np
import pytest
import torch

from mia_kit.exercises import chapter10, chapter11, chapter12, chapter13, chapter14
from mia_kit.membership.thresholds import best_threshold
from mia_kit.runs.claims import word_of
from mia_kit.runs.compare import Estimate
from mia_kit.runs.contrasts import Contrast
from tests.exercises.speaking import said


def inject(pictures, labels, surrogates, own):
    return torch.cat([pictures, surrogates]), torch.cat([labels, torch.full((len(surrogates),), own)])


def mislabel(labels, own, share, classes, generator, *, shift=True, shuffled=True, kept=True):
    places = (labels == own).nonzero()[:, 0]
    order = torch.randperm(len(places), generator=generator) if shuffled else torch.arange(len(places))
    places = places[order[: int(share * len(places))]]
    wrong = torch.randint(classes - 1 if shift else classes, (len(places),), generator=generator)
    labels = labels.clone() if kept else labels
    labels[places] = wrong + (wrong >= own) if shift else wrong
    return labels


def copies(pictures, deviation, generator, *, width=2, shape=None):
    noise = torch.randn(shape or pictures.shape, generator=generator)
    return (pictures + width * deviation * noise).clamp(-1, 1)


def iterate(product, vector, steps, *, unit=True):
    for _ in range(steps):
        vector = product(vector)
        vector = vector / vector.norm() if unit else vector
    return vector


def my_curvature(product, vector, steps):
    found = iterate(product, vector, steps)
    return found @ product(found)


def log_density(value, models, ddof=1):
    deviation = models.std(ddof=ddof)
    return -np.log(deviation) - ((value - models.mean()) / deviation) ** 2 / 2


def my_ratio(value, inside, outside):
    return log_density(value, inside) - log_density(value, outside)


def rule(estimate, low, high, low_90, high_90, d):
    if low > 0 and estimate >= d:
        return "reproduced"
    if -d <= low_90 and high_90 <= d:
        return "absent"
    if low > 0:
        return "weaker"
    return "contradicted" if high < 0 else "cannot tell"


def late(estimate, low, high, low_90, high_90, d):
    """Asks for absent last."""
    word = rule(estimate, low, high, -9, 9, d)
    return "absent" if word == "cannot tell" and -d <= low_90 and high_90 <= d else word


@pytest.mark.parametrize(("numbers", "word", "_"), chapter13.CASES)
def test_the_cases_have_the_words_of_the_course_s_own_rule(numbers, word, _):
    estimate, low, high, low_90, high_90, smallest = numbers
    contrast = Contrast({}, kind="finding", claimed="above", smallest_effect=smallest)
    assert word_of(Estimate(estimate, low, high, low_90, high_90, 0.1, 40, 5), contrast) == word


def beats(first, second):
    return first[0] >= second[0] and first[1] <= second[1] and first != second


def frontier(points):
    return [name for name, point in points.items() if not any(beats(other, point) for other in points.values())]


def better_than_the_first(mine):
    chapter14.check_better(mine, (0.4, 8))


CASES = {
    chapter10.check_copies: [
        (copies, "Correct."),
        (lambda *given: copies(*given, width=1), "twice as large"),
        (lambda *given: copies(*given, shape=(1, 1000)), "the same noise"),
        (lambda pictures, deviation, generator: pictures, "yours has 0.000"),
        (lambda p, deviation, g: copies(p, deviation, None), "the same generator should give the same copies"),
        (lambda p, deviation, g: p + 2 * deviation * torch.randn(p.shape, generator=g), "clamp them"),
    ],
    chapter10.check_curvature: [
        (my_curvature, "Correct."),
        (lambda product, vector, steps: product(iterate(product, vector, steps)).norm(), "the sign is lost"),
        (lambda product, vector, steps: iterate(product, vector, steps, unit=False).norm(), "grew without bounds"),
        (lambda product, vector, steps: vector @ product(vector) / (vector @ vector), "along the first vector"),
        (lambda product, vector, steps: 3.0, "it should be -5.000, the eigenvalue of greatest size, yours is 3.000"),
    ],
    chapter10.check_inject: [
        (inject, "Correct."),
        (lambda pictures, labels, surrogates, own: (pictures, labels), "you hand in 5"),
        (lambda p, labels, s, own: (torch.cat([p, s]), labels), "8 pictures and 5 labels"),
        (lambda p, labels, s, own: inject(p, labels, s, 1), "under the protected label, 2, yours under [1, 1, 1]"),
        (
            lambda p, labels, s, own: inject(p, labels, s, float(own)),
            "labels are whole numbers, of torch.int64, yours are",
        ),
        (lambda p, labels, s, own: inject(s, torch.full((3,), own), p, own), "put the surrogate's after them"),
    ],
    chapter10.check_mislabel: [
        (mislabel, "Correct."),
        (lambda labels, *rest: labels, "is 60, you changed 0."),
        (lambda *given: mislabel(*given, shift=False), "is right now and then"),
        (lambda *given: mislabel(*given, kept=False), "labels.clone()"),
        (lambda *given: mislabel(*given, shuffled=False), "every generator gets the same pictures"),
        (lambda *given: mislabel(*given[:-1], None), "the same generator should give the same labels"),
        (lambda labels, own, share, n, g: mislabel(labels, own, share, n + 1, g), "and you gave the label 4"),
        (lambda labels, own, *rest: mislabel(labels, 1, *rest), "labels of other people"),
        (
            lambda labels, own, share, *rest: torch.where(mislabel(labels, own, share, *rest) != labels, 0, labels),
            "each other class",
        ),
    ],
    chapter11.check_ratio: [
        (my_ratio, "Correct."),
        (lambda value, inside, outside: -my_ratio(value, inside, outside), "the members' Gaussian first"),
        (lambda value, inside, outside: np.exp(my_ratio(value, inside, outside)), "return its logarithm"),
        (lambda value, *groups: np.subtract(*(log_density(value, each, 0) for each in groups)), "take ddof=1"),
        (lambda *given: my_ratio(*given) + np.log(given[1].std(ddof=1) / given[2].std(ddof=1)), "of each deviation is"),
        (lambda value, inside, outside: value - outside.mean(), "for the trial picture it should be"),
    ],
    chapter11.check_threshold: [
        (best_threshold, "Correct."),
        (lambda members, non_members: members.mean(), "that is the average attack"),
        (lambda members, non_members: members.mean() + 5 * members.std(), "an end of the range"),
        (lambda members, non_members: 1.3, "take the greatest gain, not the least"),
        (lambda members, non_members: best_threshold(members, non_members) + 1e-3, "none of the 1,001"),
        (lambda members, non_members: np.zeros(1001), "yours has the shape (1001,)"),
        (lambda members, non_members: 0.3, "with the best of the 1,001 it is"),
    ],
    chapter12.check_hours: [
        (lambda n, piece, hours, workers: math.ceil(math.ceil(n / piece) / workers) * hours, "Correct."),
        (lambda n, piece, hours, workers: n / piece / workers * hours, "a piece cannot be shared"),
        (lambda n, piece, hours, workers: math.ceil(n / piece) / workers * hours, "stand idle"),
        (lambda n, piece, hours, workers: math.ceil(n / piece) * hours, "one worker alone"),
        (lambda n, piece, hours, workers: math.ceil(n // piece / workers) * hours, "7 workers: it should be 12 hours"),
        (lambda n, piece, hours, workers: (n // piece // workers + 1) * hours, "480 people, 15 to a piece of 2 hours"),
        (lambda *numbers: 1, "should be 10 hours, yours is 1."),
    ],
    chapter12.check_images: [
        (lambda people, candidates, steps: people * candidates * steps, "Correct."),
        (lambda people, candidates, steps: people * candidates, "in every step"),
        (lambda people, candidates, steps: people * steps, "several candidates"),
        (lambda people, candidates, steps: candidates * steps, "that is one person"),
        (lambda *numbers: 3, "should be 5,300,000, yours is 3."),
    ],
    chapter13.check_by_chance: [
        (lambda tests, level: 1 - (1 - level) ** tests, "Correct."),
        (lambda tests, level: tests * level, "counts twice where two pass at once"),
        (lambda tests, level: (1 - level) ** tests, "for 1 tests at 0.05 it should be 0.0500, yours is 0.9500"),
    ],
    chapter13.check_word: [
        (rule, "Correct."),
        (late, "what is surely there and surely too small to matter is absent: yours says 'weaker' for 0.04"),
        (lambda *numbers: "reproduced" if numbers[1] > 0 else "cannot tell", "with an estimate below d is weaker"),
        (lambda e, low, *rest: rule(low, low, *rest), "the estimate has to reach d"),
        (
            lambda e, low, high, low_90, high_90, d: rule(e, low_90, high_90, low_90, high_90, d),
            "asks the 95 % interval",
        ),
        (lambda e, low, high, *rest: rule(e, low, e if low <= 0 else high, *rest), "with its interval alone"),
    ],
    better_than_the_first: [
        ((0.5, 6), "Correct."),
        ((0.4, 7), "Correct."),
        ((0.9, 9), "red finds 9 people"),
        ((0.3, 0), "by naming few"),
        ((0.4, 8), "exactly as good"),
    ],
    chapter14.check_frontier: [
        (frontier, "Correct."),
        (lambda points: [n for n, p in points.items() if p[0] > 0.75], "e leaks nothing"),
        (list, "b beats it"),
        (lambda points: [*frontier(points), "d"], "d is as accurate as b"),
        (lambda points: [*frontier(points), "g"], "g leaks as much as b"),
        (lambda points: ["e", "b"], "nobody beats a or f"),
        (lambda points: ["a", "e"], "a, b, e and f should stay"),
    ],
}


test_checks = said(CASES)
