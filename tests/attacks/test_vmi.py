"""VMI: the divergence against torch's, and a spread that the weight holds open."""

import torch
from quarters import shades
from test_every_attack import attack
from torch.distributions import Normal, kl_divergence

from mia_kit.attacks import vmi


def test_the_divergence_is_that_of_torch():
    mean, log_variance = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(0))
    learnt, standard = Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)
    torch.testing.assert_close(vmi.divergence(mean, log_variance), kl_divergence(learnt, standard).sum(dim=1))
    assert vmi.divergence(torch.zeros(1, 4), torch.zeros(1, 4)).item() == 0


def test_the_class_is_reached_and_the_weight_keeps_its_draws_apart():
    """Without the divergence the draws close in on the surest picture; a great weight leaves the prior as it is."""
    free, held = (
        attack("vmi", targets=[1], seed=0, changes={"steps": 300, "samples": 200, "divergence_weight": weight})
        for weight in (0.0, 1e3)
    )
    assert shades(free.images).argmax(dim=1).eq(1).float().mean() > 0.95
    assert held.codes.std(dim=0).sub(1).abs().max() < 0.15 and held.codes.mean(dim=0).abs().max() < 0.2
    assert free.codes.std(dim=0).min() < 0.8
    assert free.selected.sum() == 1
