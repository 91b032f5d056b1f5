"""What a row of the poisoning table is: which service is asked, how it is defended, and who attacks it.

A recipe's `rows` are short: a name and what differs from the usual. The defences are those of `mia_kit.defences`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from torch import Tensor

from mia_kit.access import ConfidenceAPI, PictureDefence
from mia_kit.attacks.inversion_model import ask
from mia_kit.defences import (
    AlignmentSettings,
    AscentSettings,
    LabelFlippingPoison,
    LabelPreservingPoison,
    OneParameter,
    PoisonAutoencoder,
    ReconstructionAscent,
    Rounding,
    ServingDefence,
    Substitute,
    TopTruncation,
    fit_poison,
)
from mia_kit.models import Classifier

PLAIN, USUAL = "plain", "usual"
ALIGNED = ("lpa", "poi_mse", "lfp", "lfp_repaired", "vae")
ASCENTS = ("pgd", "advexa")
SERVED = ("rounding", "top_k", "one_parameter")  # strength: decimals, k, epsilon
DEFENCES = ("none", *ALIGNED, *ASCENTS, *SERVED)
ADAPTATIONS = ("none", "noise", "softmax", "self", "rounding")


@dataclass(frozen=True)
class Setup:
    """One row.

    defence, strength : one of `DEFENCES`; decimals of "rounding", k of "top_k", epsilon of "one_parameter"
    bound : of the perturbation in the 2-norm; 0 for defences that have none. An adaptation by noise is as large
    classifier : name of the recipe's, such as "plain", or one trained with MID
    substitute, attacker : names of the recipe's decoders, of the defender's and the attacker's
    substitute_half, half : 0 or 1, which public pictures the defender and the attacker ask about
    adaptation : what the attacker does to served vectors: "noise", "softmax", "rounding" to two decimals, or "self",
        training on vectors that he has poisoned once more, too
    repeats : how often he asks about each picture, to average the answers

    Raises ValueError for an unknown defence or adaptation, or a half that is neither.
    """

    defence: str = "none"
    strength: float = 0.0
    bound: float = 0.0
    classifier: str = PLAIN
    substitute: str = USUAL
    attacker: str = USUAL
    substitute_half: int = 0
    half: int = 0
    adaptation: str = "none"
    repeats: int = 1

    def __post_init__(self) -> None:
        for name, own, known in (
            ("defence", self.defence, DEFENCES),
            ("adaptation", self.adaptation, ADAPTATIONS),
            ("substitute_half", self.substitute_half, (0, 1)),
            ("half", self.half, (0, 1)),
        ):
            if own not in known:
                raise ValueError(f"{name} must be one of {', '.join(map(str, known))}, got {own!r} instead")

    @property
    def needs_substitute(self) -> bool:
        """Whether the defender trains a decoder."""
        return self.defence in (*ALIGNED, *ASCENTS)

    def served_by(self, poison: Mapping[str, Any]) -> dict[str, Any]:
        """All of the defence that shapes what is served; `poison` as in a recipe."""
        found: dict[str, Any] = {"defence": self.defence, "strength": self.strength, "bound": self.bound}
        return found | ({"poison": dict(poison)} if self.needs_substitute else {})


def read_rows(recipe: Mapping[str, Any]) -> dict[str, Setup]:
    """The rows of a recipe by their names. The bound is the recipe's own where a defence has one and none is given.

    Raises ValueError if a row names something unknown.
    """
    known, rows = {entry.name for entry in fields(Setup)}, {}
    for name, given in recipe["rows"].items():
        own = dict(given or {})
        if not own.keys() <= known:
            raise ValueError(f"a row has {', '.join(sorted(known))}, got {', '.join(own.keys() - known)} in {name!r}")
        if own.get("defence") in (*ALIGNED, *ASCENTS):
            own.setdefault("bound", recipe["poison"]["bound"])
        rows[name] = Setup(**own)
        for kind, members in (("classifier", "classifiers"), ("substitute", "decoders"), ("attacker", "decoders")):
            if (one := getattr(rows[name], kind)) not in recipe[members]:
                raise ValueError(f"{kind} of {name!r} must be one of the recipe's {members}, got {one!r} instead")
        if "diffusion" in recipe["decoders"][rows[name].substitute]:
            raise ValueError(f"substitute of {name!r} must have gradients, got a diffusion model instead")
    return rows


def aligned_settings(setup: Setup, poison: Mapping[str, Any]) -> AlignmentSettings:
    """How the vectors of a row are aligned; `poison` has rounds and batch_size, as in a recipe."""
    criterion = "squared" if setup.defence == "poi_mse" else "cosine"
    own = {name: poison[name] for name in ("rounds", "batch_size") if name in poison}
    return AlignmentSettings(bound=setup.bound, criterion=criterion, **own)


def make_defence(
    setup: Setup,
    poison: Mapping[str, Any],
    substitute: Substitute | None,
    model: Classifier,
    images: Tensor,
    *,
    seed: int,
    checkpoint: Path | None = None,
) -> ServingDefence | PictureDefence | None:
    """The row's defence, for `ConfidenceAPI`; None for none.

    Parameters
    ----------
    poison : as in a recipe: rounds, rate and threshold of LFP, ascent_rounds, autoencoder
    substitute : where the row needs one
    images : what the defender trains an autoencoder with
    checkpoint : of that training
    """
    kind, aligned = setup.defence, lambda: aligned_settings(setup, poison)
    if kind == "rounding":
        return Rounding(int(setup.strength))
    if kind == "top_k":
        return TopTruncation(int(setup.strength))
    if kind == "one_parameter":
        return OneParameter(setup.strength, seed=seed)
    if substitute is None:
        return None
    if kind in ("lpa", "poi_mse"):
        return LabelPreservingPoison(substitute, seed=seed, settings=aligned())
    if kind in ("lfp", "lfp_repaired"):
        own = {name: poison[name] for name in ("rate", "threshold") if name in poison}
        return LabelFlippingPoison(substitute, seed=seed, repair=kind != "lfp", settings=aligned(), **own)
    if kind in ASCENTS:
        steps = AscentSettings(bound=setup.bound, rounds=poison["rounds"])
        return ReconstructionAscent(substitute.decoder, seed=seed, keeps_label=kind == "advexa", settings=steps)
    answers = ask(ConfidenceAPI(model), images)
    autoencoder = PoisonAutoencoder(answers.shape[1], bound=setup.bound, seed=seed)
    more: dict[str, Any] = {"checkpoint": checkpoint, "progress": False} | poison["autoencoder"]
    fit_poison(autoencoder, substitute, answers, images, seed=seed, **more)
    return autoencoder
