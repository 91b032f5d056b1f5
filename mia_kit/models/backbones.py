"""The papers' large classifiers: torchvision's networks with our own last layer.

Targets and evaluators of Struppek, Hintersdorf and Kersting (ICLR 2024) and of Plug & Play Attacks (Struppek et al.,
ICML 2022). Differences from theirs: images are moved from [-1, 1] to the scale that ImageNet's weights were trained on,
where theirs enter as they are; a grey picture is shown to all three colours; and Inception-v3 has no auxiliary
classifier, so that every network returns logits alone.

torchvision is imported when a network is built, not before.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mia_kit import check
from mia_kit.data.folders import DataError
from mia_kit.models.classifier import Classifier, check_classes, check_pictures
from mia_kit.seeds import seeded

RESNETS = ("resnet18", "resnet50", "resnet101", "resnet152")
BACKBONES = (*RESNETS, "resnext50_32x4d", "densenet121", "densenet169", "inception_v3", "efficientnet_b0")
# Pixels of the shorter side: the other networks halve a picture five times, Inception-v3 does not pad.
MIN_SIZE = 32
MIN_SIZE_INCEPTION = 75
# The last layer's name in torchvision's networks.
_HEADS = {"densenet121": "classifier", "densenet169": "classifier", "efficientnet_b0": "classifier.1"}
# torchvision has newer weights for some of the networks, but these for all.
_IMAGENET = "IMAGENET1K_V1"
# Colours in [0, 1] of the training images of those weights.
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Backbone(Classifier):
    """One of torchvision's networks up to its penultimate layer, the `trunk`, and a new linear layer, the `head`.

    `pretrained` begins with ImageNet's weights, which torchvision downloads on first use; DataError if it cannot. The
    stem "small" begins with a 3 x 3 convolution of stride 1 and no pooling, for a ResNet on pictures of 32 to 64
    pixels; its weights are never pretrained.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self, name: str, classes: int, *, seed: int, channels: int = 3, pretrained: bool = False, stem: str = "imagenet"
    ) -> None:
        super().__init__()
        check.one_of("name", name, BACKBONES)
        channels, classes = check_classes(channels, classes)
        check.one_of(f"stem of {name}", stem, ("imagenet", "small") if name in RESNETS else ("imagenet",))
        self.name, self.channels = name, channels
        self.min_size = MIN_SIZE_INCEPTION if name == "inception_v3" else MIN_SIZE
        with seeded(seed):
            self.trunk = _network(name, pretrained=pretrained)
            if stem == "small":
                _shrink_stem(self.trunk)
            last = _HEADS.get(name, "fc")
            linear = self.trunk.get_submodule(last)
            assert isinstance(linear, nn.Linear)
            self.head = nn.Linear(linear.in_features, classes)
            self.trunk.set_submodule(last, nn.Identity())
        # Inception-v3's weights come from TensorFlow and were trained on [-1, 1].
        plain = name == "inception_v3"
        mean, deviation = ((0.5,) * 3, (0.5,) * 3) if plain else (_MEAN, _DEVIATION)
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(deviation).view(1, 3, 1, 1), persistent=False)

    def features(self, images: Tensor) -> Tensor:
        """Penultimate activations, a Tensor of shape (n, d), of images of shape (n, channels, h, w) in [-1, 1].

        None is negative, but EfficientNet's may be slightly. In training mode, Inception-v3 and EfficientNet drop some
        of them. h and w must be at least 32, 75 for Inception-v3.
        """
        check_pictures(images, self.channels, self.min_size)
        colours = (images / 2 + 0.5 - self.mean) / self.deviation  # (n, 3, h, w), grey spread over all three
        return self.trunk(colours)


def _network(name: str, *, pretrained: bool) -> nn.Module:
    """torchvision's network for ImageNet's 1,000 classes."""
    from torchvision.models import get_model, get_model_weights

    options: dict[str, Any] = {}
    if name == "inception_v3":
        # torchvision reads its weights into a network with the auxiliary classifier only.
        options = {"transform_input": False, "aux_logits": pretrained, "init_weights": not pretrained}
    try:
        network: nn.Module = get_model(name, weights=_IMAGENET if pretrained else None, **options)
    except Exception as problem:  # no network, a full disk, a wrong hash, half a file: each its own class
        if not pretrained:
            raise
        file = Path(torch.hub.get_dir()) / "checkpoints" / Path(get_model_weights(name)[_IMAGENET].url).name
        reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise DataError(
            f"ImageNet's weights for {name} cannot be had ({reason}): check the network, delete {file} if it is there, "
            "and try again, or take pretrained=False."
        ) from problem
    if name == "inception_v3":
        network.aux_logits, network.AuxLogits = False, None  # type: ignore[assignment]
    return network


def _shrink_stem(resnet: nn.Module) -> None:
    """A 3 x 3 convolution of stride 1 instead of 7 x 7 of stride 2 and pooling (He et al., CVPR 2016, section 4.2)."""
    convolution = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    resnet.conv1, resnet.maxpool = convolution, nn.Identity()
