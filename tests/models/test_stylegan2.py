"""StyleGAN2: the original's numbers, the prior's protocol, precision, an attack on it, and files that do not fit."""

import json
from functools import cache
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Generator, Tensor

from mia_kit.data import DataError
from mia_kit.data.folders import located
from mia_kit.models import StyleGAN2, load_stylegan2, sample_latents
from stylegan2_pickle import save_stylegan2

TINY = {"z_dim": 12, "w_dim": 10, "img_resolution": 32, "img_channels": 3}
TINY |= {"channel_base": 128, "channel_max": 8, "mapping_layers": 2}


def tiny(**others) -> StyleGAN2:
    """A generator with noise, biases and a mean style, which fresh weights lack."""
    prior = StyleGAN2(**{**TINY, **others})
    drawn = Generator().manual_seed(5)
    for name, tensor in prior.state_dict().items():
        if name.endswith(("noise_strength", "bias", "w_avg")):
            tensor += 0.3 * torch.randn(tensor.shape, generator=drawn)
    return prior.eval().requires_grad_(False)


@cache
def vectors(size: int) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Arguments and tensors that the original gave."""
    try:
        path = located(f"stylegan2_vectors/res{size}.safetensors")
    except DataError as problem:
        pytest.skip(str(problem))
    with safe_open(path, framework="pt") as file:
        return file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def original(size: int) -> StyleGAN2:
    """The generator with the original's weights, loaded by name, nothing missing and nothing too many."""
    metadata, tensors = vectors(size)
    prior = StyleGAN2(**{name: int(metadata[name]) for name in TINY})
    weights = {name.removeprefix("weights/"): tensor for name, tensor in tensors.items() if name.startswith("weights/")}
    prior.load_state_dict(weights, strict=True)
    assert prior.num_ws == int(metadata["num_ws"])
    return prior.eval().requires_grad_(False)


@pytest.mark.parametrize("size", [32, 64])
def test_styles_images_and_slopes_are_the_originals(size: int) -> None:
    prior, (metadata, tensors) = original(size), vectors(size)
    cutoff = int(metadata["truncation_cutoff"])
    for name, truncation in (("psi1", 1.0), ("psi05", 0.5)):
        styles = prior.styles(tensors["in/z"], truncation=truncation, cutoff=cutoff)
        torch.testing.assert_close(styles, tensors[f"out/w_{name}"], rtol=0, atol=1e-4)
        torch.testing.assert_close(prior.synthesise(styles), tensors[f"out/image_{name}_const"], rtol=0, atol=1e-4)
    code = tensors["in/w_single"].clone().requires_grad_()
    prior.synthesise(code).square().mean().backward()
    torch.testing.assert_close(code.grad, tensors["out/grad_w_single"], rtol=0, atol=1e-4)


@pytest.mark.parametrize("size", [4, 8, 128, 1024])
def test_all_sizes(size: int) -> None:
    prior = StyleGAN2(z_dim=4, w_dim=4, img_resolution=size, channel_base=size, channel_max=4, mapping_layers=1)
    codes = prior.map(sample_latents(prior, 1, seed=0))
    assert codes.shape == (1, 1, 4)
    assert prior.num_ws == {4: 2, 8: 4, 128: 12, 1024: 18}[size]
    assert prior.synthesise(codes).shape == (1, *prior.image_size) == (1, 3, size, size)


def test_truncation_draws_the_first_layers_towards_the_mean() -> None:
    prior, latents = tiny(), torch.randn(3, 12, generator=Generator().manual_seed(0))
    whole = prior.styles(latents)
    half = prior.styles(latents, truncation=0.5, cutoff=3)
    torch.testing.assert_close(half[:, :3], (whole[:, :3] + prior.mapping.w_avg) / 2)
    assert torch.equal(half[:, 3:], whole[:, 3:])
    assert torch.equal(prior.styles(latents, truncation=0.0)[1, 7], prior.mapping.w_avg)
    prior.truncation, prior.truncation_cutoff = 0.5, 3
    assert torch.equal(prior.map(latents), half[:, :1])


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float16, 0.01), (torch.bfloat16, 0.1)])
def test_half_precision(dtype: torch.dtype, tolerance: float) -> None:
    """Also with styles so large that sums in float16 would overflow; the image is float32 and has a slope."""
    plain, half = tiny(), tiny(dtype=dtype)
    codes = 1e4 * torch.randn(2, 1, 10, generator=Generator().manual_seed(1))
    for prior in (plain, half):
        for name, weight in prior.named_parameters():
            if name.endswith("torgb.affine.weight"):
                weight.mul_(1e-4)  # colours are not demodulated
    asked = codes.clone().requires_grad_()
    images = half.synthesise(asked)
    assert images.dtype == torch.float32
    expected = plain.synthesise(codes)
    assert (images - expected).abs().max() < tolerance * expected.std()
    images.mean().backward()
    assert asked.grad is not None and asked.grad.isfinite().all()


def test_a_file_gives_the_same_images(tmp_path: Path) -> None:
    prior, path = tiny(conv_clamp=2.5), tmp_path / "prior" / "faces.safetensors"
    save_stylegan2(path, {**TINY, "conv_clamp": 2.5}, prior.state_dict())
    assert [file.name for file in path.parent.iterdir()] == ["faces.safetensors"]
    read = load_stylegan2(path, truncation=1.0)
    assert not read.training and not any(weight.requires_grad for weight in read.parameters())
    latents = sample_latents(prior, 3, seed=0)
    assert torch.equal(read(latents), prior(latents))
    assert (load_stylegan2(path).truncation, load_stylegan2(path).truncation_cutoff) == (0.5, 8)


def nan(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return weights | {"mapping.fc1.bias": torch.full((10,), float("nan"))}


@pytest.mark.parametrize(
    ("arguments", "change", "sentence"),
    [
        ({}, nan, r"expected finite numbers, got NaN or infinity in mapping\.fc1\.bias"),
        ({"img_resolution": 64}, dict, r"expected synthesis\.b64\..* of shape .*, got no such tensor"),
        ({"img_resolution": 16}, dict, r"expected no tensor called synthesis\.b32\."),
        ({"channel_max": 4}, dict, r"of shape \(4, 4, 4\), got \(8, 4, 4\) instead"),
        ({"z_dim": 2**20, "w_dim": 2**20}, dict, r"of shape \(8, 1048576\), got \(8, 10\) instead"),
        ({"w_dim": "10"}, dict, "w_dim must be a whole number, got '10' instead"),
        ({"lr_multiplier": 0}, dict, r"lr_multiplier must lie in \(0, 1\], got 0"),
        ({"colour": 1}, dict, r"the unknown \['colour'\]"),
    ],
)
def test_files_of_another_network(tmp_path: Path, arguments: dict, change, sentence: str) -> None:
    path = tmp_path / "a.safetensors"
    header = {name: json.dumps(value) for name, value in {**TINY, **arguments}.items()}
    save_file(change(tiny().state_dict()), path, metadata=header)
    with pytest.raises(DataError, match=rf"is damaged or holds another network \(.*{sentence}.*\): ") as caught:
        load_stylegan2(path)
    assert "\n" not in str(caught.value)
