"""What chapter 3 takes from its live attack: the right pictures of the right people. No training here."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from mia_kit.access import WhiteBox
from mia_kit.attacks import Reconstructions
from mia_kit.experiments import face_quick
from mia_kit.experiments.face_attack import Judges, Measures
from mia_kit.experiments.face_people import People

SIZE = face_quick.SIZE


class Brightness(nn.Module):
    """A target of two people, one bright, one dark."""

    channels = 1

    def forward(self, images):
        mean = images.mean(dim=(1, 2, 3))
        return torch.stack([5 * mean, -5 * mean], dim=1)


class Grey:
    """A prior whose latent is the grey level."""

    latent_size, image_size = 1, (3, 8, 8)

    def map(self, latents):
        return latents

    def synthesise(self, codes):
        return codes.tanh()[:, :, None, None].expand(-1, 3, 8, 8)


@pytest.fixture
def scene():
    """Two people with two photographs each, all grey: 10 and 20 of the first person, 30 and 40 of the second."""
    greys = torch.tensor([10, 20, 30, 40], dtype=torch.uint8)
    images = greys.view(4, 1, 1, 1).expand(4, 1, SIZE, SIZE).contiguous()
    people = People(images, torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 0, 1]), 1, ("a", "b"))

    def embed(images):
        return ((images[:, :, 0, 0] + 1) * 127.5).round()

    judges = Judges(nn.Identity(), embed, np.array([[20.0], [40.0]]), np.array([0, 1]), 5.0, 1.0, 1.0)
    return face_quick.Scene(people, SimpleNamespace(model=Brightness()), None, judges, Grey())


def film():
    """Two steps, four candidates with greys of their own, of which the second and the fourth are handed in."""
    selected = torch.tensor([False, True, False, True])
    frames, measures = [], []
    for step in range(2):
        greys = torch.tensor([-0.8, -0.4, 0.2, 0.6]) + 0.1 * step
        rest = dict.fromkeys(("codes", "start_latents", "trace", "queries", "film")) | {"scores": torch.ones(4)}
        images = greys.view(4, 1, 1, 1).expand(4, 3, 8, 8)
        frames.append(Reconstructions(images=images, targets=torch.tensor([0, 0, 1, 1]), selected=selected, **rest))
        rank, distance = np.array([3, 2, 1, 1]) - step, np.arange(4.0) + step
        measures.append(Measures(np.array([0, 0, 1, 1]), selected.numpy(), rank, rank, distance, distance))
    return face_quick.Film((0, 5), tuple(frames), tuple(measures))


def test_film_shows_the_selected_candidates():
    pictures = film().pictures()
    assert pictures.shape == (2, 2, 8, 8, 3) and pictures.dtype == np.uint8
    np.testing.assert_array_equal(pictures[..., 0, 0, 0], np.round((np.array([[-0.4, 0.6], [-0.3, 0.7]]) + 1) * 127.5))
    assert film().ranks().tolist() == [[3, 2, 1, 1], [2, 1, 0, 0]]
    assert film().distances()[:, film().selected].tolist() == [[1, 3], [2, 4]]


def test_sample_is_the_beginning_of_the_attack(scene):
    """The bright person gets the brightest faces of the pool, the dark person the darkest."""
    sample = face_quick.sample(scene, [1, 0], count=3)
    assert sample.best.shape == (2, 3, 8, 8, 3) and sample.random.shape == (3, 8, 8, 3)
    assert sample.best[0].max() < 10 and sample.best[1].min() > 245
    assert (np.diff(sample.confidences, axis=1) <= 0).all() and sample.confidences.min() > 0.99


def test_plain_confidence_is_the_targets_in_the_person(scene):
    found = film().frames[0]
    ask = WhiteBox(Brightness()).confidences(found.images.mean(dim=1, keepdim=True))
    expected = [ask[0, 0], ask[1, 0], ask[2, 1], ask[3, 1]]
    np.testing.assert_allclose(face_quick.plain_confidences(scene, found), expected, rtol=1e-4)


def test_photograph_beside_is_one_the_target_never_saw(scene):
    photographs, handed_in = face_quick.beside_photographs(scene, film())
    assert photographs[:, 0, 0, 0].tolist() == [20, 40]
    assert handed_in.shape == photographs.shape == (2, SIZE, SIZE, 3)
    np.testing.assert_array_equal(handed_in[:, 0, 0, 0], film().pictures()[-1, :, 0, 0, 0])


def test_strangers_are_all_photographs_of_others(scene):
    assert face_quick.strangers(scene, 0).tolist() == [10, 20]
    assert face_quick.strangers(scene, 1).tolist() == [30, 20]
