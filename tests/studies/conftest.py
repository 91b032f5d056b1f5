"""A generator with random weights, so that no file is needed, and a store of the test's own."""

import pytest
import torch

from mia_kit.models.priors import DCGAN
from mia_kit.runs.run import Maker
from mia_kit.runs.store import Store
from mia_kit.studies.inversion import people, priors


@pytest.fixture(scope="session")
def tiny_generator():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return DCGAN(width=4).eval().requires_grad_(False)


@pytest.fixture
def maker(tmp_path):
    return Maker(Store(tmp_path / "store"), progress=False)


@pytest.fixture(scope="module")
def random_faces(tiny_generator):
    with pytest.MonkeyPatch.context() as patch:
        for module in (people, priors):
            patch.setattr(module, "load_dcgan", lambda: tiny_generator)
        priors.load_prior.cache_clear()
        yield
    priors.load_prior.cache_clear()
