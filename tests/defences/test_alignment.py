"""The alignment gradient against finite differences; its target; what a step along the poison does to a decoder."""

import copy

import pytest
import torch

from mia_kit.defences.alignment import AlignmentSettings, align, parameter_gradient
from mia_kit.defences.vectors import poisoned, random_in_ball
from mia_kit.training.inversion import picture_errors
from tests.defences.tiny_decoder import decoder, pairs, substitute


@pytest.mark.parametrize("criterion", ["cosine", "squared"])
@pytest.mark.parametrize("error", ["mse", "psnr"])
def test_the_alignment_gradient_agrees_with_finite_differences(error, criterion):
    own, (clean, images) = substitute(error=error), pairs(3, 1)
    start = random_in_ball(clean, 0.05, torch.Generator().manual_seed(2))

    def loss(perturbation):
        return own.misalignment(poisoned(clean, perturbation, 0.03), images, criterion=criterion)

    perturbation = start.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(perturbation), perturbation)
    step, differences = 1e-6, torch.empty_like(start)
    for place in range(start.numel()):
        change = torch.zeros_like(start)
        change.view(-1)[place] = step
        differences.view(-1)[place] = (loss(start + change) - loss(start - change)).detach() / (2 * step)
    assert gradient.abs().max() > 1e-3
    torch.testing.assert_close(gradient, differences, rtol=1e-5, atol=1e-7 * gradient.abs().max().item())


def test_the_target_is_minus_the_gradient_of_the_mean_private_error():
    own, (clean, images) = substitute(), pairs(6, 0)
    whole = parameter_gradient(own.decoder, clean, images, error="mse")
    torch.testing.assert_close(own.target, -whole)
    assert len(whole) == sum(weights.numel() for weights in own.decoder.parameters())
    assert own.misalignment(clean, images).item() == pytest.approx(2, abs=1e-9)
    assert own.misalignment(clean, images, criterion="squared").item() == pytest.approx(4, abs=1e-9)


def private_error_after_a_step(vectors, images):
    model, (clean, private) = copy.deepcopy(decoder()), pairs(6, 0)
    gradient = parameter_gradient(model, vectors, images, error="mse")
    gradient = gradient / gradient.norm()
    torch.nn.utils.vector_to_parameters(
        torch.nn.utils.parameters_to_vector(model.parameters()) - 1e-3 * gradient, model.parameters()
    )
    return picture_errors(model(clean), private).mean().item()


def test_a_decoder_that_trains_on_poison_gets_worse_at_private_pictures():
    own, (clean, images) = substitute(), pairs(6, 1)
    start = random_in_ball(clean, 0.5, torch.Generator().manual_seed(2))
    settings = AlignmentSettings(bound=0.5, rounds=40)
    served = align(own, clean, images, start, settings)
    before = own.misalignment(poisoned(clean, start, 0.5), images).item()
    after = own.misalignment(served, images).item()
    assert after < before - 0.1 and after < own.misalignment(clean, images).item() - 0.1
    assert private_error_after_a_step(served, images) > private_error_after_a_step(clean, images)
    assert torch.equal(served.argmax(dim=1), clean.argmax(dim=1))
    assert (served - clean).norm(dim=1).max() <= 0.5 + 1e-9


def test_the_first_step_is_a_whole_one_however_few_there_are():
    own, (clean, images) = substitute(), pairs(6, 1)
    still = torch.zeros_like(clean).requires_grad_()
    (gradient,) = torch.autograd.grad(own.misalignment(poisoned(clean, still, 0.1), images), still)
    served = align(own, clean, images, torch.zeros_like(clean), AlignmentSettings(bound=0.1, rounds=1))
    torch.testing.assert_close(served, poisoned(clean, -0.01 * gradient.sign(), 0.1))


def test_rows_that_do_not_move_are_served_as_they_are():
    own, (clean, images) = substitute(), pairs(4, 1)
    moved = torch.tensor([True, False, True, False])
    start = random_in_ball(clean, 0.1, torch.Generator().manual_seed(2))
    served = align(own, clean, images, start, AlignmentSettings(bound=0.1, rounds=5), moved=moved)
    assert torch.equal(served[~moved], clean[~moved])
    assert (served - clean)[moved].norm(dim=1).min() > 1e-3
