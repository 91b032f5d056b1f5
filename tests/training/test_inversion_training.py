"""Training a decoder: the two errors by hand, a map that is learnt, a killed run that goes on."""

import math

import pytest
import torch

from mia_kit.models import InversionDecoder
from mia_kit.training.inversion import (
    CollapsedDecoderWarning,
    fit_decoder,
    has_collapsed,
    picture_errors,
    train_decoder,
)


def pairs(n=24):
    """Vectors of two classes, and flat pictures as bright as the first confidence."""
    first = torch.rand(n, generator=torch.Generator().manual_seed(0))
    return torch.stack([first, 1 - first], dim=1), (first - 0.5).view(-1, 1, 1, 1).expand(-1, 1, 8, 8).contiguous()


def decoder(**options):
    return InversionDecoder(2, 1, 8, seed=0, blocks=3, width=4, **options)


def test_errors_by_hand():
    made, images = torch.zeros(2, 1, 8, 8), torch.stack([torch.full((1, 8, 8), 0.5), torch.zeros(1, 8, 8)])
    assert picture_errors(made, images).tolist() == [0.25, 0]
    ratios = picture_errors(made, images, "psnr")
    assert ratios[0].item() == pytest.approx(10 * math.log10(0.25 / 4), abs=1e-4)
    assert -140 < ratios[1] < -130
    made = torch.randn(3, 1, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda m: picture_errors(m, torch.zeros_like(m), "psnr"), made)


@pytest.mark.parametrize("error", ["mse", "psnr"])
def test_a_simple_map_is_learnt(error):
    confidences, images = pairs()
    model = decoder()
    fit_decoder(
        model, confidences, images, seed=0, error=error, epochs=30, batch_size=8, learning_rate=1e-2, progress=False
    )
    assert not model.training
    assert picture_errors(model(confidences), images).mean() < 0.1 * images.var()


QUICK = {"epochs": 10, "batch_size": 8, "learning_rate": 1e-2, "progress": False}


def blind(seed, blind_seeds):
    """A decoder whose last layer is 0 and stays so for some seeds: it makes one picture whatever the vector."""
    model = InversionDecoder(2, 1, 8, seed=seed, blocks=3, width=4)
    if seed in blind_seeds:
        for weight in model.body[-2].parameters():
            torch.nn.init.zeros_(weight).requires_grad_(False)
    return model


def test_a_decoder_that_collapses_is_trained_anew_and_the_result_says_so(tmp_path):
    confidences, images = pairs()
    asked = []

    def fresh(seed):
        asked.append(seed)
        return blind(seed, {3})

    with pytest.warns(CollapsedDecoderWarning, match="seed 3 makes one picture of all vectors, try 1 of 4"):
        found = train_decoder(fresh, confidences, images, seed=3, checkpoint=tmp_path / "decoder", **QUICK)
    assert found.seeds == tuple(asked) and found.seeds[0] == 3 and len(asked) == 2
    assert found.decoder.body[-2].weight.abs().max() > 0 and not has_collapsed(found.decoder, confidences, images)
    by_hand = blind(asked[1], ())
    fit_decoder(by_hand, confidences, images, seed=asked[1], **QUICK)
    assert torch.equal(found.decoder(confidences), by_hand(confidences))
    with pytest.warns(CollapsedDecoderWarning):  # from the checkpoints of both tries
        again = train_decoder(fresh, confidences, images, seed=3, checkpoint=tmp_path / "decoder", **QUICK)
    assert torch.equal(again.decoder(confidences), by_hand(confidences)) and again.seeds == found.seeds


def test_a_decoder_that_makes_no_numbers_has_collapsed():
    broken = decoder()
    torch.nn.init.constant_(broken.body[-2].weight, torch.nan)
    assert has_collapsed(broken, *pairs())


def test_what_does_not_fit_is_refused():
    confidences, images = pairs()
    with pytest.raises(ValueError, match="one of mse, psnr, got 'ssim'"):
        fit_decoder(decoder(), confidences, images, seed=0, error="ssim")
    with pytest.raises(ValueError, match=r"\(24, classes\), got \(23, 2\) instead"):
        fit_decoder(decoder(), confidences[1:], images, seed=0)
    with pytest.raises(ValueError, match=r"must have the shape \(24, 1, 8, 8\)"):
        picture_errors(images, images[:, :, :4])
