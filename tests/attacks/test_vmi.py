"""VMI: the divergence against torch's, the search against a plain loop, and a spread that the weight holds open."""

import torch
from quarters import SIZE, FlatPrior, Quarters
from torch.distributions import Normal, kl_divergence
from torch.nn.functional import cross_entropy

from mia_kit.access import WhiteBox
from mia_kit.attacks import vmi
from mia_kit.models.priors import sample_latents
from mia_kit.training.seeds import turn_generator


def attack(steps, *, samples=1, starts=1, weight=1e-3):
    settings = vmi.Settings(
        input_size=SIZE, starts=starts, samples=samples, steps=steps, divergence_weight=weight, batch_size=1000
    )
    return vmi.run(WhiteBox(Quarters()), [1], prior=FlatPrior(), seed=0, settings=settings, progress=False)


def test_the_divergence_is_that_of_torch():
    mean, log_variance = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(0))
    learnt, standard = Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)
    torch.testing.assert_close(vmi.divergence(mean, log_variance), kl_divergence(learnt, standard).sum(dim=1))
    assert vmi.divergence(torch.zeros(1, 4), torch.zeros(1, 4)).item() == 0


def test_against_a_plain_loop():
    """Both terms, the noise of a step and Adam's rate, written out for two starts."""
    result, model, prior = attack(6, starts=2, weight=0.3), Quarters().eval(), FlatPrior()
    mean, log_variance = torch.zeros(2, 4, requires_grad=True), torch.zeros(2, 4, requires_grad=True)
    adam = torch.optim.Adam([mean, log_variance], lr=0.02)
    for step in range(6):
        noise = torch.randn(2, 4, generator=turn_generator(1, step))
        logits = model(prior.synthesise(mean + (log_variance / 2).exp() * noise))
        nats = 0.5 * (log_variance.exp() + mean**2 - 1 - log_variance).sum(dim=1)
        losses = cross_entropy(logits, torch.tensor([1, 1]), reduction="none") + 0.3 * nats
        torch.testing.assert_close(result.trace.losses[step], losses.detach(), atol=1e-4, rtol=1e-4)
        adam.zero_grad()
        losses.sum().backward()
        adam.step()
    expected = mean + (log_variance / 2).exp() * sample_latents(prior, 2, seed=0)
    torch.testing.assert_close(result.codes, expected.detach(), atol=1e-4, rtol=1e-4)


def test_the_class_is_reached_and_the_weight_keeps_its_draws_apart():
    """Without the divergence the draws close in on the surest picture; a great weight leaves the prior as it is."""
    free, held = attack(300, samples=200, weight=0.0), attack(300, samples=200, weight=1e3)
    whitest = FlatPrior().synthesise(free.codes).unflatten(2, (2, 4)).unflatten(4, (2, 4)).mean(dim=(1, 3, 5))
    assert whitest.flatten(1).argmax(dim=1).eq(1).float().mean() > 0.95
    assert held.codes.std(dim=0).sub(1).abs().max() < 0.15 and held.codes.mean(dim=0).abs().max() < 0.2
    assert free.codes.std(dim=0).min() < 0.8
    assert free.selected.sum() == 1
