"""LPA: every served vector is poisoned, and none loses its label.

Zhou et al., "Defending Against Neural Network Model Inversion Attacks via Data Poisoning". Each vector gets a random
perturbation of its own within the bound; those of a batch are then aligned together (`mia_kit.defences.alignment`). The
label is kept by construction (`mia_kit.defences.vectors`), so that accuracy is what it was, whatever the bound.

The loss needs the picture that was asked about, which a service has: `ConfidenceAPI` hands it to `poison`. It asks for
two derivatives of a decoder in each round; `mia_kit.defences.lpa_vae` answers in one pass.

With the criterion "squared", this is the paper's Poi_MSE.
"""

from __future__ import annotations

from torch import Tensor

from mia_kit.defences.alignment import AlignmentSettings, Substitute, align
from mia_kit.defences.picture_poison import PicturePoison
from mia_kit.signatures import checked


class LabelPreservingPoison(PicturePoison):
    """Poisons all vectors, which keep their labels; see `PicturePoison`.

    substitute : the defender's decoder and its target, see `Substitute.aim`
    seed : seeds the starts
    """

    @checked
    def __init__(self, substitute: Substitute, *, seed: int, settings: AlignmentSettings | None = None) -> None:
        super().__init__(seed)
        self.substitute = substitute
        self.settings: AlignmentSettings = settings or AlignmentSettings()

    def _moved(self, clean: Tensor, images: Tensor, start: Tensor, moved: Tensor) -> Tensor:
        return align(self.substitute, clean, images, start, self.settings, moved=moved)
