"""What every classifier of the course has: penultimate activations, one linear layer on them, and its logits."""

from __future__ import annotations

from torch import Tensor, nn

from mia_kit import check

MIN_SIZE = 16


class Classifier(nn.Module):
    """A `body` that turns pictures into features, and a `head` that turns features into logits.

    A kind of classifier builds both; `channels` is 1 for grey pictures, 3 for colour.
    """

    channels: int
    body: nn.Module
    head: nn.Linear

    def features(self, images: Tensor) -> Tensor:
        """Penultimate activations (n, d), none negative, of images (n, channels, h, w) in [-1, 1], h and w from 16."""
        check_pictures(images, self.channels, MIN_SIZE)
        return self.body(images)

    def logits(self, images: Tensor) -> Tensor:
        """Scores before the softmax: a Tensor of shape (n, classes) for `images` as in `features`."""
        return self.head(self.features(images))

    def forward(self, images: Tensor) -> Tensor:
        """The same as `logits`."""
        return self.logits(images)


def predicted(scores: Tensor) -> Tensor:
    """The class with the greatest of (n, classes) scores, of shape (n,); -1 for NaN, which torch takes for greatest."""
    return scores.argmax(dim=1).masked_fill(scores.isnan().any(dim=1), -1)


def check_pictures(images: Tensor, channels: int, least: int) -> None:
    """Pictures of so many channels, h and w at least `least`."""
    check.floats("images", images, ("n", channels, "h", "w"))
    if min(images.shape[2:]) < least:
        raise ValueError(f"images must have h and w at least {least}, got {tuple(images.shape)} instead")


def check_classes(channels: int, classes: int) -> tuple[int, int]:
    """Both as plain ints: 1 (grey) or 3 (colour) channels, and 2 classes at least."""
    return check.one_of("channels", check.count("channels", channels), (1, 3)), check.count("classes", classes, 2)
