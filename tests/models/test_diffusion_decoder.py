"""The diffusion decoder: deterministic, guided as the formula says, and its loss is that of the noise."""

import sys
from importlib.util import find_spec

import pytest
import torch

from mia_kit.models.diffusion_decoder import DiffusionDecoder


def needs_diffusers(test):
    """Skipped without diffusers, and slow: it takes seconds to import."""
    reason = 'needs diffusers: pip install "mia_kit[diffusion]"'
    return pytest.mark.slow(pytest.mark.skipif(find_spec("diffusers") is None, reason=reason)(test))


VECTORS = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.3, 0.3, 0.4]])


def tiny(**changes):
    return DiffusionDecoder(3, 1, 8, **({"seed": 0, "widths": (4, 8), "steps": 3} | changes)).eval()


@needs_diffusers
def test_pictures_have_their_shape_and_repeat_themselves():
    model, noise = tiny(), torch.get_rng_state()
    pictures = model(VECTORS)
    assert pictures.shape == (3, 1, 8, 8) and pictures.abs().max() <= 1 and not pictures.requires_grad
    assert torch.equal(pictures, model(VECTORS)) and torch.equal(noise, torch.get_rng_state())
    torch.testing.assert_close(model(VECTORS[:1]), pictures[:1])  # row 0 of every batch is made of the same noise
    assert not torch.equal(pictures, tiny(seed=1)(VECTORS))
    assert not torch.equal(pictures, model(VECTORS.flip(0)).flip(0))


@needs_diffusers
def test_the_vector_matters_and_guidance_exaggerates_it():
    model, noise = tiny(), torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(5))
    times = torch.full((3,), 500)
    told, untold = model._told(VECTORS), torch.zeros_like(model._told(VECTORS))
    with torch.no_grad():
        found, blind = (model.network(noise, times, class_labels=own).sample for own in (told, untold))
        assert not torch.allclose(found, blind)
        for guidance in (0.0, 0.5, 2.0):
            model.guidance = guidance
            torch.testing.assert_close(
                model._guided(noise, times, told), (1 + guidance) * found - guidance * blind, atol=1e-6, rtol=1e-5
            )


@needs_diffusers
def test_the_error_is_that_of_the_noise(monkeypatch):
    """A network that knows the picture finds the noise without error, at every time and for hidden vectors too."""
    model, images = tiny(), torch.rand(6, 1, 8, 8) * 2 - 1

    class Knows(torch.nn.Module):
        hidden = 0

        def forward(self, noisy, times, class_labels):
            kept = model.schedule.alphas_cumprod[times][:, None, None, None]
            Knows.hidden += int((class_labels == 0).all(dim=1).sum())
            return type("Out", (), {"sample": (noisy - kept.sqrt() * images) / (1 - kept).sqrt()})

    model.network = Knows()
    vectors = VECTORS.repeat(2, 1)
    torch.manual_seed(0)
    errors = torch.stack([model.noise_errors(images, vectors) for _ in range(200)])
    assert errors.shape == (200, 6) and errors.max() < 1e-3
    assert 0.05 < Knows.hidden / errors.numel() < 0.15  # a tenth


def test_without_diffusers_the_command_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "diffusers", None)
    with pytest.raises(ImportError, match="pip install"):
        tiny()
