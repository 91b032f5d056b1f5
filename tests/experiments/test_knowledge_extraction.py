"""Knowledge extraction: a student learns from reconstructions and is asked about the real people."""

import pytest
import torch
from tiny_people import shaded_people

from mia_kit.experiments.knowledge_extraction import knowledge_extraction

SETTINGS = {"width": 4, "epochs": 40, "batch_size": 8, "learning_rate": 0.01}


@pytest.mark.parametrize(("shift", "low", "high"), [(0, 0.9, 1.0), (1, 0.0, 0.1)])
def test_the_student_knows_what_it_was_shown(shift: int, low: float, high: float) -> None:
    """Shown each person as himself it knows nearly all photographs; shown each as the next person, nearly none."""
    people = shaded_people(classes=3, each=16, pool=8)
    faces, shown = people.floats(people.order < 8), people.labels[people.order < 8]
    real, labels = people.floats(people.order >= 8), people.labels[people.order >= 8]
    right = knowledge_extraction(faces, (shown + shift) % 3, real, labels, SETTINGS, seed=0, progress=False)
    assert right.shape == (24,) and right.dtype == torch.bool
    assert low <= right.float().mean() <= high
