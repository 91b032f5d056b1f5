"""S19 to S21: what each measure says of models whose answer is known, and a whole recipe at toy size."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from mia_kit.attacks.losses import cross_entropy, margin
from mia_kit.models.batches import in_batches
from mia_kit.runs.claims import NOT_MEASURED
from mia_kit.studies.inversion.people import People, Photos
from mia_kit.studies.inversion.side_effects import MembershipCell, RobustnessCell, StealingCell, climbed
from mia_kit.studies.registry import read_recipe
from tests.studies.tiny import answers, measured

TINY = Path(__file__).with_name("tiny_side_effects.yaml")
CELLS = read_recipe(str(TINY)).cells()


class Bright(nn.Module):
    """Class 1 for pictures above mid-grey, and as sure of it as `scale` says."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, images: Tensor) -> Tensor:
        shade = self.scale * images.mean(dim=(1, 2, 3))
        return torch.stack([-shade, shade, shade - 1e6], dim=1)


def grey(*levels: float) -> Tensor:
    return (2 * torch.tensor(levels) / 255).view(-1, 1, 1, 1).expand(-1, 1, 8, 8).clone()


def people(images: Tensor, labels: list[int], test: Tensor, test_labels: list[int]) -> People:
    photos, others = Photos(images, torch.tensor(labels)), Photos(test, torch.tensor(test_labels))
    return People(photos, others, others, others, None)


def told(kind: type, people: People, model: nn.Module, **others: nn.Module) -> dict[str, list[float]]:
    """The last cell of a kind, whose inputs are known, by measure."""
    *_, cell = (cell for cell in CELLS if isinstance(cell, kind))
    inputs = {"PeoplePart": people, **others}
    table = cell.unpack(cell.make(lambda part: inputs.get(part.kind, model), None, progress=False))
    return {str(measure): rows.value.tolist() for measure, rows in table.groupby("measure")}


def test_an_adversarial_example_reaches_exactly_as_far_as_epsilon():
    images, labels = grey(1, 2, 5), torch.ones(3, dtype=torch.int64)
    for loss in (cross_entropy, margin):
        changed = climbed(Bright(1.0), images, labels, loss, epsilon=3, steps=5)
        assert float((changed - images).abs().max()) * 255 / 2 == pytest.approx(3, abs=1e-3)
        assert in_batches(Bright(1.0), changed).argmax(dim=1).tolist() == [0, 0, 1]


def test_a_saturated_softmax_is_blind_and_not_robust():
    """Of a huge margin the gradient of cross-entropy is 0, so that this attack moves nothing: the margin's does."""
    pictures = torch.full((4, 1, 8, 8), 131, dtype=torch.uint8)  # between three and four grey levels above the middle
    for scale, cross_entropy_share in ((1.0, 0.0), (1e5, 1.0)):
        known = people(pictures, [1] * 4, pictures, [0, 1, 1, 1])
        shares = told(RobustnessCell, known, Bright(scale))
        assert shares["robust_cross_entropy"] == [0.0, cross_entropy_share], "person 0 is wrong from the start"
        assert shares["robust_margin"] == shares["robust_accuracy"] == [0.0, 0.0]


def test_the_loss_attack_on_a_model_that_remembers_and_one_that_does_not():
    members, others = (torch.full((n, 1, 8, 8), shade, dtype=torch.uint8) for n, shade in ((10, 200), (4, 150)))
    known = people(members, [0] * 5 + [1] * 5, others, [0, 0, 1, 1])
    # Brighter is surer of person 1: their members lie above everybody, person 0's below.
    assert told(MembershipCell, known, Bright(200.0))["membership_auc"] == [0.0, 1.0]
    assert told(MembershipCell, known, Bright(0.0))["membership_auc"] == [0.5, 0.5]


def test_a_student_agrees_with_the_target_and_not_with_the_truth():
    pictures = torch.tensor([50, 200, 50, 200], dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, 8, 8)
    known = people(pictures, [0, 0, 1, 1], pictures, [0, 0, 1, 1])
    shares = told(StealingCell, known, Bright(1.0), Student=Bright(-1.0))
    assert shares["stealing_agreement"] == [0, 0] and shares["stolen_accuracy"] == [0.5, 0.5]


@pytest.fixture(scope="module")
def table(random_faces, tmp_path_factory):
    return measured(TINY, tmp_path_factory.mktemp("side effects"))


def test_a_whole_recipe_answers_its_claims(table):
    by_person = table[table.unit.notna()]
    assert by_person.groupby(["measure", "strength", "epsilon"], observed=True, dropna=False).unit.nunique().eq(6).all()
    robust = by_person[by_person.measure == "robust_accuracy"]
    assert set(robust.epsilon) == {0.5, 8} and by_person.value.between(0, 1).all()
    parts = answers("side_effects_drawn", table)
    assert set(parts) == {"S19", "S20", "S21"}
    assert NOT_MEASURED not in {part.word for both in parts.values() for part in both}


def test_a_thief_asks_once_about_each_public_picture(random_faces, maker):
    student = next(cell.student for cell in CELLS if isinstance(cell, StealingCell))
    assert len(maker(student.public)) == 20 and maker(student).head.out_features == 6
