"""What all attacks promise: reach the class, count, repeat themselves, refuse, leave the target alone, take no NaN."""

import copy
from dataclasses import replace
from typing import Any

import pytest
import torch
from quarters import SIZE, WHOLE, ClassFlatPrior, FlatPrior, Quarters, no_classes, no_opinion, same, shades
from torch import Tensor

from mia_kit.access import AccessError, ConfidenceAPI, LabelAPI, WhiteBox
from mia_kit.attacks import Reconstructions, Settings, brep, c2f, fredrikson, gmi, kedmi, mirror, plgmi, ppa, vmi
from mia_kit.attacks.crops import Crop
from mia_kit.models import SmallClassifier

SETTINGS: dict[str, Any] = {
    "ppa": Settings(
        SIZE, pool=64, candidates=3, keep=1, steps=40, learning_rate=0.1,
        crop=WHOLE, selection_crop=WHOLE, selection_views=3,
    ),
    "mirror": mirror.Settings(SIZE, pool=40, steps=40),
    "mirror black": mirror.GeneticSettings(SIZE, pool=40, population=10, generations=15, stop=1.0),
    "brep": brep.Settings(SIZE, start_batch=8, start_batches=10, iterations=5, largest_radius=3),
    "fredrikson": fredrikson.Settings((1, *SIZE), steps=60, learning_rate=2.0),
    "gmi": gmi.Settings(SIZE, starts=3, steps=60, averaged_over=8),
    "kedmi": kedmi.Settings(SIZE, samples=3, steps=150),
    "plgmi": plgmi.Settings(SIZE, starts=3, steps=40, crop=Crop(area=(0.8, 1.0))),
    "vmi": vmi.Settings(SIZE, samples=3, steps=150),
    "c2f": c2f.Settings(SIZE, samples=200, population=6, steps=60, learning_rate=0.1, generations=10),
}  # fmt: skip
ATTACKS = {
    "ppa": ppa.run, "mirror": mirror.run, "mirror black": mirror.run_black, "brep": brep.run,
    "fredrikson": fredrikson.run, "gmi": gmi.run, "kedmi": kedmi.run, "plgmi": plgmi.run,
    "vmi": vmi.run, "c2f": c2f.run,
}  # fmt: skip
JUDGES = {"gmi": {"critic": no_opinion}, "kedmi": {"discriminator": no_classes}, "c2f": {"embedder": Quarters()}}
WITH_STEPS = [name for name, settings in SETTINGS.items() if hasattr(settings, "steps")]
WITH_A_PRIOR = [name for name in ATTACKS if name != "fredrikson"]


def prior_of(name: str) -> FlatPrior:
    return ClassFlatPrior() if name == "plgmi" else FlatPrior()


def attack(
    name: str, access: object = None, targets=(2, 0), *, seed: int = 1, changes: dict | None = None, **more: object
) -> Reconstructions:
    """Run an attack on the toy; `changes` are to its settings."""
    options = {"seed": seed, "settings": replace(SETTINGS[name], **changes or {}), "progress": False}
    options |= {"prior": prior_of(name)} if name in WITH_A_PRIOR else {}
    return ATTACKS[name](access or WhiteBox(Quarters()), targets, **options | JUDGES.get(name, {}) | more)


@pytest.mark.parametrize("name", ATTACKS)
def test_each_reaches_its_classes(name: str) -> None:
    """Class 0, which a test written as `if cls` would leave out, is one of them."""
    result = attack(name)
    candidates = len(result.targets) // 2
    assert result.targets.tolist() == [2] * candidates + [0] * candidates
    assert torch.equal(shades(result.images).argmax(dim=1), result.targets)
    assert (result.scores > 0.9).all() and result.selected.view(2, -1).sum(dim=1).tolist() == [1, 1]
    losses = result.trace.losses.nan_to_num(0)  # NaN for what is finished
    assert name == "brep" or losses[-1].mean() < losses[0].mean()
    again = prior_of(name).synthesise(result.codes) if name in WITH_A_PRIOR else 2 * result.codes - 1
    assert torch.equal(result.images, again)


# One image tells how many classes there are, then the pool, the steps and the look that selects.
QUERIES = {
    "ppa": 1 + 2 * 64 + 5 * 6 + 3 * 6, "mirror": 1 + 40 + 5 * 2 + 2, "mirror black": 1 + 40 + 2 * (10 + 15 * 9),
    "gmi": 1 + 5 * 6 + 6, "kedmi": 1 + 5 * 2 + 6, "plgmi": 1 + 5 * 6 * 2 + 6,
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_queries_are_the_images_that_the_model_sees(name: str) -> None:
    model = Quarters(scale=2)
    access = WhiteBox(model)
    result = attack(name, access, changes={"steps": 5} if name in WITH_STEPS else {})
    assert result.queries == access.queries == sum(model.log.batches) == QUERIES.get(name, result.queries)


@pytest.mark.parametrize("name", ATTACKS)
def test_the_same_seed_gives_the_same_result_and_batches_change_nothing(name: str) -> None:
    changes = {"steps": 5} if name in WITH_STEPS else {}
    first, again, batched, other = (
        attack(name, seed=seed, changes=changes | {"batch_size": batch_size})
        for seed, batch_size in ((1, 100), (1, 100), (1, 4), (2, 100))
    )
    assert same(first, again)
    torch.testing.assert_close(first.codes, batched.codes, atol=1e-5, rtol=1e-5)
    assert first.trace.losses.shape == batched.trace.losses.shape
    assert torch.allclose(first.codes, other.codes, atol=1e-2) == (name == "fredrikson")  # which draws nothing


@pytest.mark.parametrize("name", ["mirror", "mirror black", "brep", "fredrikson"])
def test_a_class_among_others_is_attacked_as_if_alone(name: str) -> None:
    together = attack(name, targets=[3, 0, 2], seed=5)
    for row, target in enumerate([3, 0, 2]):
        assert same(attack(name, targets=[target], seed=5), together, slice(row, row + 1))


@pytest.mark.parametrize("name", ATTACKS)
def test_the_target_learns_nothing(name: str) -> None:
    """Its batch norm does not."""
    access = WhiteBox(Quarters())
    before = copy.deepcopy(access.model.state_dict())
    attack(name, access, changes={"steps": 2} if name in WITH_STEPS else {})
    assert all(torch.equal(value, before[key]) for key, value in access.model.state_dict().items())


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("targets", [[4], [-1], [0, 0], []])
def test_targets_that_do_not_fit(name: str, targets: list[int]) -> None:
    if name == "brep" and targets == [4]:
        pytest.skip("an attacker with labels alone cannot know how many there are")
    with pytest.raises(ValueError, match="target_classes must be"):
        attack(name, targets=targets)


@pytest.mark.parametrize("name", [name for name in ATTACKS if name != "brep"])
def test_less_access_is_not_enough(name: str) -> None:
    """Nor is it asked anything; labels are enough for BREP-MI."""
    model = Quarters()
    less = LabelAPI if name in ("mirror black", "c2f") else ConfidenceAPI
    with pytest.raises(AccessError, match="gives no (logits|confidences)"):
        attack(name, less(model))
    assert not model.log.batches


@pytest.mark.parametrize("name", WITH_A_PRIOR)
def test_a_grey_prior_for_a_colour_target(name: str) -> None:
    access = WhiteBox(SmallClassifier(3, 4, seed=0, width=4))
    with pytest.raises(ValueError, match="the target expects images of 3 channels, got a prior of 1 instead"):
        attack(name, access)
    assert access.queries == 0


class Silent(Quarters):
    """NaN for every picture, with gradients. torch takes NaN for the greatest number: the attack's best, if sorted."""

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images) * torch.nan


class Patchy(Quarters):
    """NaN for pictures whose first quarter is bright: nothing that is worth having lies there but class 0."""

    def forward(self, images: Tensor) -> Tensor:
        bright = images[:, :, :4, :4].mean(dim=(1, 2, 3)) > 0.4
        return super().forward(images).masked_fill(bright[:, None], torch.nan)


@pytest.mark.parametrize("name", ATTACKS)
def test_a_model_that_says_nothing_is_not_attacked(name: str) -> None:
    result = attack(name, WhiteBox(Silent()))
    assert not result.reached.any() and not result.selected.any()
    assert result.trace.losses.isnan().all()
    assert (result.images == 0).all() and result.codes.isnan().all() and result.scores.isnan().all()


@pytest.mark.parametrize("name", ATTACKS)
def test_where_it_says_nothing_nothing_is_selected(name: str) -> None:
    result, model = attack(name, WhiteBox(Patchy()), [1, 2], seed=0), Patchy()
    assert result.selected.any() and (result.selected <= result.reached).all()
    confidences = model(result.images).softmax(dim=1).gather(1, result.targets[:, None]).squeeze(1)
    assert confidences[result.reached].isfinite().all()


@pytest.mark.parametrize("kind", [WhiteBox, ConfidenceAPI, LabelAPI])
def test_no_class_is_named_for_what_is_no_number(kind: type) -> None:
    """torch calls the first NaN the greatest: a service would answer 0, and class 0 would be found everywhere."""
    assert kind(Silent()).labels(torch.zeros(2, 1, 8, 8)).tolist() == [-1, -1]
    assert kind(Quarters()).labels(torch.eye(2).view(1, 1, 2, 2)).tolist() == [0]
