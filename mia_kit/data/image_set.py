"""What `load` returns: images, labels, the names of the classes and the card of the data set."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from importlib.resources import files
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mia_kit import check

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class DataCard:
    """Where a data set comes from and what its use demands. Displays as text in a notebook."""

    title: str
    origin: str
    people: str
    terms: str
    credit: str
    citation: str
    known_issues: tuple[str, ...]

    @classmethod
    def read(cls, name: str) -> DataCard:
        """The card kept beside the code, in `data/cards/<name>.yaml`."""
        return msgspec.yaml.decode(files("mia_kit.data").joinpath("cards", f"{name}.yaml").read_bytes(), type=cls)

    def _repr_markdown_(self) -> str:
        entries = [f"* *{entry.name.capitalize()}*: {getattr(self, entry.name)}" for entry in fields(self)[1:-1]]
        issues = [f"* *Known issue*: {issue}" for issue in self.known_issues]
        return "\n".join([f"**{self.title}**", "", *entries, *issues])


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Labelled images.

    images : uint8 array of shape (n, h, w) for grey or (n, h, w, 3) for colour, in [0, 255]
    labels : int64 array of shape (n,), in [0, len(class_names))
    class_names : one name per class, also for classes without images
    card : origin, consent, terms
    files : the name of each image's file within its source; empty where the source has no files
    """

    images: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]
    card: DataCard
    files: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        images, labels = self.images, self.labels
        if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.shape[3:] not in ((), (3,)):
            raise ValueError(
                f"images must be uint8 of shape (n, h, w) or (n, h, w, 3), got {check.brief(images)} instead"
            )
        check.shape("images", images, ("n", "h", "w", 3)[: max(images.ndim, 3)])
        if not isinstance(labels, np.ndarray) or labels.dtype != np.int64:
            raise ValueError(f"labels must be int64, got {check.brief(labels)} instead")
        if len(images) or len(labels):
            check.places("labels", labels, length=len(images), below=len(self.class_names))
        if self.files and len(self.files) != len(images):
            raise ValueError(f"files must name all {len(images)} images or none, got {len(self.files)} names instead")

    def __len__(self) -> int:
        return len(self.images)

    def subset(self, index: np.ndarray) -> ImageSet:
        """The images at `index`: integers or a mask of shape (n,). Class names stay, so labels keep their meaning."""
        files = tuple(self.files[place] for place in np.arange(len(self))[index]) if self.files else ()
        return replace(self, images=self.images[index], labels=self.labels[index], files=files)

    def crop(self, rows: slice, columns: slice) -> ImageSet:
        """The same part of every image, such as the face: a view, which copies no pixel."""
        return replace(self, images=self.images[:, rows, columns])

    def split_mask(self, per_class_train: int, *, seed: int) -> np.ndarray:
        """Choose `per_class_train` images of each class at random, so that some are left: bool of shape (n,)."""
        check.count("per_class_train", per_class_train)
        random = np.random.default_rng(seed)
        mask = np.zeros(len(self), dtype=bool)
        for label in np.unique(self.labels):
            members = random.permutation(np.flatnonzero(self.labels == label))
            if len(members) <= per_class_train:
                raise ValueError(
                    f"the class {self.class_names[label]!r} needs more than per_class_train = {per_class_train} images "
                    f"so that some are left to test on, got {len(members)} instead"
                )
            mask[members[:per_class_train]] = True
        return mask

    def split(self, per_class_train: int, *, seed: int) -> tuple[ImageSet, ImageSet]:
        """The images that `split_mask` chooses, and the others."""
        mask = self.split_mask(per_class_train, seed=seed)
        return self.subset(mask), self.subset(~mask)

    def to_tensor(self, size: tuple[int, int] | None = None) -> Tensor:
        """Float images of shape (n, channels, h, w) in [-1, 1], resized to `size` = (h, w) if that is given."""
        import torch
        from torch.nn.functional import interpolate

        from mia_kit.data.pictures import to_floats

        images = to_floats(torch.from_numpy(self.images.copy()))
        images = images.unsqueeze(1) if images.ndim == 3 else images.permute(0, 3, 1, 2)  # (n, channels, h, w)
        if size is None:
            return images
        return interpolate(images, size=size, mode="bilinear", antialias=True, align_corners=False)
