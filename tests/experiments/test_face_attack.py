"""The judges and what they measure, by hand; settings from YAML; the film; reconstructions that are made to fit."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import yaml
from tiny_people import FlatPrior, Quarters, shaded_people
from torch import Tensor

from mia_kit.access import WhiteBox
from mia_kit.attacks import Reconstructions, Settings, logit, run
from mia_kit.attacks.reconstructions import Trace
from mia_kit.experiments import face_attack
from mia_kit.experiments.face_attack import FALSE_MATCH_RATE, Judges, appoint, attack, film, fitted, judge, measure
from mia_kit.experiments.face_people import People
from mia_kit.models import in_batches

SETTINGS = {"pool": 20, "candidates": 2, "keep": 1, "steps": 4, "selection_views": 2, "batch_size": 3}


def quartered(quarters: Tensor, *, channels: int = 1) -> Tensor:
    """Floats of shape (n, channels, 16, 16) whose quarters have these shades, of shape (n, 4)."""
    return quarters.view(-1, 1, 2, 2).repeat_interleave(8, 2).repeat_interleave(8, 3).expand(-1, channels, -1, -1)


def quartered_people(each: int = 10, *, classes: int = 4, channels: int = 1) -> People:
    """Random quarters, that of the person somewhat lighter."""
    labels = torch.arange(classes).repeat_interleave(each)
    quarters = torch.rand(len(labels), 4, generator=torch.Generator().manual_seed(0)) - 0.5
    quarters[torch.arange(len(labels)), labels % 4] += 0.3
    images = ((quartered(quarters, channels=channels) + 1) * 127.5).byte()
    return People(images, labels, torch.arange(each).repeat(classes), 4, tuple("abcdefgh"[:classes]))


def handed_in(images: Tensor, targets: list[int]) -> Reconstructions:
    nothing = torch.zeros(0, len(images))
    return Reconstructions(
        images,
        torch.zeros(len(images), 4),
        torch.tensor(targets),
        torch.zeros(len(images), dtype=torch.int64),
        torch.zeros(len(images)),
        torch.arange(len(images)) % 2 == 0,
        Trace(nothing, nothing, nothing),
        0,
        torch.zeros(0, len(images), 4),
    )


@pytest.mark.parametrize("classes", [4, 8])
def test_threshold_lets_a_hundredth_of_strangers_through(classes: int) -> None:
    """Each photograph against the next five people, or all others if they are fewer."""
    people, judge = quartered_people(classes=classes), Quarters()
    judges = appoint(people, judge, judge.features)
    everything, labels = judge.features(people.floats()).numpy(), people.labels.numpy()
    seen_by_nobody = people.order.numpy() >= 4
    strangers = []
    for embedding, label in zip(everything, labels, strict=True):
        for other in [(label + shift) % classes for shift in range(1, 6)][: classes - 1]:
            references = everything[(labels == other) & seen_by_nobody]
            strangers.append(np.median([np.linalg.norm(embedding - own) for own in references]))
    assert FALSE_MATCH_RATE == 0.01
    assert (np.array(strangers) < judges.threshold - 1e-6).mean() <= 0.01
    assert (np.array(strangers) < judges.threshold + 1e-6).mean() > 0.01
    assert np.array_equal(judges.references, everything[seen_by_nobody])
    assert np.array_equal(judges.reference_labels, labels[seen_by_nobody])


def test_measures_by_hand() -> None:
    """The evaluator's features are the quarters; the embedder's are twice as far apart."""
    people, evaluator = quartered_people(), Quarters()
    judges = appoint(people, evaluator, lambda images: 2 * evaluator.features(images))
    quarters = torch.tensor([[0.9, 0.1, 0.2, 0.3], [0.5, 0.5, 0.2, 0.3], [0.4, 0.1, 0.2, 0.3], [0.1, 0.0, 0.0, 0.0]])
    found = handed_in(quartered(quarters), [0, 1, 2, 3])
    measured = measure(found, people, judges, per_class=3)
    assert measured.rank.tolist() == [1, 2, 3, 4]  # a tie counts against the attack
    assert (measured.rank == 1).tolist() == [True, False, False, False]
    assert measured.targets.tolist() == [0, 1, 2, 3]
    assert measured.selected.tolist() == [True, False, True, False]
    features = evaluator.features(people.floats())
    for place in range(4):
        own = people.labels == place
        gaps = (features - quarters[place]).square().sum(dim=1)
        assert measured.nearest[place] == pytest.approx(float(gaps[own & (people.order < 3)].min()), rel=1e-4)
        distances = 2 * gaps[own & (people.order >= 4)].sqrt()
        assert measured.distance[place] == pytest.approx(np.median(distances.numpy()), rel=1e-4)


def test_more_photographs_of_the_target_come_nearer() -> None:
    people, evaluator = quartered_people(), Quarters()
    judges = appoint(people, evaluator, evaluator.features)
    found = handed_in(people.floats(people.order == 3), [0, 1, 2, 3])  # the very photographs
    few, all_four = (measure(found, people, judges, per_class=count) for count in (3, 4))
    assert (all_four.nearest < 1e-6).all()
    assert (few.nearest > 1e-4).all()
    assert np.array_equal(few.distance, all_four.distance)


def test_a_person_without_photographs_of_the_evaluator() -> None:
    people, evaluator = quartered_people(), Quarters()
    judges = appoint(people, evaluator, evaluator.features)
    known = judges.reference_labels != 2
    judges = replace(judges, references=judges.references[known], reference_labels=judges.reference_labels[known])
    with pytest.raises(ValueError, match="the target class 2 has no reference images"):
        measure(handed_in(people.floats(slice(0, 1)), [2]), people, judges, per_class=4)


def test_settings_as_yaml_gives_them() -> None:
    text = "{loss: logit, betas: [0.2, 0.3], film: [0, 2, 4], learning_rate: 0.1, " + str(SETTINGS)[1:].replace("'", "")
    settings = yaml.safe_load(text)
    before = dict(settings)
    found = attack(Quarters(), FlatPrior(), [1, 2], settings, size=16, seed=3, progress=False)
    assert settings == before
    full = Settings((16, 16), betas=(0.2, 0.3), film=(0, 2, 4), learning_rate=0.1, **SETTINGS)
    expected = run(WhiteBox(Quarters()), [1, 2], prior=FlatPrior(), seed=3, settings=full, loss=logit, progress=False)
    assert torch.equal(found.codes, expected.codes)
    assert torch.equal(found.film, expected.film)
    other = attack(Quarters(), FlatPrior(), [1, 2], settings | {"loss": "margin"}, size=16, seed=3, progress=False)
    assert not torch.equal(found.codes, other.codes)


def test_lists_become_tuples(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []
    monkeypatch.setattr(face_attack, "run", lambda *_, settings, **__: given.append(settings))
    attack(Quarters(), FlatPrior(), [1], SETTINGS | {"film": [0, 2], "betas": [0.2, 0.3]}, size=16, seed=0)
    assert given == [Settings((16, 16), film=(0, 2), betas=(0.2, 0.3), **SETTINGS)]


def test_the_loss_is_poincare_unless_named() -> None:
    def codes(**loss: str) -> Tensor:
        return attack(Quarters(), FlatPrior(), [1], SETTINGS | loss, size=16, seed=0, progress=False).codes

    assert torch.equal(codes(), codes(loss="poincare"))
    with pytest.raises(ValueError, match="loss must be one of boundary, poincare, .*, margin, .* got 'hinge' instead"):
        codes(loss="hinge")


def test_film_begins_with_the_start_and_ends_with_the_result() -> None:
    prior = FlatPrior()
    found = attack(Quarters(), prior, [1, 2], SETTINGS | {"film": [0, 1, 4]}, size=16, seed=0, progress=False)
    frames = film(found, prior)
    assert len(frames) == 3
    assert torch.equal(frames[-1].codes, found.codes)
    torch.testing.assert_close(frames[-1].images, found.images)
    for frame, codes in zip(frames, found.film, strict=True):
        torch.testing.assert_close(frame.images, prior.synthesise(codes))
        assert torch.equal(frame.targets, found.targets)
        assert torch.equal(frame.selected, found.selected)
    assert not torch.equal(frames[0].images, frames[1].images)


def test_film_stays_in_the_range_of_images() -> None:
    class Loud(FlatPrior):
        def synthesise(self, codes: Tensor) -> Tensor:
            return 3 * super().synthesise(codes)

    found = replace(handed_in(torch.zeros(2, 3, 16, 16), [0, 1]), film=torch.full((1, 2, 4), 5.0))
    assert film(found, Loud())[0].images.max() == 1


@pytest.mark.parametrize(
    ("channels", "size"), [(3, (16, 16)), (3, (64, 48)), (3, (8, 8)), (1, (24, 24)), (1, (16, 16))]
)
def test_fitted_for_grey_people(channels: int, size: tuple[int, int]) -> None:
    images = torch.rand(2, channels, *size, generator=torch.Generator().manual_seed(0)) * 2 - 1
    found = fitted(images, shaded_people())
    assert found.shape == (2, 1, 16, 16)
    assert found.abs().max() <= 1
    torch.testing.assert_close(found.mean(), images.mean(), atol=0.02, rtol=0)
    if size == (16, 16):
        torch.testing.assert_close(found, images.mean(dim=1, keepdim=True))


def test_fitted_leaves_colours_of_the_right_size_alone() -> None:
    images = torch.rand(2, 3, 16, 16)
    assert torch.equal(fitted(images, quartered_people(channels=3)), images)


def test_judges_look_at_reconstructions_that_are_made_to_fit() -> None:
    """A prior in colour and of another size: the same measures as of the grey picture itself."""
    people, evaluator = quartered_people(), Quarters()
    judges: Judges = appoint(people, evaluator, evaluator.features)
    small = people.floats(slice(0, 4))
    large = small.repeat_interleave(2, 2).repeat_interleave(2, 3).expand(-1, 3, -1, -1)
    one, other = (measure(handed_in(images, [0] * 4), people, judges, per_class=4) for images in (small, large))
    assert np.array_equal(one.rank, other.rank)
    assert np.allclose(one.distance, other.distance, atol=0.03)


def test_judges_look_at_the_training_photographs_once(monkeypatch):
    people = shaded_people(classes=3, each=20, pool=4)
    judges = appoint(people, Quarters(), lambda images: images.flatten(1))
    images, targets, selected = people.floats(slice(10, 13)), np.zeros(3, dtype=int), np.ones(3, dtype=bool)
    first = judge(images, targets, selected, people, judges, per_class=3)
    monkeypatch.setattr(face_attack, "in_batches", counted := CountingBatches())
    again = judge(images, targets, selected, people, judges, per_class=3)
    assert sum(counted.seen) == 3 * len(images)  # features, answers and embeddings of the reconstructions alone
    np.testing.assert_array_equal(first.nearest, again.nearest)
    other = replace(judges, evaluator=Doubled())
    assert not np.array_equal(judge(images, targets, selected, people, other, per_class=3).nearest, first.nearest)


class Doubled(Quarters):
    def features(self, images):
        return 2 * super().features(images)


class CountingBatches:
    """`in_batches`, and how many images it was given each time."""

    def __init__(self):
        self.seen = []

    def __call__(self, function, images, **own):
        self.seen.append(len(images))
        return in_batches(function, images, **own)
