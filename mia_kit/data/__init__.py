"""Images with labels: `load("orl")`, `load("celeba_id", size=64)`.

Nothing is downloaded here: some sets come inside Python packages, whose files are read without importing them; the
others lie in the folders named by MIA_KIT_DATA, which are only read, or in the cache folder. A file of this room is
imported when a name of it is asked for: folders can be found without waiting for torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mia_kit.data.duplicates import near_duplicate_groups
    from mia_kit.data.folders import DataError, cache_folder, data_folders
    from mia_kit.data.image_set import DataCard, ImageSet
    from mia_kit.data.sources import load, names
    from mia_kit.data.splits import official_split, people_with, select_people

__all__ = [
    "DataCard", "DataError", "ImageSet", "cache_folder", "data_folders", "load", "names", "near_duplicate_groups",
    "official_split", "people_with", "select_people",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    for file in ("folders", "image_set", "sources", "splits", "duplicates") if name in __all__ else ():
        if hasattr(module := import_module(f"{__name__}.{file}"), name):
            return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
