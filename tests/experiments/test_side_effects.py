"""S19 to S21: what each measure says of models whose answer is known, and tiny people."""

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from test_face_parts import RECIPE
from tiny_people import FlatPrior, shaded_people
from torch import Tensor, nn

from mia_kit.access import ConfidenceAPI
from mia_kit.experiments import adversarial, face_parts, side_effects, stealing, zoo_tools
from mia_kit.experiments.face_people import People
from mia_kit.experiments.runner import read_recipe
from mia_kit.experiments.side_effects import inference, one_target
from mia_kit.models import SmallClassifier, in_batches
from mia_kit.runs.store import Store


class Remembers(nn.Module):
    """Sure of the person the shade says where the first pixel is set, else undecided."""

    channels = 1

    def forward(self, images: Tensor) -> Tensor:
        shade = ((images.flatten(1).median(dim=1).values + 1) * 1.5).round().clamp(0, 2).long()
        return nn.functional.one_hot(shade, 3) * images[:, 0, 0, :1]


def marked_people() -> People:
    people = shaded_people(classes=3, each=20, pool=4)
    people.images[:, 0, 0, 0] = torch.where(people.order < 3, 255, 128).byte()
    return people


def test_the_loss_attack_on_a_model_that_remembers_and_one_that_does_not() -> None:
    recipe = {"per_class": 3, "evaluator_from": 3}
    found = inference(Remembers(), marked_people(), recipe)  # type: ignore[arg-type]
    assert found["membership"].tolist() == [1, 1, 1] and found["membership_auc"] == 1
    blind = inference(Remembers(), shaded_people(classes=3, each=20, pool=4), recipe)  # type: ignore[arg-type]
    assert blind["membership"].shape == (3,) and abs(blind["membership"].mean() - 0.5) < 0.35


def test_a_thief_asks_once_about_each_picture_and_learns_the_answers() -> None:
    people = shaded_people(classes=3, each=20, pool=4)
    target = SmallClassifier(1, 3, seed=0, width=4).eval()
    with torch.no_grad():
        target.head.weight.mul_(20)
    access = ConfidenceAPI(target)
    settings = {"width": 4, "epochs": 30, "batch_size": 16, "learning_rate": 0.01}
    student = stealing.steal(access, people.floats(), settings, seed=1, progress=False)
    assert access.queries == 60
    says, answers = (in_batches(one, people.floats()).argmax(dim=1) for one in (target, student))
    assert (says == answers).float().mean() > 0.9


needs_toolbox = pytest.mark.skipif(find_spec("art") is None, reason="needs mia_kit[robust]")


class Bright(SmallClassifier):
    """Class 1 for pictures above mid-grey; the margin is the mean shade, times 100."""

    def features(self, images: Tensor) -> Tensor:
        return 100 * images.mean(dim=(1, 2, 3))[:, None]

    def forward(self, images: Tensor) -> Tensor:
        return torch.cat([-self.features(images), self.features(images), self.features(images) - 1e3], dim=1)


@needs_toolbox
def test_attacks_reach_exactly_as_far_as_epsilon() -> None:
    """Pictures 1, 2 and 5 grey levels above the middle: a change of 3 turns the first two, and no pixel moves more."""
    levels = torch.tensor([1.0, 2.0, 5.0, -1.0])
    images = (2 * levels / 255).view(-1, 1, 1, 1).expand(-1, 1, 16, 16).clone()
    labels = torch.tensor([1, 1, 1, 1])  # the last is wrong from the start
    model = Bright(1, 3, seed=0, width=2).eval()
    found = adversarial.withstood(model, images, labels, 3, steps=5, queries=100, seed=0)
    assert list(found) == ["cross-entropy", "logit ratio", "square"]
    for held in found.values():
        assert held.tolist() == [False, False, True, False]
    changed = adversarial._changed("cross-entropy", model, images[:3], labels[:3], 3, 5, 10, 0)
    assert float((changed - images[:3]).abs().max()) * 255 / 2 == pytest.approx(3, abs=1e-3)


@needs_toolbox
def test_a_seed_is_a_seed_and_numpy_is_left_alone() -> None:
    images, labels = torch.rand(3, 1, 16, 16) - 0.5, torch.tensor([0, 1, 1])
    model = SmallClassifier(1, 3, seed=0, width=2).eval()
    np.random.seed(5)
    expected = np.random.rand()
    np.random.seed(5)
    first, again, other = (adversarial._changed("square", model, images, labels, 4, 2, 5, seed) for seed in (0, 0, 1))
    assert np.random.rand() == expected
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_epsilon_must_be_above_zero() -> None:
    with pytest.raises(ValueError, match="epsilon must be above 0, got 0 instead"):
        adversarial.withstood(
            Bright(1, 3, seed=0), torch.zeros(1, 1, 16, 16), torch.tensor([1]), 0, steps=1, queries=1, seed=0
        )


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(face_parts, "build", lambda name: FlatPrior())
    monkeypatch.setattr(face_parts, "load_people", lambda **_: shaded_people(classes=3, each=20, pool=4))
    public = torch.randint(256, (40, 3, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    monkeypatch.setattr(zoo_tools, "public_people", lambda size: (public, torch.zeros(40)))
    brief = {name: RECIPE[name] for name in ("people", "pretraining", "target")}
    small = {
        "robustness": {"photographs": 2, "epsilons": [1.0, 20.0], "steps": 2, "queries": 2},
        "stealing": {"budgets": [8, 16], **RECIPE["target"]},
        "evaluator_from": 3,
        "per_class": 3,
        "seeds": 2,
        "smoothings": [-0.05, 0.0, 0.1],
    }
    return read_recipe("side_effects") | brief | small


@needs_toolbox
def test_the_recipe_from_end_to_end_and_nothing_twice(
    tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = side_effects.run(tiny, progress=False, store=Store(tmp_path))
    assert found["people"] == 3 and [own["smoothing"] for own in found["cells"]] == tiny["smoothings"]
    for own in found["cells"]:
        assert len(own["accuracy"]) == 2
        assert own["robust 20"]["value"] <= min(own[f"robust 20 {name}"]["value"] for name in ("square", "logit ratio"))
        assert own["robust 20"]["value"] <= own["robust 0"]["value"]
        assert {"membership", "agreement 8", "stolen accuracy 16"} <= own.keys() and len(own["membership_auc"]) == 2
    for name in ("robustness", "inference", "stolen"):
        monkeypatch.setattr(side_effects, name, lambda *_, **__: pytest.fail("measured again"))
    again = side_effects.run(tiny, progress=False, store=Store(tmp_path))
    assert again["cells"] == found["cells"]


def test_only_unseen_photographs_are_attacked_and_stolen_from(
    tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = face_parts.Parts(tiny, Store(tmp_path), progress=False)
    people, given = parts.people(0), []
    monkeypatch.setattr(
        adversarial, "withstood", lambda model, images, *_, **__: given.append(images) or {"one": torch.ones(6).bool()}
    )
    one_target(parts, people, 0.0, 0)
    expected = people.floats((people.order >= 3) & (people.order < 5))
    assert len(given) == 2 and torch.equal(given[0], expected)


def test_without_the_toolbox_the_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("art", "art.attacks", "art.estimators.classification"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r'run pip install "mia_kit\[robust\]"'):
        side_effects.run({}, progress=False)
