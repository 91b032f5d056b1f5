"""Random changes of training pictures: range, shape, seed, and that each picture has its own."""

import pytest
import torch
from torch import Generator, Tensor

from mia_kit.training.augment import change_colours, flip_and_shift, flip_shift_and_colour


def some_pictures(n: int = 6, *, channels: int = 3) -> Tensor:
    return torch.rand(n, channels, 10, 8, generator=Generator().manual_seed(0)) * 2 - 1


def changed(change, images: Tensor, seed: int = 0) -> Tensor:
    return change(images, Generator().manual_seed(seed))


@pytest.mark.parametrize("change", [flip_and_shift, flip_shift_and_colour])
def test_shape_range_and_seed(change) -> None:
    images = some_pictures(50)
    before, state = images.clone(), torch.get_rng_state()
    one, same, other = (changed(change, images, seed) for seed in (1, 1, 2))
    assert one.shape == images.shape
    assert one.abs().max() <= 1
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(images, before)
    assert torch.equal(torch.get_rng_state(), state)


def test_moved_pixels_against_a_plain_loop() -> None:
    """Each picture is a mirrored or plain one, moved by at most 3 pixels each way, its border repeated."""
    images = some_pictures(40)
    mirrored = 0
    for image, moved in zip(images, changed(flip_and_shift, images), strict=True):
        ways = [
            (flipped, down, right)
            for flipped in (False, True)
            for down in range(-3, 4)
            for right in range(-3, 4)
            if torch.equal(moved, by_hand(image, flipped, down, right))
        ]
        assert len(ways) == 1
        mirrored += ways[0][0]
    assert 8 <= mirrored <= 32


def by_hand(image: Tensor, flipped: bool, down: int, right: int) -> Tensor:
    rows = [min(max(row + down, 0), 9) for row in range(10)]
    columns = [min(max(column + right, 0), 7) for column in range(8)]
    return image[:, rows][:, :, columns[::-1] if flipped else columns]


def test_how_far_brightness_contrast_and_saturation_go() -> None:
    """Small values never reach the ends of the range, so the three factors can be read off."""
    images = some_pictures(1).expand(500, -1, -1, -1) * 0.2 - 0.3
    found = changed(change_colours, images)

    def spread(pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Of the greys, and of the colours about their grey."""
        grey = pictures.mean(dim=1, keepdim=True)
        return grey.flatten(1).std(dim=1), (pictures - grey).flatten(1).std(dim=1)

    light = (found.mean(dim=(1, 2, 3)) + 1) / (images.mean(dim=(1, 2, 3)) + 1)
    greys, colours = spread(found)
    greys_before, colours_before = spread(images)
    contrast = greys / greys_before / light
    saturation = colours / colours_before / light / contrast
    for factor, most in ((light, 0.2), (contrast, 0.2), (saturation, 0.1)):
        assert (factor - 1).abs().max() <= most + 1e-4
        assert factor.max() > 1 + 0.95 * most
        assert factor.min() < 1 - 0.95 * most
        assert abs(float(factor.mean()) - 1) < 0.1 * most
    assert (
        abs(float(torch.corrcoef(torch.stack([light, contrast, saturation]))[[0, 0, 1], [1, 2, 2]].abs().max())) < 0.2
    )
