"""Access: a black box answers, counts, and shows neither gradients nor anything else."""

import copy

import pytest
import torch
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from torch import Tensor, nn

from mia_kit.access import Access, AccessError, ConfidenceAPI, LabelAPI, WhiteBox
from mia_kit.defences.alignment import Substitute
from mia_kit.defences.picture_poison import ReconstructionAscent
from mia_kit.defences.regularisers import DistillationObjective
from mia_kit.models import InversionDecoder, SmallClassifier, predict
from mia_kit.toy import ToyClassifier, invert
from mia_kit.training import fit


@pytest.fixture
def model() -> SmallClassifier:
    return SmallClassifier(1, 4, seed=0, width=4).eval()


@pytest.fixture
def images() -> Tensor:
    return torch.rand(5, 1, 16, 16, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_white_box_gives_all(model: SmallClassifier, images: Tensor) -> None:
    access = WhiteBox(model)
    access.logits(images.requires_grad_()).sum().backward()
    assert images.grad is not None
    assert images.grad.abs().sum() > 0
    assert all(weight.grad is None for weight in model.parameters())
    assert access.features(images).shape == (5, 32)
    assert torch.allclose(access.confidences(images).sum(dim=1), torch.ones(5))
    assert torch.equal(access.labels(images), model(images).argmax(dim=1))
    assert access.queries == 20
    with pytest.raises(AccessError, match="Linear has no features"):
        WhiteBox(nn.Linear(2, 2)).features(torch.zeros(1, 2))


def test_confidences_without_gradients(model: SmallClassifier, images: Tensor) -> None:
    access = ConfidenceAPI(model)
    answer = access.confidences(images.requires_grad_())
    assert not answer.requires_grad
    assert torch.allclose(answer, model(images).softmax(dim=1))
    assert torch.equal(access.labels(images), answer.argmax(dim=1))
    assert access.queries == 10


def test_defence_changes_what_is_served(model: SmallClassifier, images: Tensor) -> None:
    class Rounds:
        def serve(self, confidences: Tensor) -> Tensor:
            return confidences.round(decimals=1)

    answer = ConfidenceAPI(model, Rounds()).confidences(images)
    assert torch.equal(answer, model(images).softmax(dim=1).round(decimals=1))


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [*((ConfidenceAPI, name) for name in ("logits", "features", "model", "parameters")), (LabelAPI, "confidences")],
)
def test_black_boxes_show_nothing_else(model: SmallClassifier, kind: type, wanted: str) -> None:
    with pytest.raises(AccessError, match=f"{kind.__name__} gives no {wanted}: choose an attack that needs less"):
        getattr(kind(model), wanted)


def test_labels_alone_show_neither_gradients_nor_the_model(model: SmallClassifier, images: Tensor) -> None:
    access = LabelAPI(model)
    answer = access.labels(images.requires_grad_())
    assert answer.dtype == torch.int64 and answer.shape == (5,) and not answer.requires_grad
    assert access.queries == 5 and not any(isinstance(value, nn.Module) for value in vars(access).values())


def state_of(model: nn.Module) -> list:
    """All that an owner would notice: modes, weights and statistics with their layout, what may be trained."""
    modes = [part.training for part in model.modules()]
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    return [modes, [(name, t.stride(), t.requires_grad, t.detach().numpy().tobytes()) for name, t in tensors.items()]]


IMAGES = torch.rand(3, 1, 16, 16, generator=torch.Generator().manual_seed(2)) * 2 - 1
# How many of the four methods each kind answers.
KINDS = {LabelAPI: 1, ConfidenceAPI: 2, WhiteBox: 4}


def all_answers(access: Access) -> list[list]:
    methods = ("labels", "confidences", "logits", "features")[: KINDS[type(access)]]
    return [getattr(access, method)(IMAGES).tolist() for method in methods]


class OwnerAndAttackers(RuleBasedStateMachine):
    """An owner who trains on, and switches modes, while attackers ask; a twin has the same owner and no attackers."""

    @initialize(trains=st.booleans())
    def begin(self, trains: bool) -> None:
        self.model = SmallClassifier(1, 4, seed=0, width=4).train(trains)
        self.twin = copy.deepcopy(self.model)
        self.accesses = [kind(self.model) for kind in KINDS]
        self.first = [all_answers(access) for access in self.accesses]

    @rule(place=st.integers(0, 2))
    def ask(self, place: int) -> None:
        assert all_answers(self.accesses[place]) == self.first[place]

    @rule(place=st.integers(0, 3), trains=st.booleans())
    def switch(self, place: int, trains: bool) -> None:
        for model in (self.model, self.twin):
            model.body[place].train(trains)

    @rule(wanted=st.booleans())
    def freeze(self, wanted: bool) -> None:
        for model in (self.model, self.twin):
            model.head.requires_grad_(wanted)

    @rule()
    def train(self) -> None:
        for model in (self.model, self.twin):
            loss = model(IMAGES).square().sum()
            loss.backward()
            for weight in model.parameters():
                weight.data.sub_(0.01 * weight.grad if weight.requires_grad else 0)
            model.zero_grad()

    @invariant()
    def the_owner_notices_nothing(self) -> None:
        assert state_of(self.model) == state_of(self.twin)


OwnerAndAttackers.TestCase.settings = settings(max_examples=20, stateful_step_count=12)
TestOwnerAndAttackers = OwnerAndAttackers.TestCase


@pytest.mark.parametrize("kind", KINDS)
def test_answers_of_evaluation_mode_for_a_model_in_training(kind: type, model: SmallClassifier, images: Tensor) -> None:
    access = kind(model.train())
    assert model.training
    assert torch.equal(access.labels(images[:1]), access.labels(images)[:1])  # batch norm ignores the neighbours
    fit(model, images.repeat(2, 1, 1, 1), torch.arange(10) % 4, seed=0, epochs=1, progress=False)


def test_what_asks_later_asks_a_snapshot(images: Tensor) -> None:
    """Everything else that is given a model and keeps it: its owner's mode, weights and answers stay apart, too."""
    teacher = SmallClassifier(1, 4, seed=0, width=4).train()
    objective = DistillationObjective(teacher, 1.0)
    decoder = InversionDecoder(4, 1, 16, seed=0, blocks=2, width=4).train()
    confidences = torch.full((5, 4), 0.25)
    ascent = ReconstructionAscent(decoder, seed=0, keeps_label=True)
    aim = Substitute.aim(decoder, confidences, images)
    toy = ToyClassifier().train()
    before = [copy.deepcopy(state_of(model)) for model in (teacher, decoder, toy)]
    loss = objective(teacher, images, torch.arange(5) % 4, 0).item()
    ascent.poison(confidences, images)
    misalignment = aim.misalignment(confidences, images).item()
    invert(toy, max_steps=3)
    predict(toy_like := SmallClassifier(1, 4, seed=1, width=4).train(), images)
    assert toy_like.training
    statistics = teacher.body[0][1].running_mean.clone()
    assert not torch.equal(statistics, torch.zeros(4))  # the student was in training, and the teacher's copy was not
    assert state_of(decoder) == before[1] and state_of(toy) == before[2]
    with torch.no_grad():
        for weight in (*decoder.parameters(), *teacher.parameters()):
            weight.zero_()
    assert aim.misalignment(confidences, images).item() == misalignment
    assert loss > 0


def test_what_cannot_be_copied_is_told() -> None:
    with pytest.raises(TypeError, match="model must be a torch.nn.Module, got 3 instead"):
        WhiteBox(3)  # type: ignore[arg-type]
    stuck = nn.Linear(2, 2)
    stuck.cache = stuck(torch.ones(1, 2))
    with pytest.raises(TypeError, match="model must be one that copy.deepcopy copies, got Linear instead"):
        LabelAPI(stuck)


def test_compiled_and_hooked_models(model: SmallClassifier, images: Tensor) -> None:
    model.eval()
    seen = []
    model.register_forward_hook(lambda *_: seen.append(1))
    compiled = torch.compile(model, backend="eager")
    assert torch.equal(ConfidenceAPI(compiled).confidences(images), model(images).softmax(dim=1).detach())
    assert len(seen) == 2
