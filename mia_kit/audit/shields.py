"""What protects, or seems to: how far apart the classes lie, how short gradients are, what a service would change.

The *margin ratio* is that of the training pictures' margin to the margin of reference models on theirs. A shield is
*masked gradients* if cross-entropy brings back less than a loss that does not saturate, on the same classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mia_kit.access import ConfidenceAPI, PictureDefence
from mia_kit.attacks.prior_to_target import resize
from mia_kit.audit.membership import margins, rows
from mia_kit.audit.pictures import Side
from mia_kit.audit.rows import Row
from mia_kit.data.pictures import to_floats
from mia_kit.defences import (
    AlignmentSettings,
    LabelPreservingPoison,
    Rounding,
    ServingDefence,
    Substitute,
    TopTruncation,
)
from mia_kit.membership import scaled_confidences
from mia_kit.metrics import scaled_distances
from mia_kit.models import InversionDecoder, in_batches
from mia_kit.models.foreign import LEAST, Foreign
from mia_kit.runs.compare import difference
from mia_kit.runs.table import tidy
from mia_kit.training.inversion import train_decoder

SIDE, PAIRS, EPOCHS = 32, 256, 20  # of the pictures that LPA's decoder makes; how many it learns from, and how long
BOUND, ROUNDS = 0.1, 8
FEW = 400  # pictures whose features are compared
VANISHED = 1e-3  # a gradient shorter than this share of another loss's


@dataclass(frozen=True, eq=False)
class SmallPictures:
    """A defence that looks at the picture, which is shrunk for it."""

    defence: PictureDefence

    def poison(self, confidences: Tensor, images: Tensor) -> Tensor:
        """What is answered instead."""
        return self.defence.poison(confidences, _small(images))


def service(name: str, model: Foreign, train: Side, unseen: Side, *, seed: int) -> ServingDefence | PictureDefence:
    """A serving defence by its name in the configuration; LPA learns its decoder from unseen pictures."""
    kind, _, number = name.partition(" ")
    if kind in ("round", "top"):
        return Rounding(int(number)) if kind == "round" else TopTruncation(int(number))
    private, public = (
        (served(ConfidenceAPI(model), side), _small(side.floats))
        for side in (train.of(_some(train)), unseen.of(_some(unseen)))
    )

    def fresh(of: int) -> InversionDecoder:
        return InversionDecoder(model.classes, model.channels, SIDE, seed=of, blocks=4, width=8)

    decoder = train_decoder(fresh, *public, seed=seed, epochs=EPOCHS, tries=1, progress=False).decoder
    settings = AlignmentSettings(bound=BOUND, rounds=ROUNDS)
    return SmallPictures(LabelPreservingPoison(Substitute.aim(decoder, *private), seed=seed, settings=settings))


def served(access: ConfidenceAPI, side: Side) -> Tensor:
    """Confidences of shape (n, classes) as a service hands them out."""
    return in_batches(lambda part: access.confidences(to_floats(part)), side.images)


def served_rows(name: str, answers: Sequence[Tensor], sides: Sequence[Side], logits: Sequence[Tensor]) -> list[Row]:
    """What is left of the threshold attack behind a service, and the share of labels that it changes."""
    members, others = (
        scaled_confidences(answer.double().clamp_min(LEAST).log(), side.labels)
        for answer, side in zip(answers, sides, strict=True)
    )
    changed = float((torch.cat(list(answers)).argmax(dim=1) != torch.cat(list(logits)).argmax(dim=1)).float().mean())
    found = rows({"threshold": (members, others)}, defence=name)
    return [*found, Row("serving", measure="labels changed", value=changed, defence=name)]


def classifier_rows(model: Foreign, sides: Sequence[Side], logits: Sequence[Tensor]) -> list[Row]:
    """Accuracy on either side, how tight the classes lie before the last layer, and the margin."""
    found = []
    for name, side, said in zip(("training", "unseen"), sides, logits, strict=True):
        right = float((said.argmax(dim=1) == side.labels).float().mean())
        found.append(Row("classifier", measure=f"accuracy, {name}", value=right))
        few = side.of(torch.arange(len(side))[:FEW])
        few = few.of(torch.bincount(few.labels)[few.labels] > 1)
        try:
            features = in_batches(model.features, few.floats, batch_size=32).numpy()
            ratio = scaled_distances(features, few.labels.numpy()).mean_ratio
        except ValueError:
            continue  # a network without a last linear layer, or too few pictures of a class
        found.append(Row("classifier", access="white", measure=f"distance within over between, {name}", value=ratio))
    margin = float(margins(logits[0], sides[0].labels).mean())
    return [*found, Row("classifier", measure="margin", value=margin)]


def masked(table: Sequence[Row], norms: Mapping[str, Tensor]) -> tuple[list[Row], str]:
    """Rows of the gradients' lengths, and a warning where cross-entropy alone is shut out; empty if it is not."""
    lengths = {loss: float(np.nanmedian(length)) for loss, length in norms.items()}
    found = [Row("gradients", loss, "white", "median length at the start", length) for loss, length in lengths.items()]
    hits = {loss: [row.value for row in table if row.attack == loss and row.unit] for loss in norms}
    others = [loss for loss in norms if loss != "cross_entropy"]
    if len(others) == len(norms) or not others:
        return found, ""
    best = max(others, key=lambda loss: sum(hits[loss]))
    shared = {"study": "audit", "world": "own", "seed": 0, "measure": "recognised"}
    units = [
        shared | {"loss": loss, "unit": place, "value": hit}
        for loss in (best, "cross_entropy")
        for place, hit in enumerate(hits[loss])
    ]
    ahead = difference(tidy(units), measure="recognised", treated={"loss": best}, baseline={"loss": "cross_entropy"})
    words = f"{best} less cross_entropy"
    found.append(Row("gradients", words, "white", "classes recognised", ahead.estimate, ahead.low, ahead.high))
    if ahead.low > 0:
        return found, (
            f"Masked gradients: the {best} loss brings back {ahead.estimate:.0%} [{ahead.low:.0%}, {ahead.high:.0%}] "
            "of the classes more than cross-entropy. What stops cross-entropy alone is no protection."
        )
    if lengths["cross_entropy"] < VANISHED * lengths[best]:
        return found, "The gradient of cross-entropy has nearly vanished: do not read its failure as protection."
    return found, ""


def _small(images: Tensor) -> Tensor:
    return resize(images, (SIDE, SIDE)).clamp(-1, 1)


def _some(side: Side) -> Tensor:
    return torch.randperm(len(side), generator=torch.Generator().manual_seed(0))[:PAIRS]
