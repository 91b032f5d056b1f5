"""IF-GMI: the projection against its definition, and the walk through the layers against a plain loop."""

from dataclasses import replace

import pytest
import torch
from quarters import FlatPrior, Quarters
from test_every_attack import SETTINGS

from mia_kit.access import WhiteBox
from mia_kit.attacks import cross_entropy, if_gmi, ppa
from mia_kit.models.priors import DCGAN

LATENT = replace(SETTINGS["ppa"], pool=6, candidates=1, steps=2, selection_views=1, batch_size=2)


@pytest.fixture(scope="module")
def prior():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return DCGAN(width=1).eval().requires_grad_(False)


class Grey(Quarters):
    """Takes grey pictures, as the tiny targets do."""

    channels = 1


def attack(prior, targets, settings, **options):
    """By its layers, or by its first part alone."""
    method = ppa if settings is LATENT else if_gmi
    return method.run(WhiteBox(Grey()), targets, prior=prior, seed=4, settings=settings, progress=False, **options)


def test_the_projection_in_known_cases_and_by_its_definition():
    moves = torch.tensor([[3.0, 1.0], [-3.0, 2.0], [0.5, -0.25], [0.0, 0.0]])
    wanted = torch.tensor([[2.0, 0.0], [-1.5, 0.5], [0.5, -0.25], [0.0, 0.0]])
    torch.testing.assert_close(if_gmi.into_l1_ball(moves, 2.0), wanted)
    moves = torch.randn(50, 7, generator=torch.Generator().manual_seed(0)) * 3
    nearest = if_gmi.into_l1_ball(moves, 4.0)
    assert (nearest.abs().sum(dim=1) <= 4.0001).all()
    others = torch.randn(500, 1, 7, generator=torch.Generator().manual_seed(1))
    others = 4 * others / others.abs().sum(dim=2, keepdim=True)  # on the sphere
    assert ((moves - nearest).norm(dim=1) <= (moves - others).norm(dim=2).amin(dim=0) + 1e-5).all()


def test_layers_against_a_plain_loop(prior):
    settings = if_gmi.Settings(LATENT, layer_steps=(3, 2), radius=0.02)
    found = attack(prior, [2, 0, 1], settings, loss=cross_entropy)
    start = attack(prior, [2, 0, 1], LATENT, loss=cross_entropy)
    model, losses = Grey(), []
    features = start.codes[1:2, :, None, None]
    for steps, block, rest in ((3, prior.main[:3], prior.main[3:]), (2, prior.main[3:6], prior.main[6:])):
        first = block(features)
        features = first.clone().requires_grad_()
        adam = torch.optim.Adam([features], lr=0.1, betas=(0.1, 0.1))
        for _ in range(steps):
            shown = torch.nn.functional.interpolate(rest(features), (8, 8), mode="bilinear", align_corners=False)
            loss = cross_entropy(model(shown.mean(dim=1, keepdim=True)), torch.tensor([0]))
            losses.append(loss.item())
            features.grad = torch.autograd.grad(loss.sum(), features)[0]
            adam.step()
            moved = (features.data - first).flatten(1)
            features.data = first + if_gmi.into_l1_ball(moved, 0.02 * first.numel()).view_as(first)
        features = features.detach()
    torch.testing.assert_close(found.codes[1:2], features, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(found.trace.losses[2:, 1], torch.tensor(losses), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(found.images[1:2], prior.main[6:](features), atol=1e-4, rtol=1e-4)
    assert found.selected.all() and found.queries == start.queries + 3 * (3 + 2) + 3, "steps, and one look to select"


def test_at_radius_0_nothing_moves_and_other_priors_are_refused(prior):
    still = attack(prior, [1], if_gmi.Settings(LATENT, (2,), 0.0))
    torch.testing.assert_close(still.images, attack(prior, [1], LATENT).images, atol=1e-5, rtol=1e-5)
    with pytest.raises(TypeError, match="prior must be a DCGAN"):
        if_gmi.run(WhiteBox(Quarters()), [1], prior=FlatPrior(), seed=0, settings=if_gmi.Settings(LATENT))


def test_of_several_candidates_the_surest_is_handed_in(prior):
    several = if_gmi.Settings(replace(LATENT, candidates=3), layer_steps=(1,))
    found = attack(prior, [2, 0], several)
    for target in (2, 0):
        scores = found.scores[found.targets == target]
        assert len(scores) == 3
        assert found.selected[found.targets == target].tolist() == (scores == scores.max()).tolist()
