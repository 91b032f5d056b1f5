"""The attacker: what they learn from, the decoder that they train, and the pictures that come back.

The defender's decoder is one of these, trained on clean answers about their own half of the public pictures.
"""

from __future__ import annotations

import functools
from copy import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mia_kit.attacks.inversion_model import Noise, second_softmax
from mia_kit.data.pictures import to_bytes
from mia_kit.defences import AlignmentSettings, LabelPreservingPoison, Rounding, Substitute
from mia_kit.metrics import squared_errors
from mia_kit.models import InversionDecoder, in_batches
from mia_kit.models.diffusion_decoder import DiffusionDecoder
from mia_kit.runs.parts import Made, Part, Values
from mia_kit.studies.inversion.networks import unpacked
from mia_kit.studies.poisoning.pictures import Shape, Sides
from mia_kit.studies.poisoning.recipe import Adaptation, Decoder, Diffusion, Poison, Training
from mia_kit.studies.poisoning.services import Served, Trained, packed
from mia_kit.training import fit
from mia_kit.training.inversion import denoising, train_decoder

Model = InversionDecoder | DiffusionDecoder
DECIMALS = 2  # to which an attacker rounds: half a hundredth is more than LPA moves an entry
SHOWN = 10  # reconstructions kept as pictures
DEFENDER, SELF = 1000, 3000  # what these seeds are ahead of the attacker's


@dataclass(frozen=True, eq=False)
class Pairs:
    """What a decoder is trained on and then told, each (n, classes); public pictures are repeated `copies` times."""

    public: Tensor
    private: Tensor
    copies: int


@dataclass(frozen=True)
class Vectors(Part[Pairs]):
    """Served vectors after what an attacker who knows of the defence does to them.

    scale : of their noise, or the bound of what they disturb themselves, with `poison` and a decoder, `again`
    """

    served: Served
    adaptation: Adaptation = "none"
    scale: float = 0.0
    poison: Poison | None = None
    again: Learnt | None = None

    @property
    def kept(self) -> bool:  # type: ignore[override]
        """What they poison themselves takes a while; all else is as quickly made as read."""
        return self.adaptation == "self"

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        answers, seed = made(self.served), self.served.sides.seed
        public, private, copies = answers.public, answers.private, 1
        if self.adaptation == "noise":
            public, private = Noise(self.scale, seed)(public), Noise(self.scale, seed + 1)(private)
        elif self.adaptation == "softmax":
            public, private = second_softmax(public), second_softmax(private)
        elif self.adaptation == "rounding":
            public, private = (Rounding(DECIMALS).serve(vectors) for vectors in (public, private))
        elif self.again is not None and self.poison is not None:
            images = self.again.images(made)
            settings = AlignmentSettings(bound=self.scale, rounds=self.poison.rounds)
            poison = LabelPreservingPoison(self.again.aimed(made, public, images), seed=seed, settings=settings)
            public, copies = torch.cat([public, poison.poison(public, images)]), 2
        return {"public": public, "private": private, "copies": copies}

    def unpack(self, values: Values) -> Pairs:
        return Pairs(**values)


@dataclass(frozen=True)
class Learnt(Part[Model]):
    """A decoder, or a diffusion model in its place, trained on pairs of vector and picture.

    ahead : is added to its seed
    """

    vectors: Vectors
    decoder: Decoder | Diffusion
    training: Training
    ahead: int = 0

    def sides(self, made: Made) -> Sides:
        """Who has which pictures."""
        return made(self.vectors.served.sides)

    def images(self, made: Made) -> Tensor:
        """The pictures that belong to the public vectors."""
        half = self.sides(made).halves[self.vectors.served.half]
        return half.repeat(made(self.vectors).copies, 1, 1, 1)

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        """Train it; a decoder that collapsed is trained anew with another seed."""
        sides, public, images = self.sides(made), made(self.vectors).public, self.images(made)
        seed = self.vectors.served.sides.seed + self.ahead
        if isinstance(self.decoder, Diffusion):
            model = fresh_denoiser(self.decoder, sides.shape, seed)
            fit(
                model,
                images,
                public,
                seed=seed,
                objective=denoising,
                epochs=self.training.epochs,
                batch_size=self.training.batch_size,
                learning_rate=self.training.learning_rate,
                checkpoint=checkpoint,
                progress=progress,
            )
            return packed(model, sides.shape) | {"seed": seed}
        trained = train_decoder(
            functools.partial(fresh_decoder, self.decoder, sides.shape),
            public,
            images,
            seed=seed,
            tries=self.decoder.tries,
            error=self.decoder.error,
            epochs=self.training.epochs,
            batch_size=self.training.batch_size,
            learning_rate=self.training.learning_rate,
            checkpoint=checkpoint,
            progress=progress,
        )
        return packed(trained.decoder, sides.shape) | {"seed": trained.seeds[-1]}

    def unpack(self, values: Values) -> Model:
        if isinstance(self.decoder, Diffusion):
            return unpacked(fresh_denoiser(self.decoder, values["shape"], values["seed"]), values)
        return unpacked(fresh_decoder(self.decoder, values["shape"], values["seed"]), values)

    def aimed(self, made: Made, vectors: Tensor, images: Tensor) -> Substitute:
        """The decoder as a defender's, aimed at what it makes of these vectors."""
        model = made(self)
        assert isinstance(model, InversionDecoder) and isinstance(self.decoder, Decoder)
        return Substitute.aim(model, vectors, images, error=self.decoder.error)


def fresh_decoder(settings: Decoder, shape: Shape, seed: int) -> InversionDecoder:
    """A decoder before training, for classes, channels and pixels."""
    return InversionDecoder(
        *shape, seed=seed, blocks=settings.blocks, width=settings.width, logarithm=settings.logarithm
    )


def fresh_denoiser(settings: Diffusion, shape: Shape, seed: int) -> DiffusionDecoder:
    """A diffusion model before training, for classes, channels and pixels."""
    return DiffusionDecoder(*shape, seed=seed, widths=settings.widths, steps=settings.steps)


def spread(pictures: Tensor, images: Tensor) -> float:
    """How much reconstructions differ, as a share of what `images` do: an attacker sees it without the truth."""
    return float(pictures.std(dim=0).mean() / images.std(dim=0).mean())


@dataclass(frozen=True, eq=False)
class Reconstructed:
    """What comes back of the private pictures, in their order.

    errors, hits : mean squared error, and whether the evaluator names the class, of shape (private,)
    spread : how much they differ, as a share of what the attacker's own pictures do
    pictures : the first few reconstructions, uint8 of shape (10, channels, size, size)
    """

    errors: np.ndarray
    hits: np.ndarray
    spread: float
    pictures: Tensor


@dataclass(frozen=True)
class Attack(Part[Reconstructed]):
    """A decoder is told the answers about the private pictures. `guidance` is a diffusion model's."""

    learnt: Learnt
    evaluator: Trained
    guidance: float = 0.0

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        sides, model = self.learnt.sides(made), made(self.learnt)
        if isinstance(model, DiffusionDecoder):
            model = copy(model)  # the weights are shared
            model.guidance = self.guidance
        pictures = in_batches(model, made(self.learnt.vectors).private)
        named = in_batches(made(self.evaluator), pictures).argmax(dim=1)
        return {
            "errors": squared_errors(pictures.numpy(), sides.private.numpy()),
            "hits": (named == sides.private_labels).numpy(),
            "spread": spread(pictures, self.learnt.images(made)),
            "pictures": to_bytes(pictures[:SHOWN]),
        }

    def unpack(self, values: Values) -> Reconstructed:
        return Reconstructed(**values)
