"""Access: a black box answers, counts, and shows neither gradients nor anything else."""

import pytest
import torch
from torch import Tensor, nn

from mia_kit.access import AccessError, ConfidenceAPI, LabelAPI, WhiteBox
from mia_kit.models import SmallClassifier


@pytest.fixture
def model() -> SmallClassifier:
    return SmallClassifier(1, 4, seed=0, width=4)


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


def test_white_box_without_features() -> None:
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


@pytest.mark.parametrize("kind", [ConfidenceAPI, LabelAPI])
@pytest.mark.parametrize("wanted", ["logits", "features", "model", "parameters", "gradients"])
def test_black_boxes_show_nothing_else(model: SmallClassifier, kind: type, wanted: str) -> None:
    with pytest.raises(AccessError, match=f"{kind.__name__} gives no {wanted}"):
        getattr(kind(model), wanted)


def test_label_only_attack_reaches_neither_confidences_nor_gradients(model: SmallClassifier, images: Tensor) -> None:
    access = LabelAPI(model)
    with pytest.raises(AccessError, match="LabelAPI gives no confidences"):
        access.confidences(images)
    answer = access.labels(images.requires_grad_())
    assert answer.dtype == torch.int64
    assert answer.shape == (5,)
    assert not answer.requires_grad
    with pytest.raises(RuntimeError, match="does not require grad"):
        answer.float().sum().backward()
    assert images.grad is None
    reachable = [value for value in vars(access).values() if isinstance(value, nn.Module)]
    assert reachable == []
    assert access.queries == 5


def test_an_attack_of_confidences_fails_on_labels_with_a_sentence(model: SmallClassifier, images: Tensor) -> None:
    def most_confident(access: ConfidenceAPI) -> Tensor:
        return access.confidences(images)[:, 0].argmax()

    assert 0 <= most_confident(ConfidenceAPI(model)) < 5
    with pytest.raises(AccessError, match="choose an attack that needs less"):
        most_confident(LabelAPI(model))  # type: ignore[arg-type]


def test_the_model_answers_in_evaluation_mode(model: SmallClassifier, images: Tensor) -> None:
    model.train()
    first = LabelAPI(model).labels(images[:1])
    assert not model.training
    assert torch.equal(first, LabelAPI(model).labels(images)[:1])  # batch norm does not look at the neighbours
