"""What protects, or seems to: how far apart the classes lie, how short gradients are, what a service would change.

A shield is *masked gradients* if cross-entropy brings back less than a loss that does not saturate, on the same
classes, or if its gradient is gone where the attack begins. Both come from the audited classifier alone. The *margin
ratio* is that of the training pictures' margin to the margin of reference models on theirs, and decides nothing: all
logits times ten make it ten times greater and change no label; reference models trained otherwise change it, too.
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
from mia_kit.audit.pictures import Pictures, Side
from mia_kit.audit.rows import Row
from mia_kit.data.pictures import to_floats
from mia_kit.defences import AlignmentSettings, LabelPreservingPoison, Rounding, Substitute, TopTruncation
from mia_kit.membership import scaled_confidences
from mia_kit.metrics import cluster_interval, scaled_distances, share_interval
from mia_kit.models import InversionDecoder, in_batches
from mia_kit.models.foreign import LEAST, Foreign
from mia_kit.runs.store import Values
from mia_kit.training.inversion import train_decoder

SIDE, PAIRS, EPOCHS = 32, 256, 20  # of the pictures that LPA's decoder makes; how many it learns from, and how long
BOUND, ROUNDS = 0.1, 8
FEW = 400  # pictures whose features are compared
VANISHED = 1e-3  # a gradient at most this share of another loss's


@dataclass(frozen=True, eq=False)
class SmallPictures:
    """A defence that looks at the picture, which is shrunk for it."""

    defence: PictureDefence

    def poison(self, confidences: Tensor, images: Tensor) -> Tensor:
        """What is answered instead."""
        return self.defence.poison(confidences, _small(images))


def service(name: str, model: Foreign, pictures: Pictures, *, seed: int) -> ConfidenceAPI:
    """The classifier behind a defence by its name in the configuration; LPA learns its decoder from unseen pictures."""
    kind, _, number = name.partition(" ")
    if kind in ("round", "top"):
        return ConfidenceAPI(model, Rounding(int(number)) if kind == "round" else TopTruncation(int(number)))
    few = [side.of(_some(side)) for side in (pictures.train, pictures.unseen)]
    private, public = ((_confidences(ConfidenceAPI(model), side), _small(side.floats)) for side in few)

    def fresh(of: int) -> InversionDecoder:
        return InversionDecoder(model.classes, model.channels, SIDE, seed=of, blocks=4, width=8)

    decoder = train_decoder(fresh, *public, seed=seed, epochs=EPOCHS, tries=1, progress=False).decoder
    settings, substitute = AlignmentSettings(bound=BOUND, rounds=ROUNDS), Substitute.aim(decoder, *private)
    return ConfidenceAPI(model, SmallPictures(LabelPreservingPoison(substitute, seed=seed, settings=settings)))


def served(access: ConfidenceAPI, sides: Sequence[Side]) -> Values:
    """Confidences of shape (n, classes) of either side as a service hands them out."""
    return {str(place): _confidences(access, side) for place, side in enumerate(sides)}


def served_rows(name: str, answers: Sequence[Tensor], sides: Sequence[Side], logits: Sequence[Tensor]) -> list[Row]:
    """What is left of the threshold attack behind a service, and the share of labels that it changes."""
    members, others = (
        scaled_confidences(answer.double().clamp_min(LEAST).log(), side.labels)
        for answer, side in zip(answers, sides, strict=True)
    )
    changed = float((torch.cat(list(answers)).argmax(dim=1) != torch.cat(list(logits)).argmax(dim=1)).float().mean())
    added = rows({"threshold": (members, others)}, defence=name)
    return [*added, Row("serving", measure="labels changed", value=changed, defence=name)]


def classifier_rows(model: Foreign, sides: Sequence[Side], logits: Sequence[Tensor]) -> list[Row]:
    """Accuracy on either side, how tight the classes lie before the last layer, and the margin."""
    added = []
    for name, side, said in zip(("training", "unseen"), sides, logits, strict=True):
        right = float((said.argmax(dim=1) == side.labels).float().mean())
        added.append(Row("classifier", measure=f"accuracy, {name}", value=right))
        few = side.of(torch.arange(len(side))[:FEW])
        few = few.of(torch.bincount(few.labels)[few.labels] > 1)
        try:
            features = in_batches(model.features, few.floats, batch_size=32).numpy()
            ratio = scaled_distances(features, few.labels.numpy()).mean_ratio
        except ValueError:
            continue  # a network without a last linear layer, or too few pictures of a class
        added.append(Row("classifier", access="white", measure=f"distance within over between, {name}", value=ratio))
    return [*added, Row("classifier", measure="margin", value=float(margins(logits[0], sides[0].labels).mean()))]


def masked(table: Sequence[Row], norms: Mapping[str, Tensor]) -> tuple[list[Row], str]:
    """Rows of the gradients, and a warning where cross-entropy alone is shut out; empty if it is not.

    table : with a row for each loss and class, whether it was recognised
    norms : lengths of each loss's gradient where the attack begins, of shape (classes,), the same codes for all
    """
    lengths = {loss: float(np.nanmedian(length)) for loss, length in norms.items()}
    added = [Row("gradients", loss, "white", "median length at the start", length) for loss, length in lengths.items()]
    hits = {loss: np.array([row.value for row in table if row.attack == loss and row.unit]) for loss in norms}
    others = [loss for loss in norms if loss != "cross_entropy"]
    if not others:
        return added, "Whether gradients are masked was not looked at: inversion.losses has none that cannot saturate."
    if len(others) == len(norms):
        return added, ""
    best = max(others, key=lambda loss: hits[loss].sum())
    ahead = cluster_interval(hits[best] - hits["cross_entropy"])
    gone = share_interval(int((norms["cross_entropy"] <= VANISHED * norms[best]).sum()), len(norms[best]))
    added.append(Row.of("gradients", f"{best} less cross_entropy", "white", "classes recognised", ahead))
    added.append(Row.of("gradients", "cross_entropy", "white", "starts without a gradient", gone))
    if ahead.low > 0:
        return added, (
            f"Masked gradients: the {best} loss brings back {ahead.value:.0%} [{ahead.low:.0%}, {ahead.high:.0%}] "
            "of the classes more than cross-entropy. What stops cross-entropy alone is no protection."
        )
    if gone.low > 0.5:
        return added, (
            f"The gradient of cross-entropy has vanished at {gone.value:.0%} [{gone.low:.0%}, {gone.high:.0%}] of the "
            f"attack's starts, beside that of {best}: do not read its failure as protection."
        )
    return added, ""


def _confidences(access: ConfidenceAPI, side: Side) -> Tensor:
    return in_batches(lambda part: access.confidences(to_floats(part)), side.images)


def _small(images: Tensor) -> Tensor:
    return resize(images, (SIDE, SIDE)).clamp(-1, 1)


def _some(side: Side) -> Tensor:
    return torch.randperm(len(side), generator=torch.Generator().manual_seed(0))[:PAIRS]
