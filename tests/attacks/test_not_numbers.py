"""A model that answers with NaN, at once or here and there: every attack says that it failed, and counts nothing.

torch takes NaN for the greatest number: sorted as it comes, the rows that say nothing would be the attack's best.
"""

from collections.abc import Callable

import pytest
import torch
from quarters import ClassFlatPrior, no_classes, no_opinion
from test_latent_attacks import SETTINGS as LATENT
from tiny_target import FlatPrior, Quarters
from torch import Tensor

from mia_kit.access import Access, ConfidenceAPI, LabelAPI, WhiteBox
from mia_kit.attacks import Reconstructions, Settings, brep, fredrikson, gmi, kedmi, mirror, plgmi, ppa
from mia_kit.attacks.crops import Crop

COMMON = {"seed": 0, "progress": False}
WHOLE = Crop(area=(1.0, 1.0))  # a mirror image is another class
PPA = Settings(
    input_size=(8, 8), pool=30, candidates=4, keep=2, steps=4, crop=WHOLE, selection_crop=WHOLE, selection_views=3
)
WHITE = mirror.Settings(input_size=(8, 8), pool=40, steps=6)
BLACK = mirror.GeneticSettings(input_size=(8, 8), pool=40, population=8, generations=4)
LABELS = brep.Settings(input_size=(8, 8), start_batch=8, start_batches=10, iterations=5, largest_radius=3)
PIXELS = fredrikson.Settings(image_size=(1, 8, 8), steps=5)
ATTACKS: dict[str, Callable[[Access, list[int]], Reconstructions]] = {
    "ppa": lambda access, who: ppa.run(access, who, prior=FlatPrior(), settings=PPA, **COMMON),
    "mirror": lambda access, who: mirror.run(access, who, prior=FlatPrior(), settings=WHITE, **COMMON),
    "mirror black": lambda access, who: mirror.run_black(access, who, prior=FlatPrior(), settings=BLACK, **COMMON),
    "brep": lambda access, who: brep.run(access, who, prior=FlatPrior(), settings=LABELS, **COMMON),
    "fredrikson": lambda access, who: fredrikson.run(access, who, settings=PIXELS, **COMMON),
    "gmi": lambda access, who: gmi.run(
        access, who, prior=FlatPrior(), critic=no_opinion, settings=LATENT["gmi"], **COMMON
    ),
    "kedmi": lambda access, who: kedmi.run(
        access, who, prior=FlatPrior(), discriminator=no_classes, settings=LATENT["kedmi"], **COMMON
    ),
    "plgmi": lambda access, who: plgmi.run(access, who, prior=ClassFlatPrior(), settings=LATENT["plgmi"], **COMMON),
}


class Silent(Quarters):
    """NaN for every picture, with gradients."""

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images) * torch.nan


class Patchy(Quarters):
    """NaN for pictures whose first quarter is bright: nothing that is worth having lies there but class 0."""

    def forward(self, images: Tensor) -> Tensor:
        bright = images[:, :, :4, :4].mean(dim=(1, 2, 3)) > 0.4
        return super().forward(images).masked_fill(bright[:, None], torch.nan)


@pytest.mark.parametrize("name", ATTACKS)
def test_a_model_that_says_nothing_is_not_attacked(name: str) -> None:
    found = ATTACKS[name](WhiteBox(Silent()), [0, 2])
    assert not found.reached.any() and not found.selected.any()
    assert (found.images == 0).all() and found.codes.isnan().all() and found.scores.isnan().all()


@pytest.mark.parametrize("name", ATTACKS)
def test_where_it_says_nothing_nothing_is_selected(name: str) -> None:
    found, model = ATTACKS[name](WhiteBox(Patchy()), [1, 2]), Patchy()
    assert found.selected.any() and (found.selected <= found.reached).all()
    confidences = model(found.images).softmax(dim=1).gather(1, found.targets[:, None]).squeeze(1)
    assert confidences[found.reached].isfinite().all()


@pytest.mark.parametrize("kind", [WhiteBox, ConfidenceAPI, LabelAPI])
def test_no_class_is_named_for_what_is_no_number(kind: type) -> None:
    """torch calls the first NaN the greatest: a service would answer 0, and class 0 would be found everywhere."""
    assert kind(Silent()).labels(torch.zeros(2, 1, 8, 8)).tolist() == [-1, -1]
    assert kind(Quarters()).labels(torch.eye(2).view(1, 1, 2, 2)).tolist() == [0]
