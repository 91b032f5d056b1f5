"""Seeds of all networks; numbers, pictures and files of weights that do not fit one: a sentence with both sides."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from mia_kit.data import DataError
from mia_kit.data.inventory import DCGAN as DCGAN_FILE
from mia_kit.models import (
    DCGAN,
    Backbone,
    ConvolutionalClassifier,
    Framed,
    InversionDecoder,
    ResidualClassifier,
    SmallClassifier,
    StyleGAN2,
    load_dcgan,
    load_embedder,
    load_stylegan2,
    same_person_threshold,
    style_prior,
)
from mia_kit.models.convolutional_gan import ClassDiscriminator, ConvolutionalPrior, Critic, ProjectionCritic
from mia_kit.models.diffusion_decoder import DiffusionDecoder
from mia_kit.models.style_prior import StylePrior, load_style_prior
from style_gan import Discriminator

GAN = {"image_size": (1, 8, 8), "width": 2}
CHANNELS = (6, 5, 4, 3)
NETWORKS: dict[str, Callable[[int], nn.Module]] = {
    "backbone": lambda seed: Backbone("resnet18", 7, seed=seed, stem="small"),
    "small": lambda seed: SmallClassifier(1, 5, seed=seed, width=4),
    "residual": lambda seed: ResidualClassifier(1, 5, seed=seed, width=4),
    "convolutional": lambda seed: ConvolutionalClassifier(1, 5, 16, seed=seed, width=4),
    "decoder": lambda seed: InversionDecoder(5, 1, 8, seed=seed, width=2),
    "style": lambda seed: StylePrior(seed=seed, channels=CHANNELS),
    "discriminator": lambda seed: Discriminator(seed=seed, channels=CHANNELS),
    "convolutional prior": lambda seed: ConvolutionalPrior(seed=seed, classes=3, **GAN),
    "critic": lambda seed: Critic(seed=seed, **GAN),
    "class discriminator": lambda seed: ClassDiscriminator(3, seed=seed, **GAN),
    "projection critic": lambda seed: ProjectionCritic(3, seed=seed, **GAN),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_seed_sets_the_weights_and_leaves_global_random_numbers_alone(name: str) -> None:
    state = torch.get_rng_state()
    first, again, other = (list(NETWORKS[name](seed).parameters()) for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(one, two) for one, two in zip(first, again, strict=True))
    assert not torch.equal(first[0], other[0])


SMALL, STYLE = SmallClassifier(1, 5, seed=0, width=2), StylePrior(channels=CHANNELS)
SG2 = {"z_dim": 4, "w_dim": 4, "img_resolution": 8, "channel_base": 8, "channel_max": 4, "mapping_layers": 1}


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: Backbone("inception_v3", 7, seed=0)(torch.zeros(2, 3, 74, 80)), "h and w at least 75, got"),
        (lambda: SMALL(torch.zeros(2, 1, 8, 8)), r"at least 16, got \(2, 1, 8, 8\)"),
        (lambda: InversionDecoder(5, 1, 66, seed=0, blocks=4), "halved by fewer than 4 blocks.*got 66"),
        (lambda: DiffusionDecoder(3, 1, 8, seed=0, widths=(4, 6)), "widths must be multiples of 4"),
        (lambda: ConvolutionalPrior(seed=0, image_size=(1, 12, 12)), "image_size must be .* got"),
        (lambda: Critic(seed=0, image_size=(1, 8, 16)), "image_size must be .* got"),
        (lambda: Framed(DCGAN(width=4), (0, 65), (0, 64)), "lie within 64 x 64 pixels, got"),
        (lambda: Framed(DCGAN(width=4), (0, 64), (9, 3)), "lie within 64 x 64 pixels, got"),
        (lambda: StyleGAN2(**SG2 | {"img_resolution": 48}), "img_resolution must be one of 4, 8, .*, got 48"),
        (lambda: load_stylegan2(Path("absent"), truncation=2.0), r"^truncation must lie in \[0, 1\], got 2"),
        (lambda: same_person_threshold(0.001, torch.zeros(999).numpy()), "needs at least 1000 pairs of strangers, got"),
    ],
)
def test_what_does_not_fit_is_refused(call: Callable[[], object], sentence: str) -> None:
    with pytest.raises((TypeError, ValueError), match=sentence):
        call()


def changed(change: Callable[[dict[str, Tensor]], dict[str, Tensor]], prefix: str = "") -> Callable[[nn.Module], dict]:
    def weights(network: nn.Module) -> dict[str, Tensor]:
        return {f"{prefix}{name}": tensor.contiguous() for name, tensor in change(dict(network.state_dict())).items()}

    return weights


CHANGES = [
    (lambda whole: {}, None, "got no such tensor|start"),
    (lambda whole: whole | {"other": torch.zeros(3)}, None, r"no tensor called other, got one of shape \(3,\)"),
    (lambda whole: whole | {list(whole)[-1]: torch.zeros(7)}, None, r"got \(7,\) instead"),
    *((dict, kept, "") for kept in (0, 1000, -1)),
]


@pytest.mark.parametrize(("change", "kept", "sentence"), CHANGES)
def test_files_that_are_no_weights(tmp_path: Path, monkeypatch, change, kept: int | None, sentence: str) -> None:
    """Of another network, or cut in the length of the header, in the header and in the numbers."""
    monkeypatch.setenv("MIA_KIT_DATA", str(tmp_path))
    monkeypatch.setattr(style_prior, "WEIGHTS", tmp_path / "style_prior.safetensors")
    dcgan = tmp_path / DCGAN_FILE.places[0]
    dcgan.parent.mkdir()
    for path, network, prefix, load, remedy in (
        (dcgan, DCGAN(), "", load_dcgan, "run .*fetch_dcgan.py --force"),
        (style_prior.WEIGHTS, STYLE, "generator.", load_style_prior, "install mia_kit again"),
    ):
        save_file(changed(change, prefix)(network), path)
        path.write_bytes(path.read_bytes()[:kept])
        with pytest.raises(DataError, match=rf"is missing or damaged \(.*({sentence}).*\): {remedy}") as caught:
            load()
        assert "\n" not in str(caught.value)


def test_weights_that_are_absent(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("MIA_KIT_DATA", str(tmp_path))
    monkeypatch.setattr("mia_kit.data.folders._platform_cache", lambda: tmp_path / "cache")
    for load, sentence in (
        (load_dcgan, "is missing: looked in .*; run  python data_scripts/fetch_dcgan.py"),
        (load_embedder, "face_embed128/.* is missing: looked in .*; put it into one of them"),
        (lambda: load_stylegan2(tmp_path / "faces.safetensors"), "is missing: make it with  python data_scripts/conv"),
    ):
        with pytest.raises(DataError, match=sentence):
            load()
