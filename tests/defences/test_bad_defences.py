"""What does not fit a defence is refused, with both sides; plain ranges are tried in `test_bad_calls.py`."""

from collections.abc import Callable

import pytest
import torch

from mia_kit.defences import BidoObjective, DataCentric, DropoutObjective, MidObjective, build, combine
from mia_kit.defences.alignment import AlignmentSettings, Substitute
from mia_kit.defences.bido import hidden_layers, normalised_hsic
from mia_kit.defences.dp_sgd import PrivateSettings, spent
from mia_kit.defences.lpa_vae import PoisonAutoencoder, PoisonObjective
from mia_kit.defences.mid import divergence
from mia_kit.defences.picture_poison import LabelFlippingPoison, LabelPreservingPoison, ReconstructionAscent
from mia_kit.defences.serving import OneParameter, Rounding
from mia_kit.defences.vectors import check_confidences
from mia_kit.models import Backbone, SmallClassifier
from tests.defences.tiny_decoder import decoder, pairs, substitute

IMAGES, LABELS, MODEL = torch.zeros(4, 1, 16, 16), torch.arange(4) % 2, SmallClassifier(1, 2, seed=0, width=4)
CLEAN, PICTURES = pairs(4, 1)
SPENT = {"delta": 1e-3, "sample_rate": 0.1, "steps": 10}


def spoilt(model: torch.nn.Module) -> torch.nn.Module:
    for weight in model.parameters():
        torch.nn.init.constant_(weight, torch.nan)
    return model


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: build("dropuot"), "must be one of none, smoothing, .*got 'dropuot' instead: did you mean dropout?"),
        (lambda: build("smoothing", 1.5), r"\(-inf, 1\], got 1.5"),
        (lambda: build("dropout", 1.0), r"\[0, 1\), got 1"),
        (lambda: build("augmentation", 1.0), r"\[0, 1\), got 1"),
        (lambda: build("early_stopping", 1.0), r"\[0, 1\), got 1"),
        (lambda: build("mixup", 0.0), "must be above 0, got 0"),
        (lambda: combine(build("bido", 0.5), build("mixup", 0.5)), "different things, got bido and mixup, .* the loss"),
        (lambda: combine(build("dp_sgd", 0.5), build("dp_sgd", 0.5)), "which both change the privacy"),
        (lambda: DropoutObjective(0.5)(torch.nn.Flatten(), IMAGES, LABELS, 0), "got Flatten instead"),
        (lambda: MidObjective()(MODEL, IMAGES, LABELS, 0), "expected a BottleneckClassifier, got SmallClassifier"),
        (
            lambda: divergence(torch.zeros(2, 3), torch.ones(2, 4)),
            r"deviation must have the shape \(2, 3\), got \(2, 4",
        ),
        (lambda: BidoObjective(layers=("neck",))(MODEL, IMAGES, LABELS, 0), "has no layer named 'neck'"),
        (
            lambda: BidoObjective()(MODEL, IMAGES, LABELS[:, None], 0),
            r"labels must have the shape \(4,\), got \(4, 1\)",
        ),
        (lambda: hidden_layers(torch.nn.Linear(2, 2)), "got Linear instead: name them"),
        (lambda: normalised_hsic(torch.eye(2), torch.eye(3)), r"each kernel .* \(2, 2\), got \(3, 3\)"),
        (lambda: PrivateSettings(1.0, clip_norm=0.0), "clip_norm must be above 0, got 0"),
        (lambda: PrivateSettings(1.0, delta=1.0), r"delta must lie in \(0, 1\), got 1"),
        (
            lambda: spent(PrivateSettings(1.0), **SPENT | {"sample_rate": 1.5}),
            r"sample_rate must lie in \(0, 1\], got 1.5",
        ),
        (lambda: spent(PrivateSettings(1.0), **SPENT | {"steps": -5}), "steps must be at least 1, got -5"),
        (lambda: AlignmentSettings(bound=0), "bound must be above 0, got 0"),
        (lambda: LabelPreservingPoison(substitute(), seed=0).poison(2 * CLEAN, PICTURES), "sum to 1"),
        (lambda: PoisonObjective(substitute())(decoder(), PICTURES, CLEAN, 0), "a PoisonAutoencoder, got Inversion"),
        (lambda: OneParameter(0, seed=0), "epsilon must be above 0, got 0"),
        (lambda: Rounding().serve(torch.ones(2, 3)), "sum to 1"),
        (lambda: check_confidences(torch.ones(2, 1)), "number of classes must be at least 2, got 1"),
        (lambda: check_confidences(torch.tensor([[1.5, -0.5]])), "must not be negative and sum to 1"),
        (lambda: check_confidences(torch.tensor([[float("nan"), 1.0]])), "must not be negative and sum to 1"),
        (lambda: DataCentric(("loss", "loss")), "steps must be different ones of injection, .* got"),
        (lambda: Rounding(39), "decimals must be from 0 to 16, got 39"),
        (lambda: OneParameter(1e-39, seed=0).serve(CLEAN.float()), "with the noise of epsilon 1e-39 must be finite"),
        (lambda: LabelFlippingPoison(substitute(), seed=0, threshold=90), r"threshold must lie in \[0, 1\], got 90"),
        (lambda: Substitute.aim(spoilt(decoder()), CLEAN, PICTURES), "by the decoder's weights must be finite"),
        (
            lambda: ReconstructionAscent(spoilt(decoder()), seed=0, keeps_label=True).poison(CLEAN, PICTURES),
            "the decoder's errors must be finite, got 4 of 4",
        ),
        (
            lambda: spoilt(PoisonAutoencoder(4, bound=0.2, seed=0)).serve(CLEAN.float()),
            "what the autoencoder makes must be finite, got 16 of 16",
        ),
        (lambda: build("tl_dmi", 0.4).wrap(Backbone("resnet18", 2, seed=0), 0), "layers in sequence, got a Backbone"),
        (lambda: BidoObjective()(MODEL, IMAGES, LABELS.float(), 0), "labels must be integers .* got torch.float32"),
    ],
)
def test_what_does_not_fit(call: Callable[[], object], sentence: str) -> None:
    with pytest.raises((TypeError, ValueError), match=sentence):
        call()
