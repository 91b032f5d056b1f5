"""Who is attacked: the order of photographs, what target and evaluator are given, and the public people."""

import numpy as np
import pytest
import torch
from tiny_people import numbered_faces

from mia_kit.data import DataCard, DataError, ImageSet
from mia_kit.experiments import face_people
from mia_kit.experiments.face_people import deal_photographs, load_people, public_people

FACES = numbered_faces([6, 3, 9, 7])


def test_everybody_with_enough_photographs_and_all_of_them() -> None:
    people = deal_photographs(FACES, pool=4, least=6, seed=0)
    assert people.class_names == ("a", "c", "d")
    assert torch.bincount(people.labels).tolist() == [6, 9, 7]
    assert people.images.shape == (22, 1, 4, 4)
    assert people.images.dtype == torch.uint8
    for label, number in zip(people.labels, people.images[:, 0, 0, 0], strict=True):
        assert FACES.class_names[FACES.labels[number]] == people.class_names[label]
    assert len(people.images[:, 0, 0, 0].unique()) == 22


def test_order_counts_each_persons_photographs() -> None:
    people = deal_photographs(FACES, pool=4, least=6, seed=0)
    for person, count in enumerate((6, 9, 7)):
        assert sorted(people.order[people.labels == person].tolist()) == list(range(count))


def test_a_target_with_more_photographs_sees_those_of_one_with_fewer() -> None:
    people = deal_photographs(FACES, pool=4, least=6, seed=0)
    before = torch.zeros(22, dtype=torch.bool)
    for per_class in range(1, 5):
        chosen = people.target_training(per_class)
        assert torch.bincount(people.labels[chosen]).tolist() == [per_class] * 3
        assert (before <= chosen).all()
        before = chosen


def test_target_and_evaluator_share_no_photograph_and_leave_none() -> None:
    people = deal_photographs(FACES, pool=4, least=6, seed=0)
    assert torch.equal(people.target_training(4), ~people.evaluator_training())
    assert torch.bincount(people.labels[people.evaluator_training()]).tolist() == [2, 5, 3]


def test_the_seed_chooses_who_gets_which_photograph() -> None:
    one, same, other = (deal_photographs(FACES, pool=4, least=6, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one.images, same.images)
    assert not torch.equal(one.images, other.images)
    assert torch.equal(one.labels, other.labels)


def test_floats() -> None:
    people = deal_photographs(FACES, pool=4, least=6, seed=0)
    assert torch.allclose((people.floats() + 1) * 127.5, people.images.float(), atol=1e-4)
    chosen = people.target_training(2)
    assert torch.equal(people.floats(chosen), people.floats()[chosen])
    white = face_people.People(torch.tensor([0, 255]).byte(), people.labels, people.order, 1, ())
    assert white.floats().tolist() == [-1, 1]


def test_colours_come_before_rows() -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, 3, 5, 3), dtype=np.uint8)
    faces = ImageSet(images, np.array([0, 0, 1, 1]), ("a", "b"), DataCard.read("orl"))
    people = deal_photographs(faces, pool=1, least=2, seed=0)
    assert people.images.shape == (4, 3, 3, 5)
    found = {picture.permute(1, 2, 0).numpy().tobytes() for picture in people.images}
    assert found == {image.tobytes() for image in images}


def test_bad_input() -> None:
    for pool, least in ((6, 6), (0, 6), (7, 6)):
        with pytest.raises(ValueError, match=rf"1 <= pool < least must hold, .* got pool {pool} and least 6 instead"):
            deal_photographs(FACES, pool=pool, least=least, seed=0)
    with pytest.raises(ValueError, match="two people need at least 8 photographs, got 1 such people instead"):
        deal_photographs(FACES, pool=1, least=8, seed=0)
    people = deal_photographs(FACES, pool=4, least=6, seed=0)
    for per_class in (0, 5):
        with pytest.raises(ValueError, match=rf"per_class must lie in \[1, 4\], got {per_class} instead"):
            people.target_training(per_class)


def test_sets_with_a_frame_are_cut_to_it_and_others_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def loader(kind: str):
        def give(name: str, size: int) -> ImageSet:
            asked.append((kind, name, size))
            return numbered_faces([2, 2], size=(size, size))

        return give

    monkeypatch.setattr(face_people, "load_aligned", loader("aligned"))
    monkeypatch.setattr(face_people, "load", loader("whole"))
    for name in ("orl", "facescrub12"):
        assert load_people(name, size=5, pool=1, least=2, seed=0).images.shape == (4, 1, 5, 5)
    assert asked == [("aligned", "orl", 5), ("whole", "facescrub12", 5)]


def test_the_forty_people_of_orl() -> None:
    try:
        people = load_people("orl", size=24, pool=5, least=10, seed=0)
    except DataError as problem:
        pytest.skip(str(problem))
    assert people.images.shape == (400, 1, 24, 24)
    assert torch.bincount(people.labels).tolist() == [10] * 40


def test_public_people(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three sets number their classes on and on; whoever has a single photograph is left out of all of them."""
    lfw, celeba = numbered_faces([2, 3], colour=True), numbered_faces([1, 2, 1, 3], colour=True)
    # Quarters of the ages: 20 and 21, 30 and 31, 40 and 41, 60 and 61.
    names = ["20_0_1_x", "21_0_1_x", "30_0_1_x", "31_1_1_x", "40_1_2_x", "41_1_2_x", "60_1_x", "61_1_x"]
    utkface = ImageSet(
        np.arange(200, 208, dtype=np.uint8)[:, None, None, None].repeat(4, 1).repeat(4, 2).repeat(3, 3),
        np.zeros(8, dtype=np.int64),
        ("adult",),
        DataCard.read("utkface"),
        files=tuple(names),
    )
    sets = {"lfw_ge8": lfw, "celeba10k": celeba, "utkface": utkface}
    monkeypatch.setattr("mia_kit.data.public.load_aligned", lambda name, size: sets[name])
    images, labels = public_people(4)
    assert images.shape == (5 + 5 + 6, 3, 4, 4)
    assert images.dtype == torch.uint8
    assert labels.dtype == torch.int64
    assert torch.bincount(labels).tolist() == [2, 3, 2, 3, 2, 2, 2]
    assert labels[:5].tolist() == lfw.labels.tolist()
    kept = celeba.labels[np.isin(celeba.labels, [1, 3])]
    assert labels[5:10].tolist() == [{1: 2, 3: 3}[person] for person in kept]
    # The man of 30 and the woman of 31 stand alone.
    assert images[10:, 0, 0, 0].tolist() == [200, 201, 204, 205, 206, 207]
    assert labels[10:].tolist() == [4, 4, 5, 5, 6, 6]
