"""Public photographs, of people whom no attack of the course is after: what classifiers are pretrained on."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from mia_kit.data.aligned import load_aligned


def public_people(size: int = 64) -> tuple[Tensor, Tensor]:
    """Public photographs for pretraining: uint8 Tensor of shape (n, 3, size, size) and int64 labels of shape (n,).

    A class is a person of `lfw_ge8`, a person of `celeba10k`, or, in `utkface`, which has no identities, all people of
    one gender, race and quarter of the ages; classes of a single photograph are left out. `celeba10k` has nobody of
    `celeba_id`; of the other two sets that cannot be checked. Not for attacks on `lfw_ge8` itself. Raises DataError as
    `mia_kit.data.load` does.
    """
    from mia_kit.data.utkface import attributes

    sets = [load_aligned(name, size) for name in ("lfw_ge8", "celeba10k", "utkface")]
    ages, genders, races = attributes(sets[2]).T
    quarters = np.searchsorted(np.quantile(ages, [0.25, 0.5, 0.75]), ages)
    groups = [sets[0].labels, sets[1].labels, (quarters * 2 + genders) * 6 + races + 1]
    images, labels, first = [], [], 0
    for faces, classes in zip(sets, groups, strict=True):
        counts = np.bincount(classes)
        kept = counts[classes] >= 2
        _, numbers = np.unique(classes[kept], return_inverse=True)
        images.append(faces.images[kept])
        labels.append(numbers + first)
        first += int(numbers.max()) + 1
    pictures = torch.from_numpy(np.concatenate(images)).permute(0, 3, 1, 2).contiguous()
    return pictures, torch.from_numpy(np.concatenate(labels))
