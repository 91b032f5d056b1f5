"""A prior that is told the class begins as the prior, and a class moves its own code alone."""

import pytest
import torch

from mia_kit.models import DCGAN, sample_latents
from mia_kit.models.class_conditional import ClassConditional
from mia_kit.models.style_prior import StylePrior

CLASSES = 5


@pytest.fixture(params=[lambda: StylePrior(channels=(8, 8, 8, 8)), lambda: DCGAN(width=2)], ids=["style", "dcgan"])
def prior(request: pytest.FixtureRequest) -> DCGAN | StylePrior:
    made: DCGAN | StylePrior = request.param().eval()
    return made


def test_it_begins_as_the_prior(prior: DCGAN | StylePrior) -> None:
    latents, conditional = sample_latents(prior, 3, seed=1), ClassConditional(prior, CLASSES)
    with torch.no_grad():
        wanted = prior(latents)
        for codes in (conditional.map(latents), conditional.codes(latents, torch.tensor([0, 3, 4]))):
            torch.testing.assert_close(conditional(codes), wanted)


def test_only_the_shift_of_its_class_moves_a_code(prior: DCGAN | StylePrior) -> None:
    conditional, latents = ClassConditional(prior, CLASSES), sample_latents(prior, 2, seed=1)
    conditional.codes(latents, torch.tensor([1, 1])).sum().backward()
    assert conditional.shifts.grad is not None
    assert conditional.shifts.grad[1].abs().min() > 0 and conditional.shifts.grad[[0, 2, 3, 4]].abs().max() == 0
    with torch.no_grad():
        conditional.shifts[1] = 0.1
        moved = conditional.codes(latents, torch.tensor([1, 0])) - prior.map(latents)
    assert moved[0].min() > 1 and moved[1].abs().max() == 0
