"""FaceNet's embedder as the papers use it: Inception-ResNet-v1, trained on VGGFace2, 512 numbers of length 1.

The network is that of Szegedy, Ioffe, Vanhoucke and Alemi (AAAI 2017, figures 10 to 14) in the form of D. Sandberg's
facenet: five, ten and six residual inception blocks, scaled down before they are added, a picture of 160 pixels, batch
norm after every convolution. Layers have the names of the weights published by the project facenet-pytorch, which
`data_scripts/fetch_evaluators.py` fetches. Like `FaceEmbedder` it takes images in [-1, 1] and resizes them itself.

It is written from the paper and tested with random weights; we never had the published ones.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool2d, normalize

from mia_kit import check
from mia_kit.data.folders import DataError
from mia_kit.data.inventory import FACENET
from mia_kit.models.foreign import read_weights
from mia_kit.models.weights import set_weights

SIZE = 160
DIMENSIONS = 512
# How the training pictures, from 0 to 255, were moved: (picture - 127.5) / 128.
_SCALE = 127.5 / 128
_EPSILON = 1e-3  # of every batch norm
_CLASSIFIER = "logits."  # the published file also has the layer that named VGGFace2's 8,631 people

Kernel = int | tuple[int, int]


class FaceNet(nn.Module):
    """The network with untrained weights; `load_facenet` gives the trained one."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d_1a = _Convolution(3, 32, 3, stride=2)
        self.conv2d_2a = _Convolution(32, 32, 3)
        self.conv2d_2b = _Convolution(32, 64, 3, padding=1)
        self.conv2d_3b = _Convolution(64, 80, 1)
        self.conv2d_4a = _Convolution(80, 192, 3)
        self.conv2d_4b = _Convolution(192, 256, 3, stride=2)
        self.repeat_1 = nn.Sequential(*(_Residual(_small_branches(), 256, 96, scale=0.17) for _ in range(5)))
        self.mixed_6a = _Branches(
            _Convolution(256, 384, 3, stride=2),
            nn.Sequential(
                _Convolution(256, 192, 1), _Convolution(192, 192, 3, padding=1), _Convolution(192, 256, 3, stride=2)
            ),
        )
        self.repeat_2 = nn.Sequential(*(_Residual(_long_branches(896, 128, 7), 896, 256, scale=0.1) for _ in range(10)))
        self.mixed_7a = _Branches(
            nn.Sequential(_Convolution(896, 256, 1), _Convolution(256, 384, 3, stride=2)),
            nn.Sequential(_Convolution(896, 256, 1), _Convolution(256, 256, 3, stride=2)),
            nn.Sequential(
                _Convolution(896, 256, 1), _Convolution(256, 256, 3, padding=1), _Convolution(256, 256, 3, stride=2)
            ),
        )
        self.repeat_3 = nn.Sequential(
            *(_Residual(_long_branches(1792, 192, 3), 1792, 384, scale=0.2) for _ in range(5))
        )
        self.block8 = _Residual(_long_branches(1792, 192, 3), 1792, 384, scale=1.0, rectified=False)
        self.last_linear = nn.Linear(1792, DIMENSIONS, bias=False)
        self.last_bn = nn.BatchNorm1d(DIMENSIONS, eps=_EPSILON)

    def forward(self, images: Tensor) -> Tensor:
        """Embeddings of shape (n, 512), each of length 1, of images (n, 1 or 3, h, w) in [-1, 1]: faces with margin."""
        check.one_of("channels", check.floats("images", images, ("n", "channels", "h", "w")).shape[1], (1, 3))
        if images.shape[2:] != (SIZE, SIZE):
            images = interpolate(images, size=(SIZE, SIZE), mode="bilinear", antialias=True, align_corners=False)
        x = self.conv2d_2b(self.conv2d_2a(self.conv2d_1a(images.expand(-1, 3, -1, -1) * _SCALE)))
        x = self.conv2d_3b(max_pool2d(x, 3, stride=2))  # (n, 80, 38, 38)
        x = self.repeat_1(self.conv2d_4b(self.conv2d_4a(x)))  # (n, 256, 17, 17)
        x = self.repeat_2(self.mixed_6a(x))  # (n, 896, 8, 8)
        x = self.block8(self.repeat_3(self.mixed_7a(x)))  # (n, 1792, 3, 3)
        return normalize(self.last_bn(self.last_linear(x.mean(dim=(2, 3)))))


class _Convolution(nn.Module):
    """Convolution, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: Kernel, *, stride: int = 1, padding: Kernel = 0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=_EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x)).relu()


class _Branches(nn.Module):
    """Modules of stride 2 that see the same input, `branch0` and so on; their answers and a pooling side by side."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        for place, branch in enumerate(branches):
            self.add_module(f"branch{place}", branch)
        self.count = len(branches)

    def apart(self, x: Tensor) -> list[Tensor]:
        """The answer of each branch."""
        return [self.get_submodule(f"branch{place}")(x) for place in range(self.count)]

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([*self.apart(x), max_pool2d(x, 3, stride=2)], dim=1)


class _Residual(_Branches):
    """Inception branches, brought back to the input's channels, scaled and added to it."""

    def __init__(
        self, branches: list[nn.Module], channels: int, together: int, *, scale: float, rectified: bool = True
    ) -> None:
        super().__init__(*branches)
        self.conv2d = nn.Conv2d(together, channels, 1)
        self.scale, self.rectified = scale, rectified

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.scale * self.conv2d(torch.cat(self.apart(x), dim=1))
        return x.relu() if self.rectified else x


def _small_branches() -> list[nn.Module]:
    """Of the blocks at 17 x 17: one, two and three convolutions."""
    return [
        _Convolution(256, 32, 1),
        nn.Sequential(_Convolution(256, 32, 1), _Convolution(32, 32, 3, padding=1)),
        nn.Sequential(_Convolution(256, 32, 1), _Convolution(32, 32, 3, padding=1), _Convolution(32, 32, 3, padding=1)),
    ]


def _long_branches(inputs: int, outputs: int, length: int) -> list[nn.Module]:
    """Of the later blocks: one convolution, and one across and one down after another."""
    half = length // 2
    return [
        _Convolution(inputs, outputs, 1),
        nn.Sequential(
            _Convolution(inputs, outputs, 1),
            _Convolution(outputs, outputs, (1, length), padding=(0, half)),
            _Convolution(outputs, outputs, (length, 1), padding=(half, 0)),
        ),
    ]


def load_facenet() -> FaceNet:
    """The trained network of `facenet/vggface2.pt` in evaluation mode, frozen; no code in the file is run.

    DataError if it is absent, damaged, or holds other weights.
    """
    path, model = FACENET.path(), FaceNet()
    try:
        weights = read_weights(path)
        set_weights(model, {name: weight for name, weight in weights.items() if not name.startswith(_CLASSIFIER)})
    except ValueError as problem:
        raise DataError(f"{path} is damaged, or no FaceNet ({problem}): delete it and fetch it again.") from problem
    return model.eval().requires_grad_(False)
