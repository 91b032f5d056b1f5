"""A generator with random weights, so that no file is needed."""

import pytest
import torch

from mia_kit.models import priors
from mia_kit.studies.inversion import people
from mia_kit.studies.inversion import priors as study_priors


@pytest.fixture(scope="module")
def random_faces():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        generator = priors.DCGAN(width=4).eval().requires_grad_(False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(people, "load_dcgan", lambda: generator)
        patch.setattr(study_priors, "load_dcgan", lambda: generator)
        study_priors.load_prior.cache_clear()
        yield
    study_priors.load_prior.cache_clear()
