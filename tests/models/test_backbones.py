"""torchvision's networks as classifiers: one face for all of them, seeds, weights from elsewhere, what they refuse.

The deepest networks are only built on the meta device, which computes shapes and no numbers.
"""

import pickle
import urllib.error
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torchvision.models import get_model, get_model_weights

from mia_kit.data import DataError
from mia_kit.models import BACKBONES, Backbone, transplant


def some_images(name: str, *, channels: int = 3, count: int = 2) -> Tensor:
    size = 75 if name == "inception_v3" else 32
    generator = torch.Generator().manual_seed(0)
    return torch.rand(count, channels, size, size, generator=generator) * 2 - 1


@pytest.mark.parametrize("name", BACKBONES)
@torch.no_grad()
def test_every_name_builds_and_shapes_agree(name: str) -> None:
    with torch.device("meta"):
        model = Backbone(name, 530, seed=0)
        features = model.features(torch.empty(2, 3, 80, 96))
    assert features.ndim == 2 and model.head(features).shape == (2, 530)


def test_torchvision_computes_the_same_on_the_scale_of_its_weights() -> None:
    model, plain = Backbone("resnet18", 7, seed=0).eval(), get_model("resnet18", num_classes=7).eval()
    state = {name.removeprefix("trunk."): tensor for name, tensor in model.trunk.state_dict().items()}
    plain.load_state_dict(state | {"fc.weight": model.head.weight, "fc.bias": model.head.bias})
    images = some_images("resnet18")
    mean, deviation = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])[..., None, None]
    torch.testing.assert_close(model(images), plain(((images + 1) / 2 - mean) / deviation))


def test_inception_sees_the_images_as_they_are() -> None:
    model, seen = Backbone("inception_v3", 7, seed=0).eval(), []
    model.trunk.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    images = some_images("inception_v3")
    model(images)
    torch.testing.assert_close(seen[0], images, atol=1e-6, rtol=0)
    assert not model.trunk.transform_input
    assert model.train()(images).shape == (2, 7)  # and no auxiliary logits beside them


def test_grey_is_shown_to_all_three_colours() -> None:
    grey, colour = Backbone("resnet18", 7, seed=0, channels=1).eval(), Backbone("resnet18", 7, seed=0).eval()
    images = some_images("resnet18", channels=1)
    assert grey.channels == 1
    torch.testing.assert_close(grey(images), colour(images.expand(-1, 3, -1, -1)))


def test_small_stem_keeps_the_picture_large() -> None:
    sizes = []
    for stem in ("imagenet", "small"):
        model = Backbone("resnet18", 7, seed=0, stem=stem).eval()
        model.trunk.layer4.register_forward_hook(lambda *call: sizes.append(tuple(call[2].shape[2:])))
        assert model(some_images("resnet18")).shape == (2, 7)
    assert sizes == [(1, 1), (4, 4)]


def test_transplant_from_another_network_changes_nothing() -> None:
    model = Backbone("resnet18", 4, seed=0)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    expected = r"built like this one, expected trunk\.conv1\.weight of shape \(64, 3, 7, 7\), got \(64, 3, 3, 3\)"
    with pytest.raises(ValueError, match=expected):
        transplant(model, Backbone("resnet18", 4, seed=1, stem="small").state_dict())
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


@pytest.fixture
def downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that torchvision downloads to, empty, on a machine without a network."""

    def fail(*_: object, **__: object) -> None:
        raise urllib.error.URLError("no network")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.download_url_to_file", fail)
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def downloaded(folder: Path, name: str) -> Path:
    return folder / Path(get_model_weights(name)["IMAGENET1K_V1"].url).name


@pytest.mark.parametrize("name", ["resnet18", "inception_v3"])
def test_pretrained_weights(downloads: Path, name: str) -> None:
    """A file of random weights in the place of ImageNet's, which torchvision's own loader reads."""
    options = {"init_weights": False} if name == "inception_v3" else {}
    published = get_model(name, **options).state_dict()
    torch.save(published, downloaded(downloads, name))
    model = Backbone(name, 7, seed=0, channels=1, pretrained=True)
    trunk = model.trunk.state_dict()
    assert {key for key in published if key not in trunk} == {
        key for key in published if key.startswith(("fc.", "AuxLogits."))
    }
    assert all(torch.equal(tensor, published[key]) for key, tensor in trunk.items())
    assert model(some_images(name, channels=1)).shape == (2, 7)  # logits alone, though it trains


def test_pretrained_without_a_network_or_with_half_a_file(downloads: Path) -> None:
    sentence = r"^ImageNet's weights for resnet18 cannot be had \(.*\): check the network, delete .*resnet18.*\.pth if"
    with pytest.raises(DataError, match=sentence) as caught:
        Backbone("resnet18", 7, seed=0, pretrained=True)
    assert "no network" in str(caught.value) and str(caught.value).endswith("or take pretrained=False.")
    path = downloaded(downloads, "resnet18")
    torch.save(get_model("resnet18").state_dict(), path)
    for content in (path.read_bytes()[:-5000], b"", pickle.dumps(None)):
        path.write_bytes(content)
        with pytest.raises(DataError, match=sentence) as caught:
            Backbone("resnet18", 7, seed=0, pretrained=True)
        assert "\n" not in str(caught.value)
