"""Every defence by name and strength: another model than without it, the same for the same seed, alone and in pairs."""

from functools import cache, reduce
from itertools import combinations

import pytest
import torch

from mia_kit.access import WhiteBox
from mia_kit.defences import STRENGTHS, DefenceTraining, DropoutObjective, StrongAugment, build, combine
from mia_kit.models import ResidualClassifier
from mia_kit.training import SmoothedObjective, fit, flip_and_shift
from tests.defences.tiny_task import task

MECHANISMS = {"crop_and_flip": 3, "noise": 0.1, "distillation": 10, "cutout": 0.5, "disturbed_labels": 0.1}
HARSHEST = {name: strengths[-1] for name, strengths in STRENGTHS.items()} | MECHANISMS
TASK = task(classes=3)
OPTIONS = {"epochs": 5, "batch_size": 6, "learning_rate": 0.01, "progress": False}


def model(seed=0):
    return ResidualClassifier(1, 3, seed=seed, width=4)


def trained(name, seed=0):
    return build(name, HARSHEST[name], teacher=model(1)).fit(model(), *TASK, seed=seed, **OPTIONS)


@pytest.mark.parametrize("name", HARSHEST)
def test_changes_the_weights_repeats_itself_and_can_be_attacked(name):
    private = name.startswith("dp_sgd")
    if private:
        pytest.importorskip("opacus", reason='needs Opacus: pip install "mia_kit[dp]"')
    plain = model()
    fit(plain, *TASK, seed=0, **OPTIONS)
    defended, again, other = (trained(name, seed) for seed in (0, 0, 1))
    state = defended.model.state_dict()
    assert all(torch.equal(value, again.model.state_dict()[key]) for key, value in state.items())
    assert not torch.equal(state["head.weight"], other.model.head.weight)
    if name in ("mid", "loft"):
        assert state["head.weight"].shape != plain.head.weight.shape
    else:
        assert not torch.equal(state["head.weight"], plain.head.weight)
    assert not defended.model.training and (defended.privacy is not None) == private
    images = TASK[0].clone().requires_grad_()
    access = WhiteBox(defended.model)
    for scores in (access.logits(images), access.features(images)):
        (gradient,) = torch.autograd.grad(scores.square().sum(), images)
        assert gradient.abs().max() > 0


def test_pairs_do_what_both_do():
    both = combine(build("augmentation", 0.4), DefenceTraining("plain", augment=flip_and_shift))
    images, labels = TASK
    by_hand = torch.Generator().manual_seed(0)
    wanted = flip_and_shift(StrongAugment(0.4)(images, by_hand), by_hand)
    assert torch.equal(both.augment(images, torch.Generator().manual_seed(0)), wanted)
    four = combine(
        combine(build("early_stopping", 0.5), build("weight_decay", 0.1)), combine(build("dropout", 0.3), both)
    )
    four = combine(build("smoothing", 0.1), combine(four, build("early_stopping", 0.2)))
    assert (four.share_of_epochs, four.weight_decay, four.optimiser) == (0.4, 0.1, torch.optim.AdamW)
    assert (four.dropout, four.smoothing, four.strength) == (0.3, 0.1, None)
    names = "smoothing", "early_stopping", "weight_decay", "dropout", "augmentation", "plain", "early_stopping"
    assert four.name == " + ".join(names)
    by_hand = model()
    fit(
        by_hand,
        images,
        labels,
        seed=0,
        objective=DropoutObjective(0.3, SmoothedObjective(0.1, 5)),
        augment=both.augment,
        optimiser=torch.optim.AdamW,
        weight_decay=0.1,
        stop_epoch=2,
        **OPTIONS,
    )
    assert torch.equal(four.fit(model(), images, labels, seed=0, **OPTIONS).model.head.weight, by_hand.head.weight)


LOSSES, PRIVATE = {"smoothing", "mid", "bido", "mixup", "trap_mid"}, {"dp_sgd", "dp_sgd_head"}
OTHER_LAYERS = {"mid", "tl_dmi", "rolss", "loft", "trap_mid"}
PAIRS = [*combinations(("none", *STRENGTHS), 2)]


@cache
def head_weights(*names):
    """Of the last layer, after two epochs with all of these defences."""
    training = reduce(combine, [build(name, 0.0 if name == "none" else 0.5) for name in names])
    defended = training.fit(model(), *TASK, seed=0, **OPTIONS | {"epochs": 2})
    return defended.model.head.weight.detach()


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_every_pair_is_refused_at_once_or_trains_as_both_do(first, second):
    pair = {first, second}
    mixes_pictures = pair & PRIVATE and pair & {"bido", "mixup", "trap_mid"}
    untrained = "dp_sgd_head" in pair and pair & OTHER_LAYERS
    same_layers = "loft" in pair and pair & {"mid", "bido", "trap_mid"}
    if pair <= LOSSES or pair <= PRIVATE or mixes_pictures or untrained or same_layers:
        with pytest.raises(ValueError, match="defences? .* must|must meet"):
            combine(build(first, 0.5), build(second, 0.5))
        return
    if pair & PRIVATE:
        pytest.importorskip("opacus", reason='needs Opacus: pip install "mia_kit[dp]"')
    both = head_weights(first, second)
    assert both.isfinite().all()
    assert torch.equal(both, head_weights(second)) == (first == "none")
    assert not torch.equal(both, head_weights(first))


def test_the_ramp_and_the_rates_are_those_of_the_whole_run():
    """Negative smoothing stopped after 4 of 5 epochs is the first 4 of the whole run."""
    pair = combine(build("smoothing", -0.1), build("early_stopping", 0.2))
    stopped = pair.fit(model(), *TASK, seed=0, **OPTIONS).history
    whole = build("smoothing", -0.1).fit(model(), *TASK, seed=0, **OPTIONS).history
    assert stopped == whole[:4]


@pytest.mark.parametrize("names", [("dp_sgd",), ("dp_sgd_head", "early_stopping"), ("smoothing",)])
def test_the_price_of_privacy_is_known_before_training(names):
    if PRIVATE & set(names):
        pytest.importorskip("opacus", reason='needs Opacus: pip install "mia_kit[dp]"')
    training = reduce(combine, [build(name, 0.5) for name in names])
    known = training.privacy(len(TASK[1]), epochs=OPTIONS["epochs"], batch_size=OPTIONS["batch_size"])
    assert known == training.fit(model(), *TASK, seed=0, **OPTIONS).privacy
    assert (known is None) == (names == ("smoothing",))


@pytest.mark.parametrize("name", sorted(PRIVATE))
def test_private_steps_are_few_and_large(name):
    """Eight times the usual batch: 128 of 800 pictures, six steps an epoch."""
    pytest.importorskip("opacus", reason='needs Opacus: pip install "mia_kit[dp]"')
    privacy = build(name, 1.0).privacy(800, epochs=80, batch_size=16)
    assert (privacy.sample_rate, privacy.steps) == (128 / 800, 480)
