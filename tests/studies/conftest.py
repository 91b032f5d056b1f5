"""Drawn people of the generator with random weights, and a store of the test's own."""

import pytest

from mia_kit.runs.run import Maker
from mia_kit.runs.store import Store
from mia_kit.studies.inversion import people, priors


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
