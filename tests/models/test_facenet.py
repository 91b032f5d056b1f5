"""FaceNet's network: its layers, its arithmetic on a layer worked out by hand, and files that are not its weights."""

from pathlib import Path

import pytest
import torch
from torch import nn

from mia_kit.models import facenet
from mia_kit.models.facenet import FaceNet, load_facenet


@pytest.fixture(scope="module")
def model() -> FaceNet:
    torch.manual_seed(0)
    return FaceNet().eval()


def test_the_layers_are_those_of_the_published_weights(model: FaceNet) -> None:
    """facenet-pytorch 2.6.0 has 27,910,327 weights with its 8,631 people; our answers equal its own, bit by bit."""
    state = model.state_dict()
    assert sum(weight.numel() for weight in model.parameters()) == 27_910_327 - 8631 * 512 - 8631
    shapes = {
        "conv2d_4b.conv.weight": (256, 192, 3, 3),
        "repeat_1.4.branch2.1.conv.weight": (32, 32, 3, 3),
        "repeat_2.9.branch1.2.conv.weight": (128, 128, 7, 1),
        "mixed_7a.branch2.2.bn.running_var": (256,),
        "repeat_3.4.conv2d.bias": (1792,),
        "block8.branch1.1.conv.weight": (192, 192, 1, 3),
        "last_linear.weight": (512, 1792),
    }
    assert {name: tuple(state[name].shape) for name in shapes} == shapes


def test_embeddings_have_length_one_and_gradients_reach_the_picture(model: FaceNet) -> None:
    images = torch.rand(2, 1, 64, 48, generator=torch.Generator().manual_seed(0)).requires_grad_()
    embeddings = model(images)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(2))
    assert embeddings.shape == (2, 512) and torch.autograd.grad(embeddings[:, 0].sum(), images)[0].abs().sum() > 0
    with torch.no_grad():
        torch.testing.assert_close(model(images.expand(-1, 3, -1, -1)), embeddings)


def test_a_residual_block_scales_what_it_adds() -> None:
    """Branches that pass their input on, and a last layer that adds them up: x + scale * (x + x)."""
    block = facenet._Residual([nn.Identity(), nn.Identity()], 1, 2, scale=0.25, rectified=False)
    nn.init.ones_(block.conv2d.weight)
    nn.init.zeros_(block.conv2d.bias)
    x = torch.tensor([[[[-2.0, 4.0]]]])
    assert block(x).flatten().tolist() == [-3.0, 6.0]
    block.rectified = True
    assert block(x).flatten().tolist() == [0.0, 6.0]


def test_its_file_is_read_without_the_layer_of_people(model: FaceNet, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("MIA_KIT_DATA", str(tmp_path))
    (tmp_path / "facenet").mkdir()
    torch.save(model.state_dict() | {"logits.weight": torch.zeros(3, 512)}, tmp_path / "facenet" / "vggface2.pt")
    found = load_facenet()
    assert not found.training and not any(weight.requires_grad for weight in found.parameters())
    torch.testing.assert_close(found.state_dict()["last_linear.weight"], model.state_dict()["last_linear.weight"])
