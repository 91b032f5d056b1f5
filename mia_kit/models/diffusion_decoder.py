"""A diffusion model from confidence vectors to pictures: the stronger inversion model of the poisoning paper's table 5.

Noise is removed step by step from a random picture by a network that is told the confidences. What it is told counts
`guidance` times more than it should (Ho and Salimans, "Classifier-Free Diffusion Guidance", 2022): in training every
tenth vector is hidden, and in use the difference between told and not told is exaggerated. Sampling is DDIM (Song et
al., ICLR 2021), which draws nothing after the first noise. The paper gives neither sizes nor steps: these are ours.

Network and schedules are those of diffusers, an optional dependency: pip install "mia_kit[diffusion]".
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn

from mia_kit import check
from mia_kit.models.classifier import check_classes
from mia_kit.models.decoder import SHIFT, shifted_logarithms
from mia_kit.seeds import seeded

INSTALL = 'the diffusion inverter needs diffusers: run pip install "mia_kit[diffusion]"'
TIMES = 1000
# The share of vectors hidden in training: Ho and Salimans use 0.1 to 0.2.
HIDDEN = 0.1
GROUPS = 4


class DiffusionDecoder(nn.Module):
    """Pictures for confidence vectors, as `InversionDecoder` makes them, by diffusion.

    size : pixels a side, divisible by 2 once for each width but the first
    seed : seeds the initial weights and the noise that pictures are made of
    widths : channels at each resolution, multiples of 4, the finest first
    guidance : at least 0, by how much what the vector says is exaggerated; 0 samples from what was learnt
    steps : of sampling, from 1 to 1000

    ImportError with the command to run if diffusers is missing.
    """

    def __init__(
        self,
        classes: int,
        channels: int,
        size: int,
        *,
        seed: int,
        widths: Sequence[int] = (16, 32, 32),
        guidance: float = 0.0,
        steps: int = 20,
    ) -> None:
        super().__init__()
        channels, classes = check_classes(channels, classes)
        widths, size = check.counts("widths", widths), check.count("size", size)
        guidance, steps = check.in_range("guidance", guidance, 0), check.count("steps", steps, most=TIMES)
        if any(width % GROUPS for width in widths) or size % 2 ** (len(widths) - 1):
            raise ValueError(
                f"widths must be multiples of {GROUPS} and size be divisible by 2 for each but the first, "
                f"got {widths} and {size} instead"
            )
        self.classes, self.channels, self.size = classes, channels, size
        self.seed, self.guidance, self.steps = seed, guidance, steps
        with seeded(seed):
            self.network, self.schedule = _network(channels, size, widths)
            told = self.network.time_embedding.linear_2.out_features
            layers = nn.BatchNorm1d(classes), nn.Linear(classes, told), nn.SiLU(), nn.Linear(told, told)
            self.told = nn.Sequential(*layers)

    @torch.no_grad()
    def forward(self, confidences: Tensor) -> Tensor:
        """Pictures of shape (n, channels, size, size) in [-1, 1] for `confidences` of shape (n, classes) in [0, 1].

        Without gradients. Row i of every batch is made of the same noise, whatever its vector says.
        """
        check.floats("confidences", confidences, ("n", self.classes))
        told = self._told(confidences)
        generator = Generator().manual_seed(self.seed)
        pictures = torch.randn(len(told), self.channels, self.size, self.size, generator=generator).to(told)
        self.schedule.set_timesteps(self.steps)
        for time in self.schedule.timesteps:
            found = self._guided(pictures, time.expand(len(told)).to(told.device), told)
            pictures = self.schedule.step(found, time, pictures).prev_sample
        return pictures.clamp(-1, 1)

    def noise_errors(self, images: Tensor, confidences: Tensor) -> Tensor:
        """What training minimises, of shape (n,): the squared error of the noise found in pictures at random times.

        Times, noise and hidden vectors come from torch's own generator, which `fit` seeds.
        """
        told = self._told(confidences)
        shown = torch.rand(len(told), 1, device=told.device) >= HIDDEN
        times = torch.randint(TIMES, (len(told),), device=told.device)
        noise = torch.randn_like(images)
        noisy = self.schedule.add_noise(images, noise, times)
        found = self.network(noisy, times, class_labels=told * shown).sample
        return (found - noise).square().mean(dim=(1, 2, 3))

    def _told(self, confidences: Tensor) -> Tensor:
        """What the network is told of the vectors, of shape (n, told): their logarithms, through a small network."""
        return self.told(shifted_logarithms(confidences) / SHIFT)

    def _guided(self, pictures: Tensor, times: Tensor, told: Tensor) -> Tensor:
        """The noise in `pictures`: with guidance w, (1 + w) times what is found told, minus w times untold."""
        predicted: Tensor = self.network(pictures, times, class_labels=told).sample
        if not self.guidance:
            return predicted
        untold = self.network(pictures, times, class_labels=torch.zeros_like(told)).sample
        return predicted + self.guidance * (predicted - untold)


def _network(channels: int, size: int, widths: Sequence[int]) -> tuple[Any, Any]:
    """A U-Net with one residual block at each resolution, and its schedule.

    Without attention it takes a fifth of the time at our sizes. Cosine noise (Nichol and Dhariwal, ICML 2021) leaves
    small pictures recognisable for longer.
    """
    try:
        with warnings.catch_warnings():  # it speaks of libraries that it could use as well
            warnings.simplefilter("ignore")
            import diffusers
    except ImportError as problem:
        raise ImportError(INSTALL) from problem
    network = diffusers.UNet2DModel(
        sample_size=size,
        in_channels=channels,
        out_channels=channels,
        block_out_channels=tuple(widths),
        down_block_types=("DownBlock2D",) * len(widths),
        up_block_types=("UpBlock2D",) * len(widths),
        layers_per_block=1,
        norm_num_groups=GROUPS,
        add_attention=False,
        class_embed_type="identity",
    )
    noise = {"beta_schedule": "squaredcos_cap_v2", "timestep_spacing": "trailing"}
    return network, diffusers.DDIMScheduler(num_train_timesteps=TIMES, **noise)
