"""LPA, LFP, PGD, AdvExa and the autoencoder: their promises on extreme vectors, and what each one does."""

import pytest
import torch

from mia_kit.access import ConfidenceAPI
from mia_kit.defences.alignment import AlignmentSettings
from mia_kit.defences.lpa_vae import PoisonAutoencoder, PoisonObjective
from mia_kit.defences.picture_poison import (
    AscentSettings,
    LabelFlippingPoison,
    LabelPreservingPoison,
    ReconstructionAscent,
    candidates,
    flip,
)
from mia_kit.training import fit
from mia_kit.training.inversion import picture_errors
from tests.defences.extreme_vectors import assert_probabilities, extreme
from tests.defences.tiny_decoder import decoder, pairs, substitute

QUICK = AlignmentSettings(bound=0.2, rounds=3)
CLASSES = 4


def ascent(*, keeps_label, bound=0.2, dtype=torch.float32):
    settings = AscentSettings(bound=bound, rounds=3)
    return ReconstructionAscent(decoder(dtype), seed=0, keeps_label=keeps_label, settings=settings)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_promises_on_extreme_vectors(dtype):
    clean = extreme(CLASSES, dtype)
    images = torch.rand(len(clean), 1, 8, 8, generator=torch.Generator().manual_seed(0)).to(dtype)
    own = substitute(dtype)
    squared = AlignmentSettings(bound=0.2, rounds=3, criterion="squared", batch_size=16)
    keepers = [
        LabelPreservingPoison(own, seed=0, settings=QUICK),
        LabelPreservingPoison(own, seed=0, settings=squared),
        ascent(keeps_label=True, dtype=dtype),
    ]
    for keeper in keepers:
        with torch.no_grad():
            served = keeper.poison(clean, images)
        assert_probabilities(served, clean, label=True)
        assert (served - clean).norm(dim=1).max() <= 0.2 + 1e-6
        if isinstance(keeper, LabelPreservingPoison):  # the ascent leaves a vector that is the worst already
            assert ((served - clean).norm(dim=1) > 1e-3).double().mean() > 0.8
    for other in (
        ascent(keeps_label=False, dtype=dtype),
        LabelFlippingPoison(own, seed=0, rate=0.5, settings=QUICK),
        LabelFlippingPoison(own, seed=0, rate=1.0, repair=True, settings=QUICK),
    ):
        assert_probabilities(other.poison(clean, images), clean, label=False)
    autoencoder = PoisonAutoencoder(CLASSES, bound=0.2, seed=0, hidden=8, latent=2).to(dtype)
    served = autoencoder.serve(clean)
    assert_probabilities(served, clean, label=True)
    assert (served - clean).norm(dim=1).max() <= 0.2 + 1e-6


def test_starts_are_fresh_in_every_call_and_repeat_with_the_seed():
    clean, images = pairs(4, 1)
    one, same = (LabelPreservingPoison(substitute(), seed=3, settings=QUICK) for _ in range(2))
    first = one.poison(clean, images)
    assert torch.equal(first, same.poison(clean, images))
    assert not torch.equal(first, one.poison(clean, images))
    assert len({tuple(row.tolist()) for row in one.poison(clean[:1].repeat(3, 1), images[:1].repeat(3, 1, 1, 1))}) == 3


def test_a_service_hands_over_its_pictures():
    class Shades(torch.nn.Module):
        def forward(self, images):
            return torch.nn.functional.adaptive_avg_pool2d(images, 2).flatten(1)

    clean = ConfidenceAPI(Shades()).confidences(pairs(5, 1, torch.float32)[1])
    access = ConfidenceAPI(Shades(), LabelPreservingPoison(substitute(torch.float32), seed=0, settings=QUICK))
    served = access.confidences(pairs(5, 1, torch.float32)[1])
    assert_probabilities(served, clean, label=True)
    assert not torch.equal(served, clean) and access.queries == 5
    assert torch.equal(access.labels(pairs(5, 1, torch.float32)[1]), clean.argmax(dim=1))


def test_candidates_are_the_unsure_ones_of_each_class():
    greatest = torch.linspace(0.51, 0.99, 20).repeat(2)
    vectors = torch.stack([greatest, 1 - greatest], dim=1)
    vectors[20:] = vectors[20:].flip(1)
    generator = torch.Generator().manual_seed(0)
    chosen = candidates(vectors, rate=0.25, threshold=1.0, generator=generator)
    assert chosen.nonzero().squeeze(1).tolist() == [0, 1, 2, 3, 4, 20, 21, 22, 23, 24]
    topped_up = candidates(vectors, rate=0.25, threshold=0.57, generator=generator)  # three of each are below it
    assert topped_up[:3].all() and topped_up[20:23].all() and topped_up.sum() == 10
    singles = [candidates(vectors[:1], rate=0.25, threshold=1.0, generator=generator).item() for _ in range(400)]
    assert sum(singles) == pytest.approx(100, abs=30)


def test_flips_by_hand():
    vectors = torch.tensor([[0.6, 0.25, 0.1, 0.05]])
    torch.testing.assert_close(flip(vectors), torch.tensor([[0.05, 0.1, 0.25, 0.6]]))
    torch.testing.assert_close(flip(vectors, repair=True), torch.tensor([[0.05, 0.6, 0.1, 0.25]]))
    torch.testing.assert_close(flip(torch.tensor([[0.3, 0.7]]), repair=True), torch.tensor([[0.7, 0.3]]))
    torch.testing.assert_close(flip(torch.tensor([[0.4, 0.4, 0.2]])), torch.tensor([[0.2, 0.4, 0.4]]))


@pytest.mark.parametrize("keeps_label", [True, False])
def test_ascent_never_helps_the_decoder(keeps_label):
    clean, images = pairs(20, 1)
    defence = ascent(keeps_label=keeps_label, dtype=torch.float64)
    before, after = (
        picture_errors(defence.decoder(v), images).detach() for v in (clean, defence.poison(clean, images))
    )
    assert (after >= before).all() and (after > before).double().mean() > 0.8


def test_the_autoencoder_learns_to_align(tmp_path):
    own, (clean, images) = substitute(torch.float32), pairs(48, 1, torch.float32)
    model = PoisonAutoencoder(CLASSES, bound=0.5, seed=0, hidden=16, latent=2)
    before = own.misalignment(model.serve(clean), images).item()
    options = {"seed": 0, "epochs": 30, "batch_size": 24, "learning_rate": 1e-2, "progress": False}
    options |= {"objective": PoisonObjective(own), "checkpoint": tmp_path / "vae"}
    fit(model, images, clean, **options)
    after = own.misalignment(model.serve(clean), images).item()
    assert after < before - 0.02
    assert not torch.equal(model.serve(clean), model.serve(clean))
    again = PoisonAutoencoder(CLASSES, bound=0.5, seed=0, hidden=16, latent=2)
    fit(again, images, clean, **options)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))


def test_flipping_leaves_the_rest_clean():
    clean, images = pairs(40, 1)
    defence = LabelFlippingPoison(substitute(), seed=0, rate=0.25, settings=AlignmentSettings(bound=0.01, rounds=3))
    served = defence.poison(clean, images)
    moved = (served != clean).any(dim=1)
    assert 6 <= moved.sum() <= 14
    assert torch.equal(served[moved].argmax(dim=1), flip(clean[moved]).argmax(dim=1))
    assert (served - flip(clean))[moved].norm(dim=1).max() <= 0.01 + 1e-9
