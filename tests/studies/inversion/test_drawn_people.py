"""Drawn people: photographs lie where all latents lie, near their identity, and nobody shares one."""

import torch
from torch.nn.functional import cosine_similarity

from mia_kit.studies.inversion.people import identities, photograph_latents


def test_photographs_are_standard_normal_and_as_near_as_the_spread_says():
    people = identities(300, 100)
    latents = photograph_latents(people, 20, 0.6, torch.Generator().manual_seed(1))
    assert latents.shape == (6000, 100)
    assert abs(float(latents.mean())) < 0.01 and abs(float(latents.std()) - 1) < 0.01
    cosines = cosine_similarity(latents, people.repeat_interleave(20, dim=0))
    assert abs(float(cosines.mean()) - 0.8) < 0.01  # sqrt(1 - 0.6^2)


def test_people_are_the_same_with_every_seed_and_strangers_are_others():
    assert torch.equal(identities(5, 100), identities(5, 100))
    assert float(cosine_similarity(identities(200, 100), identities(200, 100, strangers=True)).abs().mean()) < 0.15
