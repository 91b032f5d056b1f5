"""Chapter 4's mixtures: each stage asks its own target, and the others are left alone."""

import numpy as np
import pytest
import torch
from tiny_people import FlatPrior, shaded_people
from torch import Tensor, nn

from mia_kit.experiments import stage_mixtures
from mia_kit.experiments.face_attack import appoint
from mia_kit.experiments.face_quick import ATTACK, POOL, Scene
from mia_kit.experiments.face_targets import Fitted
from mia_kit.experiments.stage_mixtures import mix_stages, single_swaps
from mia_kit.widgets.stage_mixer import StageMixer


class Halves(nn.Module):
    """Class 0 is a bright upper half, 1 a bright lower one, 2 and 3 dark ones: a mirror image changes nothing."""

    def features(self, images: Tensor) -> Tensor:
        halves = nn.functional.adaptive_avg_pool2d(images.mean(dim=1, keepdim=True), (2, 1)).flatten(1)
        return torch.cat([halves, -halves], dim=1)

    def forward(self, images: Tensor) -> Tensor:
        return 4 * self.features(images)


class Turned(Halves):
    """What it takes for class 0 is the others' class 1, and so on."""

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images).roll(-1, dims=1)


@pytest.fixture
def mixtures(monkeypatch: pytest.MonkeyPatch) -> stage_mixtures.Mixtures:
    numbers = {"pool": 30, "candidates": 4, "steps": 0, "selection_views": 1, "film": [0]}
    monkeypatch.setattr(stage_mixtures, "BRIEF_ATTACK", ATTACK | numbers)
    monkeypatch.setattr(stage_mixtures, "SIZE", 16)
    people = shaded_people(classes=4, each=10, pool=POOL)
    judge = Halves()

    def scene(model: nn.Module) -> Scene:
        fitted = Fitted(model, 1.0, 1.0, 0.0, 1.0)  # type: ignore[arg-type]
        judges = appoint(people, judge, judge.features)  # type: ignore[arg-type]
        return Scene(people, fitted, fitted, judges, FlatPrior())

    return mix_stages({0.0: scene(Halves()), 0.1: scene(Turned())}, [0, 2], progress=False)


def test_without_steps_the_optimisation_changes_nothing(mixtures: stage_mixtures.Mixtures) -> None:
    assert mixtures.pictures.shape == (2, 2, 2, 2, 16, 16, 3)
    assert mixtures.ranks.shape == mixtures.distances.shape == (2, 2, 2, 2)
    np.testing.assert_array_equal(mixtures.pictures[:, 0], mixtures.pictures[:, 1])


def test_the_sampling_asks_its_own_target(mixtures: stage_mixtures.Mixtures) -> None:
    """The usual target samples faces that the judge, who agrees with it, takes for the person; the other does not."""
    usual, other = (mixtures.ranks[mixtures.place({"sampling": factor})] for factor in (0.0, 0.1))
    assert (usual == 1).all() and (other > 1).any()


def test_the_selection_asks_its_own_target(mixtures: stage_mixtures.Mixtures) -> None:
    place, other = mixtures.place({}), mixtures.place({"selection": 0.1})
    assert (mixtures.pictures[place] != mixtures.pictures[other]).any()


def test_swaps_change_one_stage_or_all() -> None:
    swaps = single_swaps((-0.05, 0.0))
    assert list(swaps) == ["hard labels", "-0.05 sampling", "-0.05 optimisation", "-0.05 selection", "-0.05 all"]
    assert [len(stages) for stages in swaps.values()] == [0, 1, 1, 1, 3]


def test_mixer_shows_what_was_mixed(mixtures: stage_mixtures.Mixtures) -> None:
    mixer = StageMixer(mixtures, names=["first <b>", "second"], threshold=1e9)
    before = mixer.faces.value
    assert "Acc@1: 2 of 2; verified by the second judge: 2 of 2" in before and "first &lt;b&gt;" in before
    mixer.sliders["sampling"].value = 0.1
    assert mixer.faces.value != before
    with pytest.raises(ValueError, match="a name for each of 2 people"):
        StageMixer(mixtures, names=["one"], threshold=1)
