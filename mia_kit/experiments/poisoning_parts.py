"""The parts of the poisoning experiment, each kept in the store: classifier, substitute, served vectors, attack.

A part is named by all that shapes it, so that rows of the table that share a classifier, a substitute or a set of
poisoned vectors make it once, and a run that is killed loses at most the part at work.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mia_kit.access import ConfidenceAPI
from mia_kit.attacks.adaptive import Noise, second_softmax
from mia_kit.attacks.inversion_model import ask
from mia_kit.data.pictures import to_bytes
from mia_kit.defences import BottleneckClassifier, LabelPreservingPoison, MidObjective, Rounding, Substitute
from mia_kit.experiments.poisoning_data import Sides, load_sides
from mia_kit.experiments.poisoning_rows import PLAIN, Setup, aligned_settings, make_defence
from mia_kit.metrics import squared_errors
from mia_kit.models import Classifier, ConvolutionalClassifier, InversionDecoder
from mia_kit.models.batches import in_batches
from mia_kit.models.diffusion_decoder import DiffusionDecoder
from mia_kit.runs.store import Store
from mia_kit.training import fit
from mia_kit.training.inversion import fit_decoder, fit_denoiser

# Raise it when a part's code gives other results.
VERSION = 1
DECIMALS = 2  # to which an attacker rounds: half a hundredth is more than LPA moves an entry
SHOWN = 10  # reconstructions kept as pictures
DEFENDER, EVALUATOR, SELF = 1000, 2000, 3000  # what these seeds are ahead of the attacker's


@dataclass(frozen=True)
class PoisonParts:
    """The parts that a recipe needs, made when they are asked for.

    recipe : has data, classifiers, classifier_training, evaluator, decoders, decoder_training and poison; a decoder
        with `diffusion`, the widths of a diffusion model, has its own training, guidance and steps
    """

    recipe: dict[str, Any]
    store: Store
    progress: bool = True
    _sides: dict[int, Sides] = field(default_factory=dict, init=False, repr=False)

    def sides(self, seed: int) -> Sides:
        """Who has which pictures; loaded once."""
        if seed not in self._sides:
            self._sides[seed] = load_sides(**self.recipe["data"], seed=seed)
        return self._sides[seed]

    def classifier(self, name: str, seed: int) -> Classifier:
        """The target `name` of the recipe's classifiers."""
        sides, settings = self.sides(seed), self._classifier_settings(name, seed)

        def make(checkpoint: Path) -> dict[str, Any]:
            model = _untrained(settings["classifier"], sides, seed)
            return self._fit(model, settings["classifier"], sides.training, sides.training_labels, seed, checkpoint)

        stored = self.store.get("poison_classifier", settings, make, version=VERSION)
        return _with_weights(_untrained(settings["classifier"], sides, seed), stored)

    def evaluator(self, seed: int) -> Classifier:
        """The judge: a classifier of its own size that has learnt from other pictures of the private classes."""
        sides, own = self.sides(seed), seed + EVALUATOR
        spec, settings = self.recipe["evaluator"], self._named(seed)
        settings |= {"evaluator": spec, "training": self.recipe["classifier_training"]}

        def make(checkpoint: Path) -> dict[str, Any]:
            model = _untrained(spec, sides, own)
            return self._fit(model, spec, sides.judging, sides.judging_labels, own, checkpoint)

        stored = self.store.get("poison_evaluator", settings, make, version=VERSION)
        return _with_weights(_untrained(spec, sides, own), stored)

    def substitute(self, setup: Setup, seed: int) -> Substitute:
        """The defender's decoder, trained on clean answers about his half of the public pictures, and its target."""
        model, sides = self.classifier(setup.classifier, seed), self.sides(seed)
        settings, spec = self._substitute_settings(setup, seed), self.recipe["decoders"][setup.substitute]
        images, own = sides.halves[setup.substitute_half], seed + DEFENDER

        def make(checkpoint: Path) -> dict[str, Any]:
            answers = ask(ConfidenceAPI(model), images)
            decoder = self._fit_decoder(spec, sides, answers, images, seed=own, checkpoint=checkpoint)
            return {f"weights.{name}": weight for name, weight in decoder.state_dict().items()}

        stored = self.store.get("poison_substitute", settings, make, version=VERSION)
        decoder = _with_weights(_decoder(spec, sides, own), stored)
        clean = ask(ConfidenceAPI(model), sides.attacked)
        return Substitute.aim(decoder, clean, sides.attacked, error=spec.get("error", "mse"))

    def served(self, setup: Setup, seed: int) -> dict[str, np.ndarray]:
        """What the service answers.

        public : about the attacker's half, of shape (half, classes), the mean of `repeats` answers
        private, test : about the pictures under attack and the test pictures, of shape (n, classes)
        training_seconds, seconds : what the defence took to be trained, and for each answer about a public picture
        """
        model, sides = self.classifier(setup.classifier, seed), self.sides(seed)
        settings = self._served_settings(setup, seed)

        def make(checkpoint: Path) -> dict[str, Any]:
            aimed = self.substitute(setup, seed) if setup.needs_substitute else None
            images, began = sides.halves[setup.substitute_half], time.perf_counter()
            defence = make_defence(setup, self.recipe["poison"], aimed, model, images, seed=seed, checkpoint=checkpoint)
            trained = time.perf_counter()
            access, public = ConfidenceAPI(model, defence), sides.halves[setup.half]
            answers = ask(access, public, repeats=setup.repeats)
            took = (time.perf_counter() - trained) / (len(public) * setup.repeats)
            return {
                "public": answers,
                "private": ask(access, sides.attacked),
                "test": ask(access, sides.test),
                "training_seconds": trained - began,
                "answer_seconds": took,
            }

        stored = self.store.get("poison_served", settings, make, version=VERSION)
        return {name: np.asarray(value) for name, value in stored.items()}

    def attacked(self, setup: Setup, seed: int) -> dict[str, np.ndarray]:
        """What an attacker makes of the answers, for each private picture in its order.

        errors, hits : mean squared error, and whether the evaluator names the private class, of shape (private,)
        pictures : the first few reconstructions, uint8 of shape (10, channels, size, size)
        """
        sides, settings = self.sides(seed), self._attack_settings(setup, seed)

        def make(checkpoint: Path) -> dict[str, Any]:
            served = self.served(setup, seed)
            public, private = (torch.from_numpy(served[name]) for name in ("public", "private"))
            images = sides.halves[setup.half]
            public, private, images = self._adapted(setup, public, private, images, seed=seed)
            spec = self.recipe["decoders"][setup.attacker]
            if "diffusion" in spec:
                made = in_batches(self._diffusion(setup, public, images, seed=seed), private)
            else:
                decoder = self._fit_decoder(spec, sides, public, images, seed=seed, checkpoint=checkpoint)
                made = in_batches(decoder, private)
            named = in_batches(self.evaluator(seed), made).argmax(dim=1)
            return {
                "errors": squared_errors(made.numpy(), sides.attacked.numpy()),
                "hits": (named == sides.attacked_labels).numpy(),
                "pictures": to_bytes(made[:SHOWN]),
            }

        stored = self.store.get("poison_attack", settings, make, version=VERSION)
        return {name: np.asarray(value) for name, value in stored.items()}

    def inference_seconds(self, seed: int) -> float:
        """Seconds of the plain classifier for a picture, asked about all test pictures at once."""
        settings = self._classifier_settings(PLAIN, seed) | {"measure": "inference"}

        def make(checkpoint: Path) -> dict[str, Any]:
            access, images = ConfidenceAPI(self.classifier(PLAIN, seed)), self.sides(seed).test
            ask(access, images)
            began = time.perf_counter()
            ask(access, images)
            return {"each": (time.perf_counter() - began) / len(images)}

        return float(self.store.get("poison_inference", settings, make, version=VERSION)["each"])

    def _adapted(
        self, setup: Setup, public: Tensor, private: Tensor, images: Tensor, *, seed: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What an attacker who knows of the defence does to the vectors first; `images` belong to the public ones."""
        if setup.adaptation == "noise":
            return Noise(setup.bound, seed)(public), Noise(setup.bound, seed + 1)(private), images
        if setup.adaptation == "softmax":
            return second_softmax(public), second_softmax(private), images
        if setup.adaptation == "rounding":
            rounding = Rounding(DECIMALS)
            return rounding.serve(public), rounding.serve(private), images
        if setup.adaptation == "self":
            again = self._self_poisoned(setup, public, images, seed=seed)
            return torch.cat([public, again]), private, torch.cat([images, images])
        return public, private, images

    def _self_poisoned(self, setup: Setup, answers: Tensor, images: Tensor, *, seed: int) -> Tensor:
        """The answers, poisoned once more as the attacker would do it who has them and his own pictures alone."""
        spec = self.recipe["decoders"][setup.attacker]
        decoder = self._fit_decoder(spec, self.sides(seed), answers, images, seed=seed + SELF, checkpoint=None)
        aimed = Substitute.aim(decoder, answers, images, error=spec.get("error", "mse"))
        settings = aligned_settings(setup, self.recipe["poison"])
        return LabelPreservingPoison(aimed, seed=seed, settings=settings).poison(answers, images)

    def _fit(
        self, model: Classifier, spec: dict[str, Any], images: Tensor, labels: Tensor, seed: int, checkpoint: Path
    ) -> dict[str, Any]:
        objective = MidObjective(spec["mid"]) if "mid" in spec else None
        more: dict[str, Any] = {"objective": objective} | self.recipe["classifier_training"]
        fit(model, images, labels, seed=seed, checkpoint=checkpoint, progress=self.progress, **more)
        return {f"weights.{name}": weight for name, weight in model.state_dict().items()}

    def _fit_decoder(
        self,
        spec: dict[str, Any],
        sides: Sides,
        vectors: Tensor,
        images: Tensor,
        *,
        seed: int,
        checkpoint: Path | None,
    ) -> InversionDecoder:
        decoder = _decoder(spec, sides, seed)
        more: dict[str, Any] = self.recipe["decoder_training"] | {"error": spec.get("error", "mse")}
        fit_decoder(decoder, vectors, images, seed=seed, checkpoint=checkpoint, progress=self.progress, **more)
        return decoder

    def _diffusion(self, setup: Setup, vectors: Tensor, images: Tensor, *, seed: int) -> DiffusionDecoder:
        """The attacker's diffusion model, trained on adapted `vectors`; rows with other guidance share its training."""
        spec, sides = self.recipe["decoders"][setup.attacker], self.sides(seed)
        settings = {"served": self._served_settings(setup, seed), "adaptation": [setup.adaptation, setup.bound]}
        settings |= {"widths": spec["diffusion"], "training": spec["training"]}
        size = (len(sides.class_names), images.shape[1], images.shape[2])
        more = {name: spec[name] for name in ("guidance", "steps") if name in spec}
        decoder = DiffusionDecoder(*size, seed=seed, widths=spec["diffusion"], **more)

        def make(checkpoint: Path) -> dict[str, Any]:
            own: dict[str, Any] = {"checkpoint": checkpoint, "progress": self.progress} | spec["training"]
            fit_denoiser(decoder, vectors, images, seed=seed, **own)
            return {f"weights.{name}": weight for name, weight in decoder.state_dict().items()}

        stored: DiffusionDecoder = _with_weights(
            decoder, self.store.get("poison_diffusion", settings, make, version=VERSION)
        )
        return stored

    def _named(self, seed: int) -> dict[str, Any]:
        return {"data": self.recipe["data"], "seed": seed}

    def _classifier_settings(self, name: str, seed: int) -> dict[str, Any]:
        own = {"classifier": self.recipe["classifiers"][name], "training": self.recipe["classifier_training"]}
        return self._named(seed) | own

    def _substitute_settings(self, setup: Setup, seed: int) -> dict[str, Any]:
        return {
            "of": self._classifier_settings(setup.classifier, seed),
            "decoder": self.recipe["decoders"][setup.substitute],
            "training": self.recipe["decoder_training"],
            "half": setup.substitute_half,
        }

    def _served_settings(self, setup: Setup, seed: int) -> dict[str, Any]:
        found: dict[str, Any] = {"of": self._classifier_settings(setup.classifier, seed), "half": setup.half}
        found |= {"defence": setup.served_by(self.recipe["poison"]), "repeats": setup.repeats}
        return found | ({"substitute": self._substitute_settings(setup, seed)} if setup.needs_substitute else {})

    def _attack_settings(self, setup: Setup, seed: int) -> dict[str, Any]:
        own = {"served": self._served_settings(setup, seed), "decoder": self.recipe["decoders"][setup.attacker]}
        own |= {"training": self.recipe["decoder_training"], "evaluator": self.recipe["evaluator"]}
        return own | {"adaptation": [setup.adaptation, setup.bound]}


def _untrained(spec: dict[str, Any], sides: Sides, seed: int) -> Classifier:
    channels, size, _ = sides.training.shape[1:]
    own = {name: spec[name] for name in ("blocks", "width", "hidden")}
    model = ConvolutionalClassifier(channels, len(sides.class_names), size, seed=seed, **own)
    return BottleneckClassifier(model, seed=seed) if "mid" in spec else model


def _decoder(spec: dict[str, Any], sides: Sides, seed: int) -> InversionDecoder:
    channels, size, _ = sides.training.shape[1:]
    own = {"logarithm": True} | {name: value for name, value in spec.items() if name != "error"}
    return InversionDecoder(len(sides.class_names), channels, size, seed=seed, **own)


def _with_weights(model: Any, stored: dict[str, Any]) -> Any:
    """The stored weights in a fresh model of their kind, in evaluation mode."""
    weights = {name.removeprefix("weights."): torch.as_tensor(w) for name, w in stored.items() if "weights." in name}
    model.load_state_dict(weights)
    return model.eval()
