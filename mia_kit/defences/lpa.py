"""LPA: every served vector is poisoned, and none loses its label.

Zhou et al., "Defending Against Neural Network Model Inversion Attacks via Data Poisoning". Each vector gets a random
perturbation of its own within the bound; those of a batch are then aligned together (`mia_kit.defences.alignment`). The
label is kept by construction (`mia_kit.defences.vectors`), so that accuracy is what it was, whatever the bound.

The loss needs the picture that was asked about, which a service has: `ConfidenceAPI` hands it to `poison`. It asks for
two derivatives of a decoder in each round; `mia_kit.defences.lpa_vae` answers in one pass.

With the criterion "squared", this is the paper's Poi_MSE.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mia_kit.defences.alignment import AlignmentSettings, Substitute, align
from mia_kit.defences.vectors import check_confidences, random_in_ball


class LabelPreservingPoison:
    """Poisons all vectors, for `ConfidenceAPI`.

    The starts of a call depend on `seed` and on the calls before it: who asks twice gets two answers, and may average.

    Parameters
    ----------
    substitute : the defender's decoder and its target, see `Substitute.aim`
    seed : seeds the starts
    """

    def __init__(self, substitute: Substitute, *, seed: int, settings: AlignmentSettings | None = None) -> None:
        self.substitute, self.seed, self.settings = substitute, seed, settings or AlignmentSettings()
        self.calls = 0

    def poison(self, confidences: Tensor, images: Tensor) -> Tensor:
        """Probability vectors with the labels of `confidences`, each at most `settings.bound` from its own.

        `confidences` has the shape (n, classes), `images` (n, channels, size, size) in [-1, 1], the decoder's size.
        ValueError for other shapes or rows that are no probability vectors.
        """
        check_confidences(confidences)
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.calls)
        self.calls += 1
        start = random_in_ball(confidences, self.settings.bound, generator)
        size = self.settings.batch_size
        parts = zip(confidences.split(size), images.split(size), start.split(size), strict=True)
        return torch.cat([align(self.substitute, *part, self.settings) for part in parts])
