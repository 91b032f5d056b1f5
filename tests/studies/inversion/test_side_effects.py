"""S19 to S21: what each measure says of models whose answer is known, and a whole recipe at toy size."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from mia_kit.attacks.losses import cross_entropy, margin
from mia_kit.models.batches import in_batches
from mia_kit.runs.claims import judge, read_claims
from mia_kit.runs.evidence import read_table
from mia_kit.runs.run import Maker
from mia_kit.runs.store import Store
from mia_kit.runs.table import tidy
from mia_kit.studies.inversion.attack import Inversion
from mia_kit.studies.inversion.networks import Evaluator
from mia_kit.studies.inversion.people import People, Photos
from mia_kit.studies.inversion.side_effects import MembershipCell, RobustnessCell, StealingCell, climbed
from mia_kit.studies.registry import measure, read_recipe

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


class Answers:
    """`made` for a cell whose inputs are known."""

    def __init__(self, people: People, model: nn.Module, **others: nn.Module) -> None:
        self.people, self.model, self.others = people, model, others

    def __call__(self, part):
        kind = part.kind
        return self.people if kind == "PeoplePart" else self.others.get(kind, self.model)


def people(images: Tensor, labels: list[int], test: Tensor, test_labels: list[int]) -> People:
    photos, others = Photos(images, torch.tensor(labels)), Photos(test, torch.tensor(test_labels))
    return People(photos, others, others, others, None)


def told(cell, made) -> dict[str, list[float]]:
    table = cell.unpack(cell.make(made, None, progress=False))
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
    cell = next(cell for cell in CELLS if isinstance(cell, RobustnessCell) and cell.epsilon == 8)
    for scale, cross_entropy_share in ((1.0, 0.0), (1e5, 1.0)):
        known = people(pictures, [1] * 4, pictures, [0, 1, 1, 1])
        shares = told(cell, Answers(known, Bright(scale)))
        assert shares["robust_cross_entropy"] == [0.0, cross_entropy_share], "person 0 is wrong from the start"
        assert shares["robust_margin"] == shares["robust_accuracy"] == [0.0, 0.0]


def test_the_loss_attack_on_a_model_that_remembers_and_one_that_does_not():
    members, others = (
        torch.full((10, 1, 8, 8), 200, dtype=torch.uint8),
        torch.full((4, 1, 8, 8), 150, dtype=torch.uint8),
    )
    known = people(members, [0] * 5 + [1] * 5, others, [0, 0, 1, 1])
    cell = next(cell for cell in CELLS if isinstance(cell, MembershipCell))
    # Brighter is surer of person 1: their members lie above everybody, person 0's below.
    assert told(cell, Answers(known, Bright(200.0)))["membership_auc"] == [0.0, 1.0]
    assert told(cell, Answers(known, Bright(0.0)))["membership_auc"] == [0.5, 0.5]


def test_a_student_agrees_with_the_target_and_not_with_the_truth():
    pictures = torch.tensor([50, 200, 50, 200], dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, 8, 8)
    known = people(pictures, [0, 0, 1, 1], pictures, [0, 0, 1, 1])
    cell = next(cell for cell in CELLS if isinstance(cell, StealingCell))
    shares = told(cell, Answers(known, Bright(1.0), Student=Bright(-1.0)))
    assert shares["stealing_agreement"] == [0, 0] and shares["stolen_accuracy"] == [0.5, 0.5]


@pytest.fixture(scope="module")
def table(random_faces, tmp_path_factory):
    folder = tmp_path_factory.mktemp("side effects")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIA_KIT_EVIDENCE", str(folder / "evidence"))
        measure(read_recipe(str(TINY)), Store(folder / "store"), progress=False)
        return read_table("tiny_side_effects")


def test_a_whole_recipe_answers_its_claims(table):
    by_person = table[table.unit.notna()]
    assert by_person.groupby(["measure", "strength", "epsilon"], observed=True, dropna=False).unit.nunique().eq(6).all()
    robust = by_person[by_person.measure == "robust_accuracy"]
    assert set(robust.epsilon) == {0.5, 8} and by_person.value.between(0, 1).all()
    plain = table.astype({name: object for name in table.select_dtypes("category")})
    seeds = tidy(pd.concat([plain.assign(seed=seed) for seed in (1, 2, 3)], ignore_index=True))
    words = {
        claim.id: part.word
        for claim in read_claims()
        for verdict in judge(claim, {"side_effects_drawn": seeds})
        for part in verdict.parts
        if verdict.table == "side_effects_drawn"
    }
    assert words.keys() == {"S19", "S20", "S21"} and "not measured yet" not in words.values()


def test_the_targets_are_those_of_the_central_figure_and_nobody_is_inverted():
    def inputs(name):
        return {part.key for cell in read_recipe(name).cells() for part in cell.inputs() if part.kind == "Target"}

    assert inputs("side_effects_drawn") <= inputs("smoothing_drawn")
    kinds = {type(part) for cell in read_recipe("side_effects_drawn").cells() for part in (cell, *cell.inputs())}
    assert not kinds & {Evaluator, Inversion}


def test_a_thief_asks_once_about_each_public_picture(random_faces, tmp_path):
    student = next(cell.student for cell in CELLS if isinstance(cell, StealingCell))
    maker = Maker(Store(tmp_path), progress=False)
    assert len(maker(student.public)) == 20 and maker(student).head.out_features == 6
