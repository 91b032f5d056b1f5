"""Targets of the study: what factors share is trained once, and the store gives back what training ended with."""

import msgspec
import pytest
import torch

from mia_kit.defences import build
from mia_kit.runs.run import Maker
from mia_kit.studies.inversion.cells import JudgesCell, TargetCell
from mia_kit.studies.inversion.judges import judges_of
from mia_kit.studies.inversion.networks import StrangersTrunk, Target, target
from mia_kit.studies.inversion.people import PeoplePart, Values, people_of
from mia_kit.studies.inversion.recipe import Network, Photographs, World

NETWORK = Network(width=8, epochs=6, batch_size=8)


class Blobs(PeoplePart):
    """People whose photographs are a colour each, with noise: no generator is needed."""

    def make(self, made, checkpoint, *, progress) -> Values:
        labels = torch.arange(4).repeat_interleave(6)
        noise = torch.rand(24, 3, 16, 16, generator=torch.Generator().manual_seed(self.seed))
        images = (noise * 100 + 40 * labels[:, None, None, None]).byte()
        return {
            f"{role}.{name}": part
            for role in ("target", "evaluator")
            for name, part in (("images", images), ("labels", labels))
        }


WORLD = World(name="orl", size=16, photographs=Photographs(target=6, evaluator=6))


@pytest.mark.parametrize("factor", [0.0, -0.1, -0.3])
def test_a_target_that_branches_at_the_ramp_is_the_target_trained_whole(factor, maker):
    people = Blobs(WORLD, seed=1)
    branched = target(people, NETWORK, strength=factor, per_class=6)
    whole = Target(people, NETWORK, "smoothing", factor, 6, 1)
    assert branched.half is not None and branched.key != whole.key
    first, second = maker(branched).state_dict(), maker(whole).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_positive_factors_share_nothing():
    assert target(Blobs(WORLD, seed=1), NETWORK, strength=0.1, per_class=6).half is None


def test_tl_dmi_keeps_the_early_layers_of_strangers(maker):
    strangers = Target(Blobs(WORLD, seed=2), NETWORK, "midre", 0.5, 6, 1)
    defended = maker(Target(Blobs(WORLD, seed=1), NETWORK, "tl_dmi", 0.5, 6, 1, StrangersTrunk(strangers)))
    theirs = maker(strangers).state_dict()
    same = {name for name, weight in defended.state_dict().items() if torch.equal(weight, theirs[name])}
    assert {name.split(".")[1] for name in same if name.startswith("body")} >= {"0", "1", "3"}
    assert not same & {"body.4.inner.0.weight", "body.4.inner.1.running_mean", "head.weight"}


@pytest.mark.parametrize(("defence", "count"), [("tl_dmi", 4), ("dp_sgd_head", 200)])
def test_the_trunk_is_a_classifier_of_so_many_strangers(defence, count):
    photographs = Photographs(target=6, evaluator=6, judge=6, test=6)
    drawn = World(name="drawn", people=4, size=16, photographs=photographs)
    crowd = msgspec.structs.replace(drawn, people=count)
    people, others = people_of(drawn, 1), people_of(crowd, 1, strangers=True)
    options = {"strength": 0.0, "per_class": 6}
    trunk = target(people, NETWORK, defence=defence, **options).trunk
    assert trunk is not None and trunk == StrangersTrunk(target(others, NETWORK, **options))
    with pytest.raises(ValueError, match=f"{defence} needs a public trunk"):
        target(Blobs(WORLD, seed=1), NETWORK, defence=defence, **options)


@pytest.mark.parametrize("defence", ["rolss", "loft"])
def test_changed_layers_come_back_from_the_store(defence, maker):
    part = target(Blobs(WORLD, seed=1), NETWORK, defence=defence, strength=0.9, per_class=6)
    trained, again = maker(part), Maker(maker.store, progress=False)(part)
    pictures = torch.rand(5, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    torch.testing.assert_close(trained(pictures), again(pictures))
    assert any("shortcut.shortcut" in name or "reduce" in name for name in trained.state_dict())


def test_the_cell_of_a_private_target_gives_its_epsilon(maker):
    pytest.importorskip("opacus", reason='needs Opacus: pip install "mia_kit[dp]"')
    part = target(Blobs(WORLD, seed=1), NETWORK, defence="dp_sgd", strength=1.0, per_class=6)
    rows = maker(TargetCell(part, 1)).set_index("measure").value
    training = build("dp_sgd", 1.0).privacy(24, epochs=6, batch_size=8)
    assert rows["epsilon"] == pytest.approx(training.epsilon)


class Swapped(Blobs):
    """The target's photographs of a person look like the next person's at the evaluator's."""

    def make(self, made, checkpoint, *, progress) -> Values:
        values = super().make(made, checkpoint, progress=progress)
        twice = {name: part.repeat_interleave(2, dim=0) for name, part in values.items()}
        return twice | {"target.images": twice["target.images"].roll(12, dims=0)}


def test_judges_of_real_people_are_asked_about_photographs_that_they_did_not_learn(maker):
    people = Swapped(WORLD, seed=1)
    network = Network(architecture="small", width=8, epochs=30, batch_size=8)
    judges = judges_of(people, network, network)
    rows = maker(JudgesCell(people, judges.named_by, judges, 1)).set_index("measure").value
    assert rows["photographs_acc1"] == 0
