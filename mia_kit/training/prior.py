"""A prior of one's own: a small generator trained on a folder of public pictures, kept as one safetensors file.

The game is GMI's (`mia_kit.training.wasserstein`), the generator that of `mia_kit.models.convolutional_gan`. The head
of the file says how the generator is built, so that reading it runs nothing.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from PIL import ImageOps
from tqdm.auto import tqdm

from mia_kit import check
from mia_kit.data.folders import DataError, check_output, write_whole
from mia_kit.data.people import pictures_in
from mia_kit.data.pictures import to_floats
from mia_kit.data.reading import read_file
from mia_kit.models.convolutional_gan import ConvolutionalPrior, Critic
from mia_kit.models.priors import Framed, Prior
from mia_kit.models.stylegan2_files import load_stylegan2
from mia_kit.models.weights import set_weights
from mia_kit.training.wasserstein import AdversarySettings, Wasserstein, fit_adversaries

KIND = "mia_kit prior"
LEAST = 16
FACE, FACE_OF, FACE_SIZE = (112, 912), 1024, 224  # Plug & Play's frame of StyleGAN2's pictures


def train_prior(
    folder: Path,
    out: Path,
    *,
    size: int = 64,
    grey: bool = False,
    steps: int = 3000,
    width: int = 32,
    seed: int = 0,
    progress: bool = True,
) -> Path:
    """Train a generator on all pictures in `folder` and the folders in it, and write it to `out`.

    A run that is killed goes on. Raises DataError if there are fewer than 16 pictures, ValueError for a size that is
    not 8, 16, 32, ..., OSError if `out` cannot be written.
    """
    shape = (1 if grey else 3, size, size)
    generator = ConvolutionalPrior(seed=seed, latent_size=64, image_size=shape, width=width)
    critic = Critic(seed=seed + 1, image_size=shape, width=width)
    check_output(out)
    if not folder.is_dir():
        raise DataError(f"there is no folder at {folder}: name one that holds public pictures.")
    paths = [
        path for place in (folder, *sorted(p for p in folder.iterdir() if p.is_dir())) for path in pictures_in(place)
    ]
    if len(paths) < LEAST:
        raise DataError(f"{folder} must hold {LEAST} pictures at least, got {len(paths)} instead.")
    bar = tqdm(paths, desc="reading pictures", unit="picture", disable=not progress)
    pixels = np.stack([np.asarray(ImageOps.fit(read_file(path, grey=grey), (size, size))) for path in bar])
    images = torch.from_numpy(pixels[:, None] if grey else pixels.transpose(0, 3, 1, 2).copy())
    checkpoint = out.with_name(f"{out.name}.checkpoint")
    fit_adversaries(
        generator,
        critic,
        (to_floats(images),),
        game=Wasserstein(),
        seed=seed,
        settings=AdversarySettings(steps=steps, batch_size=32, critic_steps=2),
        checkpoint=checkpoint,
        progress=progress,
    )
    write_prior(generator, out, width=width)
    checkpoint.unlink(missing_ok=True)
    return out


def write_prior(generator: ConvolutionalPrior, out: Path, *, width: int) -> None:
    """One file of weights, whose head says how the generator is built."""
    from safetensors.torch import save

    head = {"latent_size": generator.latent_size, "image_size": list(generator.image_size), "width": width}
    weights = {name: tensor.detach().contiguous() for name, tensor in generator.state_dict().items()}
    write_whole(out, save(weights, metadata={KIND: json.dumps(head)}))


def read_prior(path: Path) -> Prior:
    """A generator that `train_prior` wrote, or StyleGAN2's file, in evaluation mode, frozen. DataError for another."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            head = (file.metadata() or {}).get(KIND)
            weights = {name: file.get_tensor(name) for name in file.keys()} if head else {}  # noqa: SIM118
        if head is None:
            return _styled(path)
        settings = json.loads(head)
        channels, height, across = check.counts("image_size", settings["image_size"], 3)
        check.count("the greatest of image_size", max(height, across), most=1024)
        generator = ConvolutionalPrior(
            seed=0,
            latent_size=check.count("latent_size", settings["latent_size"], most=4096),
            image_size=(channels, height, across),
            width=check.count("width", settings["width"], most=512),
        )
        set_weights(generator, weights)
    except (SafetensorError, OSError, ValueError, TypeError, LookupError, RecursionError) as problem:
        if isinstance(problem, DataError):
            raise
        raise DataError(
            f"{path} is no prior ({str(problem).splitlines()[0]}): train one with  mia-kit prior"
        ) from problem
    return generator.eval().requires_grad_(False)


def _styled(path: Path) -> Prior:
    """StyleGAN2 in the frame that Plug & Play Attacks give it, in proportion to its size."""
    network = load_stylegan2(path)
    side = network.image_size[1]
    low, high = (round(edge * side / FACE_OF) for edge in FACE)
    return Framed(network, (low, high), (low, high), size=min(FACE_SIZE, high - low))
