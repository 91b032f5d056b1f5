"""Mixtures of stages: without a swap it is the package's attack, and each swap has its place."""

import pytest

from mia_kit.access import WhiteBox
from mia_kit.attacks import Settings, run
from mia_kit.attacks.losses import cross_entropy
from mia_kit.data.pictures import to_bytes
from mia_kit.models import load_dcgan
from mia_kit.studies.inversion import shipped
from mia_kit.studies.inversion.stages import mix_stages, single_swaps

PEOPLE = (3, 8, 11)


@pytest.fixture(scope="module")
def mixtures():
    return mix_stages((0.0, -0.2), PEOPLE, candidates=2, steps=4, pool=60, progress=False)


def test_without_a_swap_it_is_the_packages_attack(mixtures):
    settings = Settings((32, 32), 60, candidates=2, keep=1, steps=4, learning_rate=0.03, selection_views=20)
    target = WhiteBox(shipped.shipped_target(0.0))
    result = run(target, PEOPLE, prior=load_dcgan(), seed=1, settings=settings, loss=cross_entropy, progress=False)
    candidates = to_bytes(result.images).numpy().reshape(3, 2, 3, 64, 64)
    handed_in = mixtures.pictures[mixtures.place({})]
    for pictures, picture in zip(candidates, handed_in, strict=True):
        assert (pictures == picture).all(axis=(1, 2, 3)).any()


def test_every_swap_has_its_name_and_its_place(mixtures):
    swaps = single_swaps(mixtures.factors)
    assert list(swaps) == ["hard labels", "sampling -0.2", "optimisation -0.2", "selection -0.2"]
    assert [mixtures.place(stages) for stages in swaps.values()] == [(1, 1, 1), (0, 1, 1), (1, 0, 1), (1, 1, 0)]
    with pytest.raises(ValueError, match="factor must be one of"):
        mix_stages((0.0, 0.3), PEOPLE, progress=False)
