"""Photographs by number: spans of places, pictures read when they are asked for."""

import numpy as np
import pytest
import torch
from tiny_people import numbered_faces

from mia_kit.data import facescrub
from mia_kit.experiments import albums
from mia_kit.experiments.albums import load_album


@pytest.fixture(autouse=True)
def faces(tmp_path, monkeypatch):
    """Three people of 10, 10 and 4 pictures, whose shades are their numbers; nothing stays in the process."""
    monkeypatch.setattr("mia_kit.data.folders._platform_cache", lambda: tmp_path / "cache")
    monkeypatch.delenv("MIA_KIT_DATA", raising=False)
    own = numbered_faces([10, 10, 4])
    monkeypatch.setattr(albums, "load", lambda name, size=None: own)
    albums._faces.cache_clear()
    yield own
    albums._faces.cache_clear()


def test_spans_share_out_the_photographs_of_everybody(faces):
    album = load_album("shades", size=4, least=4, seed=1)
    first, rest = album.span([0, 0.6]), album.span([0.6, 1])
    assert (first ^ rest).all()
    assert torch.bincount(album.labels[first]).tolist() == [6, 6, 3]
    shades = album.take(torch.arange(24))[:, 0, 0, 0].numpy()
    assert sorted(shades) == list(range(24))
    assert (faces.labels[shades] == album.labels.numpy()).all()
    other = load_album("shades", size=4, least=4, seed=2)
    assert set(other.take(other.span([0, 0.6]).nonzero()[:, 0])[:, 0, 0, 0].tolist()) != set(shades[first.numpy()])


def test_people_with_few_photographs_are_left_out(faces):
    album = load_album("shades", size=4, least=5, seed=0)
    assert album.class_names == ("a", "b") and album.labels.max() == 1
    with pytest.raises(ValueError, match="need at least 11 photographs, got 0 such people"):
        load_album("shades", size=4, least=11, seed=0)


def test_pictures_have_three_colours(faces, monkeypatch):
    album = load_album("shades", size=4, least=4, seed=0)
    assert album.take(torch.tensor([3, 5])).shape == (2, 3, 4, 4)
    albums._faces.cache_clear()
    monkeypatch.setattr(albums, "load", lambda name, size=None: numbered_faces([5, 5], colour=True))
    assert load_album("shades", size=4, least=4, seed=0).take(torch.tensor([3])).shape == (1, 3, 4, 4)


@pytest.mark.parametrize(
    ("ends", "sentence"),
    [
        ((0.5, 0.5), "two rising numbers"),
        ((0.5, 1.1), "two rising numbers"),
        ((0.3, 0.4), r"everybody needs a photograph .* got none of 'c'"),
    ],
)
def test_spans_that_do_not_fit(ends, sentence):
    with pytest.raises(ValueError, match=sentence):
        load_album("shades", size=4, least=4, seed=0).span(ends)


def test_the_digest_knows_every_pixel_and_label(faces, monkeypatch):
    digests = set()
    for change in (None, "pixel", "label"):
        own = numbered_faces([10, 10, 4])
        if change == "pixel":
            own.images[7, 2, 2] ^= 1
        if change == "label":
            own.labels[[0, 1]] = own.labels[[1, 0]] if own.labels[0] != own.labels[1] else (own.labels[0] + 1) % 3
        monkeypatch.setattr(albums, "load", lambda name, size=None, own=own: own)
        albums._faces.cache_clear()
        digests.add(load_album("shades", size=4, least=2, seed=0).digest)
    assert len(digests) == 3


def test_facescrubs_layout_is_written_and_read(faces, tmp_path):
    facescrub.write_layout(faces, tmp_path / "layout")
    album = load_album(albums.REHEARSAL, size=4, least=4, seed=0)
    assert sorted(path.name for path in (tmp_path / "layout" / "c").iterdir())[0].startswith("c_")
    assert sorted(np.asarray(album.pixels)[:, 0, 0, 0]) == list(range(24))
