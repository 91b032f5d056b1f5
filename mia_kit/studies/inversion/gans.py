"""What some attacks of the zoo learn before they begin: GANs, and LOMMA's surrogate, both from public pictures.

GMI's GAN sees public pictures alone, so that one serves all targets of a seed. Those of KED-MI and PLG-MI, and the
surrogate, learn from what the target says of these pictures as well: each target has its own. Differences from the
papers: training takes minutes, so that generators had better go on from a prior; critics are small; there is one
surrogate instead of three.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Generator, Tensor, nn

from mia_kit.access import LabelAPI, WhiteBox
from mia_kit.attacks import kedmi, lokt, lomma, plgmi
from mia_kit.attacks.prior_to_target import in_channels, resize
from mia_kit.data import load
from mia_kit.data.aligned import public_people
from mia_kit.data.pictures import to_bytes, to_floats
from mia_kit.models import DCGAN, Classifier, SmallClassifier, in_batches, sample_latents
from mia_kit.models.class_conditional import ClassConditional
from mia_kit.models.convolutional_gan import ClassDiscriminator, ConvolutionalPrior, Critic, ProjectionCritic
from mia_kit.models.style_prior import StylePrior
from mia_kit.runs.parts import Made, Part, Values
from mia_kit.studies.inversion.networks import Trained, packed, unpacked
from mia_kit.studies.inversion.priors import load_prior
from mia_kit.studies.inversion.recipe import Tools, World
from mia_kit.studies.inversion.signs import public_signs
from mia_kit.training.wasserstein import AdversarySettings, AnyGenerator, Wasserstein, fit_adversaries

# The seed of public pictures: people whom no target, evaluator or placebo knows.
PUBLIC = 20_242
COLOURS = 3
GENERATOR, CRITIC, SURROGATE = "generator.", "critic.", "surrogate."


@dataclass(frozen=True)
class Public(Part[Tensor]):
    """Public pictures, the same for every seed: uint8 of shape (count, 3, size, size); size 0 is the world's."""

    world: World
    count: int
    size: int = 0

    @property
    def kept(self) -> bool:  # type: ignore[override]
        """Photographs of real people are never copied."""
        return self.world.name == "drawn"

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        size = self.size or self.world.size
        if self.world.name == "drawn":
            prior, shape = load_prior("dcgan"), (size, size)
            latents = sample_latents(prior, self.count, seed=PUBLIC)

            def draw(part: Tensor) -> Tensor:
                return to_bytes(resize(prior.synthesise(prior.map(part)), shape))

            return {"images": in_batches(draw, latents)}
        images = public_signs(load(self.world.name, size=size)) if self.world.signs else public_people(size)[0]
        if self.count > len(images):
            raise ValueError(f"there are {len(images)} public photographs, got {self.count} asked for instead")
        return {"images": images[torch.randperm(len(images), generator=Generator().manual_seed(PUBLIC))[: self.count]]}


@dataclass(frozen=True, eq=False)
class Players:
    """A trained generator and its critic, and how many images the target was asked about meanwhile."""

    generator: AnyGenerator
    critic: nn.Module
    queries: int


@dataclass(frozen=True)
class Gan(Part[Players]):
    """The GAN of an attack. `model` is whose answers it learns from; None for GMI's.

    prior, digest : the generator that it goes on from; none for one that is trained from nothing
    """

    method: Literal["gmi", "ked_mi", "plg_mi"]
    public: Public
    tools: Tools
    seed: int
    model: Trained | None = None
    prior: str = ""
    digest: str = ""

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        images, size, tools = to_floats(made(self.public)), (self.public.world.size,) * 2, self.tools
        model = made(self.model) if self.model is not None else None
        classes, queries = int(model.head.out_features) if model is not None else 0, 0
        generator, critic = self._fresh(classes)
        settings = AdversarySettings(
            steps=tools.gmi_steps if model is None else tools.steps,
            critic_steps=5 if model is None else 1,
            batch_size=tools.batch_size,
            learning_rate=tools.learning_rate,
        )
        if model is None:
            fit_adversaries(
                generator,
                critic,
                (images,),
                game=Wasserstein(),
                seed=self.seed,
                settings=settings,
                checkpoint=checkpoint,
                progress=progress,
            )
        elif isinstance(critic, ClassDiscriminator):
            queries = kedmi.train(
                WhiteBox(model),
                images,
                generator=generator,
                discriminator=critic,
                seed=self.seed,
                settings=settings,
                input_size=size,
                checkpoint=checkpoint,
                progress=progress,
            )
        else:
            assert isinstance(generator, plgmi.ClassGenerator)
            queries = plgmi.train(
                WhiteBox(model),
                images,
                generator=generator,
                critic=critic,
                seed=self.seed,
                per_class=min(30, len(images)),
                settings=settings,
                input_size=size,
                checkpoint=checkpoint,
                progress=progress,
            )
        return packed(generator, GENERATOR) | packed(critic, CRITIC) | {"classes": classes, "queries": queries}

    def unpack(self, values: Values) -> Players:
        generator, critic = self._fresh(int(values["classes"]))
        for prefix, player in ((GENERATOR, generator), (CRITIC, critic)):
            unpacked(player, values, prefix).requires_grad_(False)
        return Players(generator, critic, int(values["queries"]))

    def _fresh(self, classes: int) -> tuple[AnyGenerator, nn.Module]:
        """Both as they are before training."""
        size, width = self.public.size or self.public.world.size, self.tools.width
        image_size = (COLOURS, size, size)
        known = classes if self.method == "plg_mi" else 0
        generator: AnyGenerator = ConvolutionalPrior(seed=self.seed, image_size=image_size, width=width, classes=known)
        if self.prior:
            prior = deepcopy(load_prior(self.prior))
            if not isinstance(prior, DCGAN | StylePrior):
                raise ValueError(f"a GAN can go on from the prior dcgan or style, got {self.prior!r} instead")
            generator = ClassConditional(prior, classes) if known else prior
        if self.method == "gmi":
            return generator, Critic(seed=self.seed + 1, image_size=image_size, width=width)
        kind = ClassDiscriminator if self.method == "ked_mi" else ProjectionCritic
        return generator, kind(classes, seed=self.seed + 1, image_size=image_size, width=width)


@dataclass(frozen=True, eq=False)
class Distilled:
    """LOMMA's surrogate, the target's mean features of public pictures, of shape (d,), and what was asked."""

    surrogate: Classifier
    reference: Tensor
    queries: int

    def loss(self, access: WhiteBox) -> lomma.IdentityLoss:
        """LOMMA's loss on this target."""
        return lomma.IdentityLoss((access, WhiteBox(self.surrogate)), self.reference)


@dataclass(frozen=True)
class Surrogate(Part[Distilled]):
    """A small network that gives the target's answers to public pictures, and the target's features of them."""

    model: Trained
    public: Public
    tools: Tools
    seed: int

    def make(self, made: Made, checkpoint: Path | None, *, progress: bool) -> Values:
        channels, model = made(self.model.people).channels, made(self.model)
        images = in_channels(channels, resize(to_floats(made(self.public)), (self.public.world.size,) * 2))
        surrogate = self._fresh(channels, int(model.head.out_features))
        reference, queries = self._teach(surrogate, model, images, progress)
        return packed(surrogate, SURROGATE) | {"reference": reference, "queries": queries, "channels": channels}

    def unpack(self, values: Values) -> Distilled:
        fresh = self._fresh(int(values["channels"]), len(values[f"{SURROGATE}head.weight"]))
        return Distilled(unpacked(fresh, values, SURROGATE), values["reference"], int(values["queries"]))

    def _fresh(self, channels: int, classes: int) -> Classifier:
        return SmallClassifier(channels, classes, seed=self.seed + 1, width=self.tools.surrogate_width)

    def _teach(self, surrogate: Classifier, model: Classifier, images: Tensor, progress: bool) -> tuple[Tensor, int]:
        """Train it in place; the target's mean features, and how many images it was asked about."""
        epochs = self.tools.surrogate_epochs
        loss = lomma.prepare(WhiteBox(model), [surrogate], images, seed=self.seed, epochs=epochs, progress=progress)
        return loss.reference, loss.queries


@dataclass(frozen=True)
class LabelSurrogate(Surrogate):
    """LOKT's: it learns the target's labels of public pictures, which for drawn people are a sample of the prior."""

    def _teach(self, surrogate: Classifier, model: Classifier, images: Tensor, progress: bool) -> tuple[Tensor, int]:
        epochs = self.tools.surrogate_epochs
        lokt.learn(LabelAPI(model), surrogate, images, seed=self.seed, epochs=epochs, progress=progress)
        return torch.empty(0), len(images)
