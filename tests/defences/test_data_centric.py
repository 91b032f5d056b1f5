"""What a contributor hands in: how many of what under which label, how noisy, drawn from the seed; whom they choose."""

import pytest
import torch

from mia_kit.defences import DataCentric, farthest_identity, protect

OWN, CLASSES, PER_CLASS = 2, 5, 10


def pictures(count, level, *, seed=0):
    """Pictures of one grey with a little texture."""
    noise = torch.rand(count, 1, 16, 16, generator=torch.Generator().manual_seed(seed))
    return (level + 0.05 * noise).clamp(-1, 1)


@pytest.fixture
def task():
    labels = torch.arange(CLASSES * PER_CLASS) % CLASSES
    return pictures(len(labels), 0.0), labels, {OWN: pictures(4, -0.9, seed=1), 4: pictures(30, 0.8, seed=2)}


@pytest.fixture
def result(task):
    """One class protected in all three steps."""
    return protect(*task[:2], [OWN], surrogates=task[2], seed=0)


def test_the_protected_class_grows_fourfold_and_the_rest_is_untouched(task, result):
    """A fifth of the own pictures and all their copies get a wrong label; surrogates and their copies keep it."""
    images, labels, _ = task
    given, (surrogates, their_copies, own_copies) = result.labels[:50], result.labels[50:].chunk(3)
    assert torch.equal(result.images[:50], images) and len(result.images) == len(result.labels) == 80
    wrong = given != labels
    assert wrong.sum() == 2 and (labels[wrong] == OWN).all()
    assert (surrogates == OWN).all() and (their_copies == OWN).all() and (own_copies != OWN).all()
    assert result.labels.min() >= 0 and result.labels.max() < CLASSES
    assert (result.owners == OWN).tolist() == [*wrong.tolist(), *[True] * 30] and set(result.owners.tolist()) == {
        -1,
        OWN,
    }


def test_wrong_labels_are_drawn_evenly_from_all_other_classes():
    labels = torch.zeros(4000, dtype=torch.int64)
    settings = DataCentric(("loss",), mislabelled=1.0)
    drawn = protect(torch.zeros(4000, 1), labels, [0], seed=0, settings=settings, classes=5).labels
    assert drawn.bincount(minlength=5)[0] == 0
    assert drawn.bincount(minlength=5)[1:].tolist() == pytest.approx([1000] * 4, abs=110)  # 4 standard deviations


def test_noise_is_float_and_as_wide_as_said(task, result):
    """0.003 and 8 / 255 of the way from black to white, which is 2 here; neither rounded to grey levels."""
    images, labels, _ = task
    surrogates, their_copies, own_copies = result.images[50:].chunk(3)
    noise = their_copies - surrogates
    assert noise.std() == pytest.approx(0.006, rel=0.05)
    assert (own_copies - images[labels == OWN]).std() == pytest.approx(2 * 8 / 255, rel=0.05)
    assert len(noise.unique()) > 1000


@pytest.mark.parametrize(
    ("steps", "added", "mislabelled", "copies_mislabelled"),
    [
        ((), 0, 0, 0),
        (("injection",), 10, 0, 0),
        (("loss",), 0, 2, 0),
        (("curvature",), 10, 0, 5),
        (("injection", "loss"), 10, 2, 0),
        (("injection", "curvature"), 30, 0, 5),
    ],
)
def test_each_step_can_be_taken_alone(task, steps, added, mislabelled, copies_mislabelled):
    images, labels, surrogates = task
    settings = DataCentric(steps, copies_mislabelled=0.5)
    result = protect(images, labels, [OWN], surrogates=surrogates, seed=0, settings=settings)
    assert len(result.images) == 50 + added
    assert (result.labels[:50] != labels).sum() == mislabelled
    assert (result.labels[50:] != OWN).sum() == copies_mislabelled


def test_few_surrogates_are_repeated_evenly_and_of_many_none_twice(task):
    images, labels, surrogates = task
    result = protect(images, labels, [OWN, 4], surrogates=surrogates, seed=0)
    for injected, different in ((result.images[50:60], 4), (result.images[80:90], 10)):
        _, times = injected.flatten(1).unique(dim=0, return_counts=True)
        assert len(times) == different and times.max() - times.min() <= 1


def test_a_class_protects_itself_alike_alone_and_among_others(task):
    images, labels, surrogates = task
    alone = protect(images, labels, [4], surrogates=surrogates, seed=3)
    both = protect(images, labels, [OWN, 4], surrogates=surrogates, seed=3)
    assert torch.equal(alone.images[alone.owners == 4], both.images[both.owners == 4])
    assert torch.equal(alone.labels[alone.owners == 4], both.labels[both.owners == 4])
    assert (
        both.owners[:50] >= 0
    ).sum() == 4  # what one contributor mislabels as the other's class stays the first one's


class TestFarthestIdentity:
    CENTRES = torch.tensor([[0.0, 0], [1, 0], [5, 0], [9, 0], [-4, 0]])
    LABELS = torch.arange(5).repeat_interleave(3)
    # Each identity's three embeddings lie around its centre, the first far off: a mean, not one picture, decides.
    EMBEDDINGS = (CENTRES[:, None] + torch.tensor([[0.0, 4], [0, -2], [0, -2]])).flatten(0, 1)

    def choose(self, protected, **options):
        return farthest_identity(self.EMBEDDINGS, self.LABELS, protected, **options)

    def test_by_hand(self):
        assert self.choose([0]) == {0: 3}
        assert self.choose([3]) == {3: 4}
        assert self.choose([0], candidates=[1, 2, 4, 0]) == {0: 2}

    def test_nobody_twice_and_no_protected_one(self):
        assert self.choose([0, 1]) == {0: 3, 1: 4}  # 2 is as far from nobody
        assert self.choose([1, 0]) == {1: 3, 0: 2}
        assert set(self.choose([0, 3]).values()) == {2, 4}
