"""PPDG-MI: neighbours against a plain loop, a prior that learns to draw what came back, and nothing without rounds."""

from dataclasses import replace

import pytest
import torch
from quarters import CLASSES, SIZE, FlatPrior, Quarters, same, shades
from test_every_attack import SETTINGS as EVERY
from torch import nn

from mia_kit.access import WhiteBox
from mia_kit.attacks import ppa, ppdg

ATTACK = replace(EVERY["ppa"], steps=30)
SETTINGS = ppdg.Settings(ATTACK, density=0.1, neighbour_steps=40, tuning_steps=30, tuning_rate=0.01)


class Mixed(nn.Module):
    """The flat prior whose four shades are mixed by weights."""

    latent_size, image_size = CLASSES, (1, *SIZE)

    def __init__(self):
        super().__init__()
        self.weights = nn.Parameter(torch.eye(CLASSES))
        self.eval().requires_grad_(False)

    def map(self, latents):
        return 2 * latents

    def synthesise(self, codes):
        return FlatPrior().synthesise(codes @ self.weights)


def attack(settings=SETTINGS, prior=None, access=None):
    options = {"prior": prior or Mixed(), "seed": 4, "settings": settings, "progress": False}
    return ppdg.run(access or WhiteBox(Quarters()), [2, 0], **options)


def test_without_rounds_it_is_plug_and_play():
    options = {"prior": Mixed(), "seed": 4, "settings": ATTACK, "progress": False}
    assert same(attack(replace(SETTINGS, rounds=0)), ppa.run(WhiteBox(Quarters()), [2, 0], **options))


def test_neighbours_against_a_plain_loop():
    prior, codes = Mixed(), torch.tensor([[3.0, 0, 0, 0], [0, -4.0, 1, 0], [0, 0, 0, 2.5]])
    pictures = prior.synthesise(codes)
    settings = replace(SETTINGS, attack=replace(ATTACK, batch_size=2))
    drawn = 2 * torch.randn(1000, 4, generator=torch.Generator().manual_seed(0))
    moving = codes[1:2].clone().requires_grad_()
    adam = torch.optim.Adam([moving], lr=0.005)
    for _ in range(40):
        adam.zero_grad()
        rarity = (((moving - drawn.mean(dim=0)) / drawn.std(dim=0)) ** 2).mean()
        (((prior.synthesise(moving) - pictures[1:2]) ** 2).mean() + 0.1 * rarity).backward()
        adam.step()
    usual = ppdg.neighbours(prior, codes, pictures, settings)
    torch.testing.assert_close(usual[1:2], moving.detach(), atol=1e-5, rtol=1e-5)
    assert (usual.norm(dim=1) < codes.norm(dim=1)).all(), "neighbours are no more usual than the codes"
    still = ppdg.neighbours(prior, codes, pictures, replace(settings, density=0.0))
    torch.testing.assert_close(still, codes), "they move though the pictures are the same"


class Labelled(Mixed):
    """The same, with a last entry that is 1 in all codes."""

    def map(self, latents):
        return torch.cat([super().map(latents), torch.ones(len(latents), 1)], dim=1)

    def synthesise(self, codes):
        return super().synthesise(codes[:, :-1])


def test_an_entry_that_is_the_same_in_all_codes_makes_none_rare():
    codes, label = torch.tensor([[3.0, 0, 0, 0]]), torch.ones(1, 1)
    pictures = Mixed().synthesise(codes)
    labelled = ppdg.neighbours(Labelled(), torch.cat([codes, label], dim=1), pictures, SETTINGS)
    plain = ppdg.neighbours(Mixed(), codes, pictures, SETTINGS)
    torch.testing.assert_close(labelled, torch.cat([plain, label], dim=1))


def test_the_tuned_prior_draws_the_pictures_at_more_usual_codes():
    prior, codes = Mixed(), torch.tensor([[1.5, 0, 0, 0], [0, 1.0, 0, 0]])
    pictures = prior.synthesise(codes)
    settings = replace(SETTINGS, density=1.0, neighbour_steps=100)
    usual = ppdg.neighbours(prior, codes, pictures, settings)
    tuned = ppdg.tune(prior, codes, settings, torch.Generator().manual_seed(0), progress=False)
    before, after = ((network.synthesise(usual) - pictures).square().mean() for network in (prior, tuned))
    assert after < before / 4 and torch.equal(prior.weights, torch.eye(CLASSES))
    assert not tuned.weights.requires_grad and tuned.weights.diag()[:2].min() > 1.05


def test_the_second_attack_walks_through_the_tuned_prior():
    access = WhiteBox(Quarters())
    result = attack(access=access)
    assert torch.equal(shades(result.images).argmax(dim=1), result.targets)
    assert result.queries == access.queries and len(result.trace.losses) == 2 * 30
    assert not torch.allclose(result.images, Mixed().synthesise(result.codes), atol=1e-3), "the prior was not tuned"
    with pytest.raises(TypeError, match="prior must be a network, whose weights can be tuned"):
        attack(prior=FlatPrior())
