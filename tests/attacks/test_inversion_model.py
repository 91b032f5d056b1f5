"""Training-based inversion: pictures come back, queries are counted, rows are known, labels alone are not enough."""

import dataclasses

import pytest
import torch

from mia_kit.access import AccessError, ConfidenceAPI, LabelAPI, WhiteBox
from mia_kit.attacks import inversion_model
from mia_kit.attacks.adaptive import Noise, second_softmax
from mia_kit.attacks.inversion_model import Settings
from tests.attacks.tiny_target import Quarters

QUICK = Settings(blocks=3, width=4, epochs=30, batch_size=16, learning_rate=1e-2)


def quarters(n, seed):
    """Pictures of four flat quarters, whose shades a softmax of `Quarters` shows up to a constant."""
    shades = 2 * torch.rand(n, 4, generator=torch.Generator().manual_seed(seed)) - 1
    shades -= shades.mean(dim=1, keepdim=True)
    return (shades / 2).view(n, 1, 2, 2).repeat_interleave(4, 2).repeat_interleave(4, 3)


def test_private_pictures_come_back():
    model, private = Quarters(scale=1), quarters(40, seed=1)
    access = ConfidenceAPI(model)
    vectors = access.confidences(private)
    result = inversion_model.run(
        access, [0, 1, 2, 3], vectors=vectors, auxiliary=quarters(128, seed=2), seed=0, settings=QUICK, progress=False
    )
    assert result.images.shape == private.shape and len(result.start_latents.unique()) == 40
    error = (result.images - private[result.start_latents]).square().mean()
    assert error < 0.25 * private.var()
    assert not model.log.with_gradients
    assert result.queries == 128 and access.queries == 168


def test_rows_are_sorted_by_target_and_say_where_they_came_from():
    access, private = ConfidenceAPI(Quarters()), quarters(30, seed=1)
    vectors = access.confidences(private)
    model = inversion_model.train(
        access, quarters(8, seed=2), seed=0, settings=dataclasses.replace(QUICK, epochs=40), progress=False
    )
    result = inversion_model.decode(model, vectors, [3, 0])
    classes = vectors.argmax(dim=1)
    assert result.targets.tolist() == [3] * int((classes == 3).sum()) + [0] * int((classes == 0).sum())
    assert torch.equal(result.codes, vectors[result.start_latents])
    assert torch.equal(result.images, model.invert(vectors[result.start_latents]))
    assert torch.equal(result.scores, result.codes.amax(dim=1))
    for target in (3, 0):
        own = result.targets == target
        assert result.scores[own & result.selected].tolist() == [result.scores[own].max().item()]


def test_averaging_and_adaptation_reach_the_decoder():
    class Wavering:
        """Adds to the first entry what it takes away at the next call."""

        sign = 1

        def serve(self, confidences):
            self.sign = -self.sign
            return confidences + self.sign * 0.01 * torch.tensor([1.0, -1.0, 0.0, 0.0])

    images = quarters(10, seed=0)
    plain = ConfidenceAPI(Quarters()).confidences(images)
    access = ConfidenceAPI(Quarters(), Wavering())
    torch.testing.assert_close(inversion_model.ask(access, images, repeats=2), plain)
    assert access.queries == 20
    quick = dataclasses.replace(QUICK, epochs=40)
    model = inversion_model.train(
        ConfidenceAPI(Quarters()), images, seed=0, settings=quick, adaptation=second_softmax, progress=False
    )
    decoded = inversion_model.decode(model, plain, [0, 1, 2, 3], adaptation=second_softmax)
    assert torch.equal(decoded.images, model.invert(second_softmax(plain)[decoded.start_latents]))


def test_the_decoder_sees_plain_vectors_and_the_result_says_which_seeds_were_tried():
    access, images = ConfidenceAPI(Quarters(scale=1)), quarters(24, seed=2)
    assert not Settings().logarithm
    model = inversion_model.train(access, images, seed=4, settings=QUICK, progress=False)
    assert model.seeds == (4,) and not model.collapsed and model.queries == 24


def test_noise_keeps_vectors_valid_and_repeats_itself():
    vectors = torch.tensor([[1.0, 0.0, 0.0], [0.4, 0.3, 0.3], [0.0, 1.0, 0.0]])
    noisy = Noise(0.5, seed=3)(vectors)
    assert noisy.min() >= 0 and not torch.equal(noisy, vectors)
    torch.testing.assert_close(noisy.sum(dim=1), torch.ones(3))
    assert torch.equal(noisy, Noise(0.5, seed=3)(vectors)) and not torch.equal(noisy, Noise(0.5, seed=4)(vectors))
    torch.testing.assert_close(Noise(0, seed=3)(vectors), vectors)


def test_what_does_not_fit_is_refused():
    images, vectors = quarters(8, seed=0), torch.eye(4)
    common = {"vectors": vectors, "seed": 0, "settings": QUICK, "progress": False}
    with pytest.raises(AccessError, match="LabelAPI gives no confidences"):
        inversion_model.run(LabelAPI(Quarters()), [0], auxiliary=images, **common)
    with pytest.raises(ValueError, match=r"different classes in \[0, 4\)"):
        inversion_model.run(WhiteBox(Quarters()), [4], auxiliary=images, **common)
    with pytest.raises(ValueError, match=r"channels, 8, 8\), got \(8, 1, 8, 6\) instead"):
        inversion_model.run(WhiteBox(Quarters()), [0], auxiliary=images[..., :6], **common)
    with pytest.raises(ValueError, match="expected vectors of the classes"):
        inversion_model.run(WhiteBox(Quarters()), [1], auxiliary=images, **{**common, "vectors": vectors[:1]})
    with pytest.raises(ValueError, match="repeats must be at least 1, got 0"):
        Settings(repeats=0)
