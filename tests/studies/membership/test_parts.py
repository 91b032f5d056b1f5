"""Who trains on what, who serves as whose shadow, what is kept, and what makes another model."""

import numpy as np
import pytest
import torch
from noise import noise

from mia_kit.defences import DefenceTraining
from mia_kit.membership import distance
from mia_kit.runs.parts import with_inputs
from mia_kit.studies.membership import parts
from mia_kit.studies.membership.cells import AttackCell, cells, seen_by
from mia_kit.studies.membership.parts import AnswersPart, PoolPart, draw_pool, target
from mia_kit.studies.membership.recipe import Attacker, Distance, Mechanism, Network, Recipe, World

WORLD = World(name="mnist5k", per_class=2)
NETWORK = Network(width=2, hidden=8, epochs=1, batch_size=16)
POOL = PoolPart(WORLD)
ATTACKER = Attacker(known=4, copies=4, distance=Distance(images=5, steps=2, confidences=(0.2, 0.5)))
RECIPE = Recipe(study="membership", world=WORLD, seeds=[2, 3, 4, 5, 6, 7], network=NETWORK, attacker=ATTACKER)


def mechanism(**strengths: float) -> tuple[Mechanism, ...]:
    return tuple(Mechanism(defence=name, strength=strength) for name, strength in strengths.items())


@pytest.fixture(autouse=True)
def noisy(monkeypatch):
    monkeypatch.setattr(parts, "load", lambda name: noise())


def test_twins_share_no_picture_and_are_not_each_others_shadows(maker):
    pool = maker(POOL)
    shadows = {cell.seed: [shadow.target.seed for shadow in cell.shadows]
               for cell in cells(RECIPE) if isinstance(cell, AttackCell) and cell.attack == "lira"}  # fmt: skip
    for seed in RECIPE.seeds:
        split, twin = pool.split(seed), pool.split(seed ^ 1)
        np.testing.assert_array_equal(split.members, twin.non_members)
        assert len(split.members) == 20 and not set(split.members) & set(split.non_members)
        assert (np.bincount(pool.labels.numpy()[split.members]) == 2).all()
        assert sorted([seed, seed ^ 1, *shadows[seed]]) == RECIPE.seeds
        seen = np.stack([seen_by(pool, shadow) for shadow in shadows[seed]])
        assert (seen.sum(axis=0) == 2).all()  # as many have seen a picture as have not, members or no
    assert not np.array_equal(pool.split(2).members, pool.split(4).members)


def test_what_is_known_is_not_judged(maker):
    pool = maker(POOL)
    known, judged = pool.known_and_judged(3, 4)
    assert len(known.members) == len(known.non_members) == 4
    for side in ("members", "non_members"):
        both = np.concatenate([getattr(known, side), getattr(judged, side)])
        assert sorted(both) == getattr(pool.split(3), side).tolist()


def test_models_see_their_members_alone(maker, monkeypatch):
    given, fit = [], DefenceTraining.fit

    def watched(self, model, images, *rest, **keywords):
        given.append(images)
        return fit(self, model, images, *rest, **keywords)

    monkeypatch.setattr(DefenceTraining, "fit", watched)
    maker(target(POOL, NETWORK, (), 3))
    pool = maker(POOL)
    torch.testing.assert_close(given[0], pool.images[torch.from_numpy(pool.split(3).members)])


def test_the_distances_are_those_of_judged_pictures(maker, monkeypatch):
    asked, run = [], distance.run

    def watched(access, images, *rest, **keywords):
        asked.append((images, keywords["confidence"]))
        return run(access, images, *rest, **keywords)

    monkeypatch.setattr(distance, "run", watched)
    assert maker(AnswersPart(target(POOL, NETWORK, (), 3), ATTACKER)).distances.shape == (2, 2, 5)
    pool = maker(POOL)
    judged = pool.known_and_judged(3, 4)[1]
    sides = np.concatenate([judged.members[:5], judged.non_members[:5]])
    torch.testing.assert_close(asked[0][0], pool.images[torch.from_numpy(sides)])
    assert [confidence for _, confidence in asked] == [0.2, 0.5]


def test_copies_are_changed_as_the_models_own_training_changed_them(maker):
    def losses(**strengths: float) -> np.ndarray:
        return maker(AnswersPart(target(POOL, NETWORK, mechanism(**strengths), 2), ATTACKER)).losses

    plain, noisy, moved = losses(), losses(noise=0.5), losses(crop_and_flip=3)
    assert plain.shape == (40, 4) and np.ptp(plain, axis=1).max() == 0
    assert np.ptp(noisy, axis=1).min() > 0 and np.ptp(moved, axis=1).min() > 0
    assert np.ptp(losses(noise=0.0), axis=1).max() == 0  # not the attacker's own idea of a copy


def test_dp_sgd_comes_back_with_group_norm_and_its_epsilon(maker):
    pytest.importorskip("opacus")
    model, epsilon = maker(target(POOL, NETWORK, mechanism(dp_sgd=1.0), 2))
    assert any(isinstance(layer, torch.nn.GroupNorm) for layer in model.modules()) and epsilon > 0
    assert np.isnan(maker(target(POOL, NETWORK, (), 2))[1])


def test_a_distilled_model_learns_from_the_model_of_the_same_members():
    student = target(POOL, NETWORK, mechanism(distillation=10.0), 3)
    assert student.teacher == target(POOL, NETWORK, (), 3)
    assert student.teacher in with_inputs([student]) and target(POOL, NETWORK, (), 3).teacher is None


def test_the_pool_has_no_near_duplicates():
    images = noise(each=24)
    images.images[1:8] = images.images[0]  # eight pictures of class 0 are one
    images.images[9] = images.images[8] ^ 1  # a grey level apart
    pool = draw_pool(images, per_class=16, seed=0)
    assert len(np.unique(pool.images.reshape(160, -1), axis=0)) == 160
    assert (np.bincount(pool.labels) == 16).all()
    pixels = pool.images[:16].reshape(16, -1).astype(float)
    apart = np.sqrt(((pixels[:, None] - pixels) ** 2).mean(axis=2)) + 1e3 * np.eye(16)
    assert apart.min() > 0.1 * 127.5
    with pytest.raises(ValueError, match="the class 'class 0' must have 17 pictures after grouping .*, got 16 instead"):
        draw_pool(images, per_class=17, seed=0)
