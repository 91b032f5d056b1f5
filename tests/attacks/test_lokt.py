"""LOKT: a surrogate that saw labels alone knows where the classes are, and the attack on it finds them."""

from dataclasses import replace

import pytest
import torch
from quarters import FlatPrior, Quarters
from test_every_attack import SETTINGS as EVERY

from mia_kit.access import LabelAPI, WhiteBox
from mia_kit.attacks import lokt, margin, ppa
from mia_kit.models import Classifier, sample_latents


class Halves(Quarters):
    """Class 0 is bright above, class 1 below: a mirror image, which the surrogate is shown as well, is as bright."""

    def forward(self, images):
        shades = torch.nn.functional.adaptive_avg_pool2d(images, (2, 1)).flatten(1)  # (n, 2)
        return 8 * (shades - shades.flip(1))


class Small(Classifier):
    """Means of the quarters and a linear layer: all that these targets look at."""

    channels = 1

    def __init__(self, classes=4):
        super().__init__()
        self.body = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(2), torch.nn.Flatten())
        self.head = torch.nn.Linear(4, classes)
        torch.nn.init.zeros_(self.head.weight)

    def features(self, images):
        return self.body(images)


ATTACK = replace(EVERY["ppa"], pool=20, candidates=1, selection_views=1)


def learn(surrogate, access):
    pictures = FlatPrior().synthesise(sample_latents(FlatPrior(), 300, seed=0))
    lokt.learn(access, surrogate, pictures, seed=0, epochs=15, learning_rate=0.05, progress=False)


def test_known_answer_from_labels_alone():
    access, surrogate = LabelAPI(Halves()), Small(classes=2)
    learn(surrogate, access)
    assert access.queries == 300
    options = {"prior": FlatPrior(), "seed": 1, "settings": ATTACK, "loss": margin, "progress": False}
    found = ppa.run(WhiteBox(surrogate), [1, 0], **options)
    above, below = found.images[:, 0, :4].mean(dim=(1, 2)), found.images[:, 0, 4:].mean(dim=(1, 2))
    assert (below - above)[0] > 0.8 and (above - below)[1] > 0.8
    pictures = FlatPrior().synthesise(torch.randn(200, 4, generator=torch.Generator().manual_seed(9)))
    said = Halves()(pictures).argmax(dim=1)
    assert (surrogate(pictures).argmax(dim=1) == said).float().mean() > 0.8


def test_a_surrogate_with_too_few_classes_is_refused():
    with pytest.raises(ValueError, match="surrogate must have the target's classes, got 3 of them and 3 said"):
        learn(Small(classes=3), LabelAPI(Quarters()))
