"""A recipe of the poisoning table that runs in a second, on pictures in which a class is a shade."""

from typing import Any

import numpy as np

from mia_kit.data import DataCard, ImageSet

RECIPE: dict[str, Any] = {
    "experiment": "poisoning_table",
    "data": {
        "name": "digits",
        "size": 16,
        "private_classes": 5,
        "training": 40,
        "judging": 40,
        "test": 24,
        "private": 12,
        "half": 24,
    },
    "seeds": 2,
    "classifiers": {
        "plain": {"blocks": 3, "width": 2, "hidden": 8},
        "mid 0.01": {"blocks": 3, "width": 2, "hidden": 8, "mid": 0.01},
    },
    "classifier_training": {"epochs": 1, "batch_size": 8, "learning_rate": 0.001},
    "evaluator": {"blocks": 3, "width": 3, "hidden": 8},
    "decoders": {
        "usual": {"blocks": 3, "width": 2},
        "psnr": {"blocks": 3, "width": 2, "error": "psnr"},
        "guidance 1": {"diffusion": [4, 8], "guidance": 1.0, "steps": 2, "training": {"epochs": 1, "batch_size": 8}},
    },
    "decoder_training": {"epochs": 1, "batch_size": 8, "learning_rate": 0.003},
    "poison": {"bound": 0.1, "rounds": 2, "rate": 0.2, "threshold": 0.9, "autoencoder": {"epochs": 1, "batch_size": 8}},
    "rows": {
        "none": {},
        "LPA": {"defence": "lpa"},
        "LFP": {"defence": "lfp"},
        "MID": {"classifier": "mid 0.01"},
        "LPA by VAE": {"defence": "vae"},
        "Poi_MSE": {"defence": "poi_mse"},
        "PGD": {"defence": "pgd"},
        "rounded": {"defence": "rounding", "strength": 1},
        "LPA, self": {"defence": "lpa", "adaptation": "self"},
        "LPA, noise": {"defence": "lpa", "adaptation": "noise"},
        "LPA, asked twice": {"defence": "lpa", "repeats": 2},
        "LPA, the other half": {"defence": "lpa", "half": 1, "substitute": "psnr"},
    },
}


def shades(classes: int, each: int, *, size: int = 16) -> ImageSet:
    """Pictures with one shade and some noise for each class."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(classes), each)
    flat = 20 + labels * 200 // classes
    images = (flat[:, None, None] + random.integers(0, 30, (len(labels), size, size))).astype(np.uint8)
    return ImageSet(images, labels, tuple(map(str, range(classes))), DataCard.read("digits"))
