"""Foreign classifiers of five kinds, and folders of pictures of people who do not exist, for the tests of the audit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn

from mia_kit.attacks.prior_to_target import resize
from mia_kit.data.pictures import to_bytes, to_floats
from mia_kit.models.convolutional_gan import ConvolutionalPrior
from mia_kit.models.foreign import torchvision_network
from mia_kit.models.priors import Prior
from mia_kit.training import fit
from mia_kit.training.prior import write_prior

SPREAD = 0.5  # of a picture from its identity; see mia_kit.studies.inversion.people


@dataclass(frozen=True)
class World:
    """Folders `train` and `unseen` below `root`, and their pictures as uint8 tensors with the classes."""

    root: Path
    train: tuple[Tensor, Tensor]
    unseen: tuple[Tensor, Tensor]


def draw_world(
    root: Path, prior: Prior, *, classes: int, per_class: int, size: int, grey: bool = False, spread: float = SPREAD
) -> World:
    """As many pictures of each class for training as unseen ones, written as PNG."""
    random = torch.Generator().manual_seed(classes)
    identities = torch.randn(classes, 1, prior.latent_size, generator=random)
    noise = torch.randn(classes, 2 * per_class, prior.latent_size, generator=random)
    latents = ((1 - spread**2) ** 0.5 * identities + spread * noise).flatten(0, 1)
    with torch.no_grad():
        parts = [prior.synthesise(prior.map(part)) for part in latents.split(64)]
    images = torch.cat([to_bytes(resize(part.mean(1, keepdim=True) if grey else part, (size, size))) for part in parts])
    images = images.view(classes, 2 * per_class, *images.shape[1:])
    sides = []
    for side, rows in (("train", images[:, :per_class]), ("unseen", images[:, per_class:])):
        for label, pictures in enumerate(rows):
            folder = root / side / f"person {label:03}"
            folder.mkdir(parents=True, exist_ok=True)
            for place, picture in enumerate(pictures):
                save(picture, folder / f"{place}.png")
        sides.append((rows.flatten(0, 1), torch.arange(classes).repeat_interleave(per_class)))
    return World(root, *sides)


def save(picture: Tensor, path: Path) -> None:
    """A uint8 picture (channels, h, w) as PNG."""
    pixels: np.ndarray = picture.permute(1, 2, 0).numpy()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(path)


def random_prior(path: Path, *, size: int = 32, channels: int = 3) -> Prior:
    """A generator with random weights, which draws patterns, written to `path`."""
    prior = ConvolutionalPrior(seed=0, latent_size=16, image_size=(channels, size, size), width=8)
    with torch.no_grad():  # the statistics of its batch norm are those of its own codes
        for _ in range(20):
            prior(torch.randn(64, 16))
    prior.eval().requires_grad_(False)
    write_prior(prior, path, width=8)
    return prior


class Normalised(nn.Module):
    """What a training script does: pictures in [0, 1], less their mean of 0.5, over their deviation of 0.25."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        return self.network((images / 2 + 0.5 - 0.5) / 0.25)


def train(network: nn.Module, pictures: tuple[Tensor, Tensor], *, epochs: int, rate: float = 2e-3) -> nn.Module:
    """A training script of somebody else: no augmentation, hard labels."""
    fit(
        Normalised(network),
        to_floats(pictures[0]),
        pictures[1],
        seed=0,
        epochs=epochs,
        batch_size=32,
        learning_rate=rate,
        progress=False,
    )
    return network.eval()


def plain_network(classes: int, channels: int = 3, width: int = 16) -> nn.Sequential:
    """A plain `nn.Sequential`."""
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, 2, 1), nn.BatchNorm2d(width), nn.ReLU(),
        nn.Conv2d(width, 2 * width, 3, 2, 1), nn.BatchNorm2d(2 * width), nn.ReLU(),
        nn.Conv2d(2 * width, 4 * width, 3, 2, 1), nn.BatchNorm2d(4 * width), nn.ReLU(),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16 * width, 64), nn.ReLU(), nn.Linear(64, classes),
    )  # fmt: skip


def configuration(world: World, model: dict[str, Any], *, size: int, colours: int = 3, **more: Any) -> dict[str, Any]:
    """The configuration of an audit of a classifier that `train` made."""
    pictures = {
        "train": str(world.root / "train"),
        "unseen": str(world.root / "unseen"),
        "size": size,
        "colours": colours,
        "mean": [0.5],
        "deviation": [0.25],
    }
    return {"pictures": pictures, "model": model, "out": str(world.root / "out"), **more}


@dataclass(frozen=True)
class Case:
    """A classifier: how it is handed over, of how many classes, of how many pictures of each, at which size."""

    kind: str
    classes: int
    per_class: int
    size: int
    grey: bool = False


CASES = (
    Case("resnet18", 4, 5, 32),
    Case("mobilenet_v3_small", 3, 5, 64),
    Case("sequential", 12, 4, 32, grey=True),
    Case("torchscript", 2, 6, 48),
    Case("onnx", 4, 5, 32),
)


def make(case: Case, folder: Path, prior: Prior) -> dict[str, Any]:
    """Draw the pictures, train the classifier, write it as its kind is written; the configuration of its audit."""
    world = draw_world(folder, prior, classes=case.classes, per_class=case.per_class, size=case.size, grey=case.grey)
    channels = 1 if case.grey else 3
    network: nn.Module = plain_network(case.classes, channels)
    if case.kind in ("resnet18", "mobilenet_v3_small"):
        network = torchvision_network(case.kind, case.classes, seed=0)
    train(network, world.train, epochs=1)
    model: dict[str, Any] = {}
    if case.kind == "sequential":
        save_file(network.state_dict(), folder / "weights.safetensors")
        arguments = {"classes": case.classes, "channels": channels}
        weights = str(folder / "weights.safetensors")
        model = {"module": "foreign:plain_network", "arguments": arguments, "weights": weights}
    elif case.kind == "torchscript":
        torch.jit.save(torch.jit.script(network), folder / "model.ts")
        model = {"torchscript": str(folder / "model.ts")}
    elif case.kind == "onnx":
        write_onnx(network, folder / "model.onnx", (channels, case.size, case.size))
        model = {"onnx": str(folder / "model.onnx")}
    else:
        torch.save({"state_dict": network.state_dict(), "epoch": 1}, folder / "weights.pt")
        model = {"torchvision": case.kind, "weights": str(folder / "weights.pt")}
    return configuration(world, model, size=case.size, colours=channels)


def write_onnx(network: nn.Module, path: Path, shape: tuple[int, ...]) -> None:
    """The plain network as an ONNX file, operator by operator: PyTorch's own exporter needs more packages."""
    from onnx import TensorProto, helper, numpy_helper, save

    nodes, weights, last, pool = [], [], "pictures", [shape[1] // 16] * 2
    for place, layer in enumerate(network):  # type: ignore[arg-type]
        name, names = f"layer{place}", list[str]()
        state = {key: tensor for key, tensor in layer.state_dict().items() if tensor.ndim}
        for key, tensor in state.items():
            weights.append(numpy_helper.from_array(tensor.numpy(), f"{name}.{key}"))
            names.append(f"{name}.{key}")
        kind, options = {
            nn.Conv2d: ("Conv", {"strides": [2, 2], "pads": [1, 1, 1, 1]}),
            nn.BatchNorm2d: ("BatchNormalization", {}),
            nn.ReLU: ("Relu", {}),
            nn.AdaptiveAvgPool2d: ("AveragePool", {"kernel_shape": pool, "strides": pool}),
            nn.Flatten: ("Flatten", {}),
            nn.Linear: ("Gemm", {"transB": 1}),
        }[type(layer)]
        nodes.append(helper.make_node(kind, [last, *names], [name], **options))
        last = name
    given = helper.make_tensor_value_info("pictures", TensorProto.FLOAT, ["n", *shape])
    answer = helper.make_tensor_value_info(last, TensorProto.FLOAT, ["n", None])
    graph = helper.make_graph(nodes, "classifier", [given], [answer], weights)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
