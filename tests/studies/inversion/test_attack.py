"""What an attack of the study hands in is complete: a person whom the model says nothing about is not left out."""

import pytest
import torch

from mia_kit.attacks import Reconstructions, Trace
from mia_kit.studies.inversion.attack import complete, likest_classes


def reconstructions(scores: list[float], selected: list[bool]) -> Reconstructions:
    codes, targets = torch.zeros(4, 3), torch.tensor([5, 5, 8, 8])
    trace = Trace.of_losses(torch.empty(0, 4))
    images, film = torch.zeros(4, 1, 8, 8), torch.empty(0, 4, 3)
    return Reconstructions(images, codes, targets, torch.tensor(scores), torch.tensor(selected), trace, 0, film)


def test_a_class_without_an_answer_is_an_error() -> None:
    nan = float("nan")
    whole = reconstructions([nan, 0.1, 0.2, 0.3], [True, True, False, True])
    assert complete(whole) is whole and whole.selected.tolist() == [False, True, False, True]
    with pytest.raises(ValueError, match="got 1 classes without"):
        complete(reconstructions([nan, nan, 0.2, 0.3], [True, False, False, True]))


def test_nobody_is_likest_by_what_is_no_number() -> None:
    lost = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
    torch.nn.init.constant_(lost[1].weight, torch.nan)
    with pytest.raises(ValueError, match="confidences in photographs must be finite"):
        likest_classes(lost, torch.zeros(4, 1, 2, 2), torch.tensor([0, 0, 1, 1]))
