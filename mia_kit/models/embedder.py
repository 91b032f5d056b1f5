"""A face embedder of 128 numbers, independent of every target: two photographs of one person lie near each other.

The network is dlib's face recognition net (a residual network of 29 layers, D. King 2017) as ported to JavaScript by
the project face-api, whose weights of 8 bits are read here. Each convolution and the scale after it are folded into one
convolution. A target never sees this network: it is the independent check beside an evaluator's accuracy.
"""

from __future__ import annotations

import json
import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, max_pool2d, pad

from mia_kit import check
from mia_kit.data.archives import DataFile
from mia_kit.data.folders import DataError
from mia_kit.models.batches import in_batches

MANIFEST = DataFile(
    "face_embed128",
    "face_recognition_model-weights_manifest.json",
    "cbaffa501b0b9275a12b63357a6843e7e30c054e1c9151e1a5f879b26e32986b",
)
WEIGHTS = DataFile(
    "face_embed128", "face_recognition_model.bin", "b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589"
)
SIZE = 150
DIMENSIONS = 128
_MEAN = (122.782, 117.001, 104.298)
# (name, input channels, output channels, halves the picture)
_BLOCKS = (
    *[(f"conv32_{i}", 32, 32, False) for i in (1, 2, 3)],
    ("conv64_down", 32, 64, True),
    *[(f"conv64_{i}", 64, 64, False) for i in (1, 2, 3)],
    ("conv128_down", 64, 128, True),
    *[(f"conv128_{i}", 128, 128, False) for i in (1, 2)],
    ("conv256_down", 128, 256, True),
    *[(f"conv256_{i}", 256, 256, False) for i in (1, 2)],
    ("conv256_down_out", 256, 256, True),
)


class FaceEmbedder(nn.Module):
    """The network with untrained weights; `load_embedder` gives the trained one."""

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(_MEAN).view(1, 3, 1, 1))
        self.stem = nn.Conv2d(3, 32, 7, stride=2)
        self.blocks = nn.ModuleDict(
            {name: _Block(inputs, outputs, halves) for name, inputs, outputs, halves in _BLOCKS}
        )
        self.head = nn.Linear(256, DIMENSIONS, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        """Embeddings of shape (n, 128) of images (n, 1 or 3, h, w) in [-1, 1]: faces with a little margin."""
        check.one_of("channels", check.floats("images", images, ("n", "channels", "h", "w")).shape[1], (1, 3))
        if images.shape[2:] != (SIZE, SIZE):
            images = interpolate(images, size=(SIZE, SIZE), mode="bilinear", antialias=True, align_corners=False)
        x = ((images.expand(-1, 3, -1, -1) + 1) * 127.5 - self.mean) / 255
        x = max_pool2d(self.stem(x).relu(), 3, stride=2)  # (n, 32, 35, 35)
        for block in self.blocks.values():
            x = block(x)
        return self.head(x.mean(dim=(2, 3)))


class _Block(nn.Module):
    """Two 3 x 3 convolutions and a shortcut, which halves the picture and adds empty channels where it has to."""

    def __init__(self, inputs: int, outputs: int, halves: bool) -> None:
        super().__init__()
        self.halves = halves
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=2 if halves else 1, padding=0 if halves else 1)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2(self.conv1(x).relu())
        if self.halves:
            x = avg_pool2d(x, 2)
            # The convolution gives one row and column less than the pooling where the picture has an even side.
            y = pad(y, (0, x.shape[3] - y.shape[3], 0, x.shape[2] - y.shape[2]))
            x = pad(x, (0, 0, 0, 0, 0, y.shape[1] - x.shape[1]))
        return (x + y).relu()


def load_embedder() -> FaceEmbedder:
    """The trained network in evaluation mode, frozen. DataError if a file in `face_embed128` is absent or damaged."""
    tensors = _read_weights()
    model = FaceEmbedder()
    _set_convolution(model.stem, tensors, "conv32_down")
    for name, block in model.blocks.items():
        for convolution in ("conv1", "conv2"):
            _set_convolution(getattr(block, convolution), tensors, f"{name}/{convolution}")
    model.head.weight.data = tensors.pop("fc").T.contiguous()
    if tensors:
        raise DataError(f"{WEIGHTS.name} holds weights that no layer takes: {', '.join(tensors)}.")
    return model.eval().requires_grad_(False)


def embed(model: FaceEmbedder, images: Tensor) -> Tensor:
    """Embeddings of shape (n, 128) of many images, batch by batch, without gradients."""
    return in_batches(model, images, batch_size=64)


def same_person_threshold(false_match_rate: float, strangers: np.ndarray) -> float:
    """The distance below which at most the share `false_match_rate`, in (0, 1), of pairs of strangers falls.

    `strangers` are distances between photographs of two different people, of shape (n,), n at least the rate's inverse.
    """
    false_match_rate = check.in_range("false_match_rate", false_match_rate, 0, 1, open_ends="both")
    strangers = check.array("strangers", strangers, ("n",))
    allowed = math.floor(false_match_rate * len(strangers) + 1e-9)  # 0.01 of 300 pairs is 3, not 2.9999
    if not 0 < allowed < len(strangers):
        raise ValueError(
            f"a false match rate of {false_match_rate} needs at least {math.ceil(1 / false_match_rate)} pairs of "
            f"strangers, got {len(strangers)} instead"
        )
    return float(np.partition(strangers, allowed)[allowed])


def _read_weights() -> dict[str, Tensor]:
    """Every tensor of the file by name: most of 8 bits, stretched by their own scale from their own minimum."""
    entries = json.loads(MANIFEST.checked().read_text(encoding="utf-8"))[0]["weights"]
    content = WEIGHTS.checked().read_bytes()
    tensors, place = {}, 0
    for entry in entries:
        count = math.prod(entry["shape"])
        stretch = entry.get("quantization")
        kind = np.dtype("uint8" if stretch else "<f4")
        numbers = np.frombuffer(content, kind, count, place).astype(np.float32)
        place += count * kind.itemsize
        if stretch:
            numbers = numbers * np.float32(stretch["scale"]) + np.float32(stretch["min"])
        tensors[entry["name"]] = torch.from_numpy(numbers.reshape(entry["shape"]))
    if place != len(content):
        raise DataError(f"{WEIGHTS.name} should hold {place} bytes, got {len(content)} instead: get it again.")
    return tensors


def _set_convolution(layer: nn.Conv2d, tensors: dict[str, Tensor], name: str) -> None:
    """Fold `scale * (filters * x + bias) + shift` into one convolution. Filters come as (h, w, in, out)."""
    scale, shift = tensors.pop(f"{name}/scale/weights"), tensors.pop(f"{name}/scale/biases")
    filters, bias = tensors.pop(f"{name}/conv/filters"), tensors.pop(f"{name}/conv/bias")
    layer.weight.data = (filters * scale).permute(3, 2, 0, 1).contiguous()
    assert layer.bias is not None
    layer.bias.data = bias * scale + shift
