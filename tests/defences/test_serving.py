"""Rounding, truncation, noise in rank order: by hand, and as properties of random and extreme vectors."""

import pytest
import torch

from mia_kit.defences.serving import OneParameter, Rounding, TopTruncation
from tests.defences.extreme_vectors import assert_probabilities, extreme

KEEP_THE_LABEL = {
    "top 1": lambda: TopTruncation(1),
    "top 3": lambda: TopTruncation(3),
    "much noise": lambda: OneParameter(0.01, seed=0),
    "some noise": lambda: OneParameter(10.0, seed=0),
    "little noise": lambda: OneParameter(1e6, seed=0),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("classes", [2, 5, 100])
@pytest.mark.parametrize("name", KEEP_THE_LABEL)
def test_probabilities_with_the_label(name, classes, dtype):
    clean, defence = extreme(classes, dtype), KEEP_THE_LABEL[name]()
    for _ in range(3):
        assert_probabilities(defence.serve(clean), clean, label=True)


@pytest.mark.parametrize("decimals", [0, 1, 4])
def test_rounding_gives_probabilities(decimals):
    for classes in (2, 5, 100):
        assert_probabilities(Rounding(decimals).serve(extreme(classes)), extreme(classes), label=False)


def test_rounding_and_truncation_by_hand():
    clean = torch.tensor([[0.614, 0.284, 0.102], [0.34, 0.33, 0.33]])
    torch.testing.assert_close(Rounding(1).serve(clean), torch.tensor([[0.6, 0.3, 0.1], [1 / 3, 1 / 3, 1 / 3]]))
    assert Rounding(0).serve(clean).tolist() == [[1, 0, 0], [1, 0, 0]]
    torch.testing.assert_close(
        TopTruncation(2).serve(clean), torch.tensor([[0.614 / 0.898, 0.284 / 0.898, 0], [0.34 / 0.67, 0.33 / 0.67, 0]])
    )
    torch.testing.assert_close(TopTruncation(9).serve(clean), clean)


def test_noise_keeps_the_order_of_rank_and_shrinks_with_the_budget():
    clean = torch.randn(400, 6, generator=torch.Generator().manual_seed(0)).softmax(dim=1)
    order = clean.argsort(dim=1, descending=True)
    distortions = []
    for epsilon in (0.1, 10.0, 1e3, 1e6):
        served = OneParameter(epsilon, seed=0).serve(clean)
        assert served.gather(1, order).diff(dim=1).max() <= 0
        distortions.append((served - clean).norm(dim=1).mean())
    assert distortions == sorted(distortions, reverse=True) and distortions[-1] < 1e-4


def test_noise_is_fresh_in_every_call():
    clean, fresh = torch.tensor([[0.6, 0.3, 0.1]]), OneParameter(1.0, seed=0)
    assert not torch.equal(fresh.serve(clean), fresh.serve(clean))
