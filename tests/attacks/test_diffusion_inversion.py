"""Inversion by diffusion: pictures come back, queries are counted, a killed training goes on, labels are refused."""

import dataclasses
from importlib import import_module

import pytest
import torch
from torch import Generator

from mia_kit.access import AccessError, ConfidenceAPI, LabelAPI
from mia_kit.attacks import diffusion_inversion
from mia_kit.attacks.adaptive import second_softmax
from mia_kit.attacks.diffusion_inversion import Settings
from tests.attacks.tiny_target import Quarters

pytest.importorskip("diffusers", reason='needs diffusers: pip install "mia_kit[diffusion]"')
pytestmark = pytest.mark.slow  # diffusers alone takes seconds to import

QUICK = Settings(widths=(8, 16), guidance=1.0, steps=6, epochs=60, batch_size=32, learning_rate=5e-3)


def halves(n, seed):
    """Pictures whose left or right half is white, with some noise."""
    generator = Generator().manual_seed(seed)
    pictures = -torch.ones(n, 1, 8, 8) + 0.1 * torch.rand(n, 1, 8, 8, generator=generator)
    left = torch.rand(n, generator=generator) < 0.5
    pictures[left, :, :, :4] += 1.8
    pictures[~left, :, :, 4:] += 1.8
    return pictures


def test_private_pictures_come_back():
    private, access = halves(24, seed=1), ConfidenceAPI(Quarters(scale=1))
    vectors = access.confidences(private)
    common = {"vectors": vectors, "auxiliary": halves(96, seed=2), "seed": 0, "progress": False}
    result = diffusion_inversion.run(access, [0, 1, 2, 3], settings=QUICK, **common)
    assert len(result.start_latents.unique()) == 24 and result.queries == 96 and access.queries == 120
    own = private[result.start_latents]
    sides = [
        pictures[..., :4].mean(dim=(1, 2, 3)) > pictures[..., 4:].mean(dim=(1, 2, 3))
        for pictures in (own, result.images)
    ]
    assert 0 < sides[0].sum() < 24 and (sides[0] == sides[1]).float().mean() > 0.9
    assert (result.images - own).square().mean() < 0.5 * own.var()


def test_adaptation_and_labels():
    quick = dataclasses.replace(QUICK, epochs=1)
    images, access = halves(16, seed=0), ConfidenceAPI(Quarters(scale=1))
    vectors = access.confidences(images)
    common = {"vectors": vectors, "auxiliary": images, "seed": 0, "settings": quick, "progress": False}
    plain = diffusion_inversion.run(access, [0, 1, 2, 3], **common)
    again = diffusion_inversion.run(access, [0, 1, 2, 3], **common)
    assert torch.equal(plain.images, again.images)
    adapted = diffusion_inversion.run(access, [0, 1, 2, 3], adaptation=second_softmax, **common)
    assert not torch.equal(plain.images, adapted.images) and torch.equal(plain.codes, adapted.codes)
    with pytest.raises(AccessError, match="LabelAPI gives no confidences"):
        diffusion_inversion.run(LabelAPI(Quarters()), [0], **common)
    with pytest.raises(ValueError, match=r"different classes in \[0, 4\)"):
        diffusion_inversion.run(access, [7], **common)


def test_training_goes_on_where_it_was_killed(tmp_path, monkeypatch):
    """To the last bit: times, noise and hidden vectors are drawn anew from the number of the epoch."""
    images = halves(16, seed=0)
    common = {"seed": 0, "settings": dataclasses.replace(QUICK, epochs=3), "progress": False}
    access = ConfidenceAPI(Quarters(scale=1))
    whole = diffusion_inversion.train(access, images, **common).decoder.state_dict()
    module, calls = import_module("mia_kit.training.fit"), []
    save = module.save_checkpoint

    def killed(*args, **more):
        save(*args, **more)
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, "save_checkpoint", killed)
        with pytest.raises(KeyboardInterrupt):
            diffusion_inversion.train(access, images, checkpoint=tmp_path / "own.pt", **common)
    resumed = diffusion_inversion.train(access, images, checkpoint=tmp_path / "own.pt", **common).decoder.state_dict()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
