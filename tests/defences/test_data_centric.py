"""What a contributor hands in: how many of what under which label, how noisy, drawn from the seed; whom they choose."""

import pytest
import torch

from mia_kit.defences import DataCentric, farthest_identity, protect
from mia_kit.defences.data_centric import KINDS

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


def counts(result):
    return dict(zip(KINDS, torch.bincount(result.kinds, minlength=len(KINDS)).tolist(), strict=True))


def test_the_protected_class_grows_fourfold_and_the_rest_is_untouched(task, result):
    images, labels, _ = task
    assert counts(result) == {
        "untouched": 48,
        "mislabelled": 2,
        "surrogate": 10,
        "surrogate copy": 10,
        "copy": 0,
        "mislabelled copy": 10,
    }
    assert torch.equal(result.images[: len(labels)], images)
    others = labels != OWN
    assert torch.equal(result.labels[: len(labels)][others], labels[others])
    assert (result.owners[result.kinds > 0] == OWN).all() and (result.owners[result.kinds == 0] == -1).all()


def test_labels_are_wrong_where_the_kind_says_so(result):
    owned = result.owners == OWN
    wrong = result.are("mislabelled", "mislabelled copy")
    assert (result.labels[wrong] != OWN).all() and (result.labels[owned & ~wrong] == OWN).all()
    assert result.labels.min() >= 0 and result.labels.max() < CLASSES
    with pytest.raises(ValueError, match="not in tuple"):
        result.are("nonsense")


def test_wrong_labels_are_drawn_evenly_from_all_other_classes():
    labels = torch.zeros(4000, dtype=torch.int64)
    settings = DataCentric(("loss",), mislabelled=1.0)
    drawn = protect(torch.zeros(4000, 1), labels, [0], seed=0, settings=settings, classes=5).labels
    assert drawn.bincount(minlength=5)[0] == 0
    assert drawn.bincount(minlength=5)[1:].tolist() == pytest.approx([1000] * 4, abs=110)  # 4 standard deviations


def test_noise_is_float_and_as_wide_as_said(task, result):
    """0.003 and 8 / 255 of the way from black to white, which is 2 here; neither rounded to grey levels."""
    images, labels, _ = task
    noise = result.images[result.are("surrogate copy")] - result.images[result.are("surrogate")]
    assert noise.std() == pytest.approx(0.006, rel=0.05)
    own = result.images[result.are("mislabelled copy")] - images[labels == OWN]
    assert own.std() == pytest.approx(2 * 8 / 255, rel=0.05)
    assert len(noise.unique()) > 1000


@pytest.mark.parametrize(
    ("steps", "present"),
    [
        ((), {"untouched"}),
        (("injection",), {"untouched", "surrogate"}),
        (("loss",), {"untouched", "mislabelled"}),
        (("curvature",), {"untouched", "copy", "mislabelled copy"}),
        (("injection", "loss"), {"untouched", "surrogate", "mislabelled"}),
        (("injection", "curvature"), {"untouched", "surrogate", "surrogate copy", "copy", "mislabelled copy"}),
    ],
)
def test_each_step_can_be_taken_alone(task, steps, present):
    images, labels, surrogates = task
    settings = DataCentric(steps, copies_mislabelled=0.5)
    result = protect(images, labels, [OWN], surrogates=surrogates, seed=0, settings=settings)
    assert {kind for kind, count in counts(result).items() if count} == present


def test_few_surrogates_are_repeated_evenly_and_of_many_none_twice(task):
    images, labels, surrogates = task
    result = protect(images, labels, [OWN, 4], surrogates=surrogates, seed=0)
    for own, different in ((OWN, 4), (4, 10)):
        injected = result.images[result.are("surrogate") & (result.owners == own)]
        _, times = injected.flatten(1).unique(dim=0, return_counts=True)
        assert len(injected) == 10 and len(times) == different and times.max() - times.min() <= 1


def test_a_class_protects_itself_alike_alone_and_among_others(task):
    images, labels, surrogates = task
    alone = protect(images, labels, [4], surrogates=surrogates, seed=3)
    both = protect(images, labels, [OWN, 4], surrogates=surrogates, seed=3)
    assert torch.equal(alone.images[alone.owners == 4], both.images[both.owners == 4])
    assert torch.equal(alone.labels[alone.owners == 4], both.labels[both.owners == 4])
    assert counts(both)["mislabelled"] == 4  # what one contributor mislabels as the other's class stays the first one's


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
