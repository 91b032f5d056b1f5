"""Targets of the study: what factors share is trained once, and the store gives back what training ended with."""

import pytest
import torch

from mia_kit.runs.run import Maker
from mia_kit.runs.store import Store
from mia_kit.studies.inversion.networks import Target, target
from mia_kit.studies.inversion.people import PeoplePart, Values
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
def test_a_target_that_branches_at_the_ramp_is_the_target_trained_whole(factor, tmp_path):
    made, people = Maker(Store(tmp_path), progress=False), Blobs(WORLD, seed=1)
    branched = target(people, NETWORK, strength=factor, per_class=6, seed=1)
    whole = Target(people, NETWORK, "smoothing", factor, 6, 1)
    assert branched.half is not None and branched.key != whole.key
    first, second = made(branched).state_dict(), made(whole).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_positive_factors_share_nothing():
    assert target(Blobs(WORLD, seed=1), NETWORK, strength=0.1, per_class=6, seed=1).half is None
