"""Images with labels, one file per source: `load("orl")`, `load("celeba_id", size=64)`.

Nothing is downloaded here: some sets come inside Python packages, whose files are read without importing them; the
others lie in the folders named by MIA_KIT_DATA, which are only read, or in the cache folder.

A file of this room is imported when a name of it is asked for: folders can be found without waiting for torch. So no
file may be called as one of these names is.
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

FILES = {
    "duplicates": ["near_duplicate_groups"],
    "folders": ["DataError", "cache_folder", "data_folders"],
    "image_set": ["DataCard", "ImageSet"],
    "sources": ["load", "names"],
    "splits": ["official_split", "people_with", "select_people"],
}
__all__ = [
    "DataCard",
    "DataError",
    "ImageSet",
    "cache_folder",
    "data_folders",
    "load",
    "names",
    "near_duplicate_groups",
    "official_split",
    "people_with",
    "select_people",
]


def __getattr__(name: str) -> Any:
    for file, names_in_file in FILES.items():
        if name in names_in_file:
            return getattr(import_module(f"{__name__}.{file}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
