"""C2F: the map against scikit-learn's, children against a plain loop, and the coarse search without a query."""

import pytest
import torch
from quarters import SIZE, FlatPrior, Quarters, shades
from sklearn.linear_model import Ridge

from mia_kit.access import ConfidenceAPI
from mia_kit.attacks import c2f

SETTINGS = c2f.Settings(SIZE, samples=200, population=6, steps=15, learning_rate=0.05, generations=10)


def attack(access, targets=(2, 0), **changes):
    settings = c2f.Settings(**vars(SETTINGS) | changes)
    options = {"prior": FlatPrior(), "embedder": Quarters(), "seed": 1, "settings": settings, "progress": False}
    return c2f.run(access, targets, **options)


def test_the_map_is_ridge_regression_on_confidences_of_length_one():
    generator = torch.Generator().manual_seed(0)
    confidences = torch.randn(60, 5, generator=generator).mul(3).softmax(dim=1)
    features = torch.randn(60, 7, generator=generator)
    known = Ridge(alpha=0.01 * 60).fit(confidences / confidences.norm(dim=1, keepdim=True), features)
    wanted = torch.from_numpy(known.predict(torch.eye(5))).float()
    torch.testing.assert_close(c2f.class_features(confidences, features, 0.01), wanted, atol=1e-5, rtol=1e-5)
    confidences, features = torch.cat([confidences, confidences / 0]), torch.cat([features, features + 1])
    torch.testing.assert_close(c2f.class_features(confidences, features, 0.01), wanted, atol=1e-5, rtol=1e-5)


def test_the_coarse_search_finds_the_class_without_asking_and_the_fine_one_adds_to_it():
    access = ConfidenceAPI(Quarters(scale=2))
    coarse = attack(access, generations=0)
    assert coarse.queries == access.queries == 1 + 200 + 2 * 6, "one image to count classes, the map, one look each"
    assert torch.equal(shades(coarse.images).argmax(dim=1), coarse.targets)
    fine = attack(ConfidenceAPI(Quarters(scale=2)))
    assert fine.queries == coarse.queries + 10 * 2 * 6
    start = attack(ConfidenceAPI(Quarters(scale=2)), steps=0, generations=0)
    assert (coarse.scores > start.scores + 0.05).all() and (fine.scores > coarse.scores + 0.005).all()
    answered = Quarters(scale=2)(fine.images).softmax(dim=1)[[0, 1], [2, 0]]
    torch.testing.assert_close(fine.scores, answered)


def test_children_against_a_plain_loop():
    parents = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0))
    best = parents[:, 4]
    moved = c2f.children(parents, best, torch.Generator().manual_seed(7))
    generator = torch.Generator().manual_seed(7)
    pairs = torch.randint(5, (2, 4, 2, 5), generator=generator)
    kept = torch.rand(2, 5, 3, generator=generator) < 0.5
    for group in range(2):
        for place in range(5):
            parent = parents[group, place]
            child = parent + 0.02 * (best[group] - parent)
            for pair in range(4):
                left, right = pairs[:, pair, group, place]
                child = child + 0.1 * (parents[group, left] - parents[group, right])
            torch.testing.assert_close(moved[group, place], torch.where(kept[group, place], parent, child))


def test_an_answer_that_is_not_a_number_never_wins():
    def ask(codes):
        answers = torch.stack([codes[:, 0], -codes[:, 0]], dim=1)
        return torch.where(codes[:, :1] > 1, torch.nan, answers)

    populations = torch.tensor([[[0.5], [0.9], [5.0]], [[2.0], [3.0], [4.0]]])
    codes, scores = c2f.evolve(ask, populations, torch.tensor([0, 0]), 0, torch.Generator())
    assert codes[0].item() == scores[0].item() == pytest.approx(0.9) and scores[1].isnan()
