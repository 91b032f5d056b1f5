"""Digits: an attacker's decoder, a service without defence and one with LPA, from training to the measures."""

import pytest
import torch

from mia_kit.access import ConfidenceAPI
from mia_kit.attacks import inversion_model
from mia_kit.attacks.inversion_model import Settings
from mia_kit.data import load
from mia_kit.defences.alignment import AlignmentSettings, Substitute
from mia_kit.defences.lpa import LabelPreservingPoison
from mia_kit.metrics import accuracy_loss, mean_interval, squared_errors
from mia_kit.models import ConvolutionalClassifier
from mia_kit.training import fit

QUICK = Settings(blocks=4, width=8, epochs=16, batch_size=64, learning_rate=3e-3)


@pytest.mark.slow
def test_lpa_costs_no_accuracy_and_the_attacker_errs_more():
    digits = load("digits")
    images, labels = digits.to_tensor(size=(16, 16)), torch.from_numpy(digits.labels)
    private, public = labels < 5, labels >= 5
    model = ConvolutionalClassifier(1, 5, 16, seed=0, width=8, hidden=32)
    fit(model, images[private][:600], labels[private][:600], seed=0, epochs=4, progress=False)
    clean = ConfidenceAPI(model).confidences(images[private])
    own, other = images[public][:400], images[public][400:]

    substitute = inversion_model.train(ConfidenceAPI(model), own, seed=1, settings=QUICK, progress=False)
    aim = Substitute.aim(substitute.decoder, clean, images[private])
    defence = LabelPreservingPoison(aim, seed=0, settings=AlignmentSettings(bound=0.2, rounds=20))
    served = ConfidenceAPI(model, defence).confidences(images[private])
    loss = accuracy_loss(clean.numpy(), served.numpy(), labels[private].numpy())
    assert (loss.value, loss.low, loss.high) == (0, 0, 0)

    errors = {}
    for name, access, vectors in (
        ("none", ConfidenceAPI(model), clean),
        ("LPA", ConfidenceAPI(model, defence), served),
    ):
        result = inversion_model.run(
            access, range(5), vectors=vectors, auxiliary=other, seed=2, settings=QUICK, progress=False
        )
        truth = images[private][result.start_latents]
        errors[name] = squared_errors(result.images.numpy(), truth.numpy())
    # Labels are kept, so both attacks decode the same pictures in the same order.
    assert mean_interval(errors["LPA"] - errors["none"]).low > 0
