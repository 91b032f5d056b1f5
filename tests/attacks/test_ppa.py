"""Plug & Play on a linear prior and a linear classifier, whose best answers are known."""

from dataclasses import replace

import pytest
import torch
from quarters import SIZE, WHOLE, FlatPrior, Quarters, shades
from torch import nn

from mia_kit.access import WhiteBox
from mia_kit.attacks import Reconstructions, Settings, cross_entropy, logit, run
from mia_kit.attacks.crops import Crop, cut
from mia_kit.attacks.ppa import score_pool, select
from mia_kit.models.priors import sample_latents

SETTINGS = Settings(
    input_size=SIZE, pool=64, candidates=4, keep=2, steps=60, learning_rate=0.1, selection_views=3, batch_size=5
)


@pytest.mark.parametrize("loss", [cross_entropy, logit])
def test_known_answer(loss) -> None:
    """Quarter k turns white for every candidate of every target; with the raw logit the others turn black as well.

    Cross-entropy stops asking for that once the target's confidence is near 1.
    """
    settings = replace(SETTINGS, crop=WHOLE, selection_crop=WHOLE)
    found = run(WhiteBox(Quarters()), [2, 0], prior=FlatPrior(), seed=1, settings=settings, loss=loss, progress=False)
    assert found.targets.tolist() == [2] * 4 + [0] * 4
    best = 2 * nn.functional.one_hot(found.targets, 4) - 1
    assert (shades(found.images) * best > 0.8).all() or loss is not logit
    assert (shades(found.images).gather(1, found.targets[:, None]) > 0.7).all()
    assert (found.scores > 0.99).all()


def test_the_least_of_everything_is_enough() -> None:
    least = Settings(SIZE, pool=1, candidates=1, keep=1, steps=0, selection_views=1, batch_size=1)
    found = run(WhiteBox(Quarters()), [1], prior=FlatPrior(), seed=2, settings=least, progress=False)
    assert torch.equal(found.codes, sample_latents(FlatPrior(), 1, seed=2))


def test_start_is_the_best_of_the_pool() -> None:
    settings = replace(SETTINGS, steps=0)
    access, prior = WhiteBox(Quarters()), FlatPrior()
    found = run(access, [3], prior=prior, seed=4, settings=settings, progress=False)
    pool = sample_latents(prior, 64, seed=4)
    # The mean over an image and its mirror: quarter 3 and its mirror, quarter 2, count alike.
    images = prior.synthesise(pool)
    scores = (Quarters()(images).softmax(1) + Quarters()(images.flip(3)).softmax(1))[:, 3] / 2
    assert torch.equal(found.codes, pool[scores.topk(4).indices])
    assert torch.allclose(score_pool(access, prior, pool, settings)[:, 3], scores, atol=1e-6)


def test_trace_against_a_plain_loop() -> None:
    """All candidates at once instead of in batches: the same codes, losses, norms and cosines."""
    settings, prior, model = replace(SETTINGS, crop=WHOLE, steps=6), FlatPrior(), Quarters()
    options = {"prior": prior, "seed": 2, "progress": False, "loss": cross_entropy}
    found = run(WhiteBox(model), [1, 2], settings=settings, **options)
    codes = run(WhiteBox(model), [1, 2], settings=replace(settings, steps=0), **options).codes.requires_grad_()
    adam, before = torch.optim.Adam([codes], lr=0.1, betas=(0.1, 0.1)), torch.full((8, 4), torch.nan)
    for step in range(6):
        losses = cross_entropy(model(prior.synthesise(codes)), found.targets)
        (codes.grad,) = torch.autograd.grad(losses.sum(), codes)
        cosines = (codes.grad * before).double().sum(dim=1) / (codes.grad.norm(dim=1) * before.norm(dim=1)).double()
        expected = losses.detach(), codes.grad.norm(dim=1), cosines.float()
        for recorded, wanted in zip(vars(found.trace).values(), expected, strict=True):
            torch.testing.assert_close(recorded[step], wanted, atol=1e-3, rtol=1e-3, equal_nan=True)
        before = codes.grad
        adam.step()
    torch.testing.assert_close(found.codes, codes.detach(), atol=1e-4, rtol=1e-4)


def test_film_ends_with_the_result_and_begins_with_the_start() -> None:
    def attack(steps: int, film: tuple[int, ...]) -> Reconstructions:
        settings = replace(SETTINGS, steps=steps, film=film, crop=WHOLE)
        return run(WhiteBox(Quarters()), [0, 1], prior=FlatPrior(), seed=0, settings=settings, progress=False)

    found = attack(6, (0, 4, 6))
    assert found.film.shape == (3, 8, 4)
    assert torch.equal(found.film[0], attack(0, ()).codes)
    assert torch.allclose(found.film[1], attack(4, ()).codes)
    assert torch.equal(found.film[2], found.codes)


@pytest.mark.parametrize("size", [(40, 24), (8, 16), (112, 92)])
def test_images_of_another_size_are_resized(size: tuple[int, int]) -> None:
    """The pictures are the prior's 8 x 8; the target sees all of them at its own size, on every query."""
    seen = []
    model = Quarters()
    model.register_forward_pre_hook(lambda _, inputs: seen.append(tuple(inputs[0].shape[1:])))
    settings = replace(SETTINGS, input_size=size, crop=WHOLE, selection_crop=WHOLE)
    found = run(WhiteBox(model), [2], prior=FlatPrior(), seed=1, settings=settings, progress=False)
    assert found.images.shape == (4, 1, 8, 8)
    assert set(seen) == {(1, *size)}
    assert shades(found.images).argmax(dim=1).tolist() == [2] * 4


def test_selection_keeps_the_best_of_each_target() -> None:
    scores = torch.tensor([0.1, 0.9, 0.5, 0.7, 0.0, 0.2, 0.3, 0.1])
    assert select(scores, SETTINGS).nonzero().flatten().tolist() == [1, 3, 5, 6]


def test_crops() -> None:
    images = torch.linspace(-1, 1, 16).view(1, 1, 1, 16).expand(1, 1, 16, 16)
    assert torch.allclose(cut(images, WHOLE.boxes(1, torch.Generator()), (16, 16)), images, atol=1e-6)
    mirrored = Crop(area=(1.0, 1.0), mirror=1.0)
    assert torch.allclose(cut(images, mirrored.boxes(1, torch.Generator()), (16, 16)), images.flip(3), atol=1e-6)
    boxes = Crop(area=(0.5, 0.9), ratio=(0.8, 1.2)).boxes(2000, torch.Generator().manual_seed(0))
    width, height = boxes[:, 0, 0], boxes[:, 1, 1]
    assert (width * height).min() >= 0.499
    assert (width * height).mean().item() == pytest.approx(0.7, abs=0.01)
    assert (boxes[:, :, 2].abs() <= torch.stack([1 - width, 1 - height], dim=1) + 1e-6).all()  # inside the image


def test_scores_that_are_known_are_not_computed_again() -> None:
    """The same candidates, with fewer queries; scores of another pool choose others; another shape is refused."""
    settings, prior, access = replace(SETTINGS, steps=2), FlatPrior(), WhiteBox(Quarters())
    scores = score_pool(access, prior, sample_latents(prior, 64, seed=4), settings)
    given = {"prior": prior, "seed": 4, "settings": settings, "progress": False}
    alone = run(WhiteBox(Quarters()), [3, 1], **given)
    found = run(WhiteBox(Quarters()), [3, 1], scores=scores, **given)
    assert torch.equal(found.codes, alone.codes) and found.queries == alone.queries - 2 * 64
    assert not torch.equal(run(WhiteBox(Quarters()), [3, 1], scores=-scores, **given).codes, alone.codes)
    with pytest.raises(ValueError, match=r"scores must have the shape \(64, 4\), got \(63, 4\) instead"):
        run(access, [3], scores=scores[1:], **given)
