"""Zip archives from elsewhere: nothing they hold lands outside the folder, and a bomb is refused in time.

For archives whose content nobody has pinned with a sha256: CelebA's is placed by hand, GTSRB's have an md5.
"""

from __future__ import annotations

import zipfile
from pathlib import Path, PureWindowsPath

from mia_kit.data.archives import appearing
from mia_kit.data.folders import DataError

# The largest archive of `data_scripts/` unpacks to 1.5 GB.
MAX_BYTES = 4 * 10**9
# Photographs hardly shrink; a bomb of zeros shrinks a thousandfold.
MAX_RATIO = 100
# Below this an archive is no bomb, whatever its ratio.
SMALL = 1 << 20


def unpack(archive: Path, target: Path, *, inside: str) -> None:
    """The folder `inside` of a zip becomes `target`, whole or not at all. Nothing happens if `target` is there.

    DataError if the archive is damaged, may be a bomb, names a place outside its folder, lacks the folder `inside`, or
    the disk is full.
    """
    if target.is_dir():
        return
    with appearing(target, inside) as folder:
        try:
            with zipfile.ZipFile(archive) as content:
                _check(archive, content.infolist())
                # zipfile stops at the length that a member states, checks its sum, and makes no links.
                content.extractall(folder)
        except OSError:
            raise
        except Exception as problem:  # each kind of damage, and each method that zipfile lacks, has a class of its own
            raise DataError(f"{archive} cannot be unpacked ({problem}): get it again.") from problem
        if not (folder / inside).is_dir():
            raise DataError(f"{archive} should hold the folder {inside}, got none: get it again.")


def _check(archive: Path, members: list[zipfile.ZipInfo]) -> None:
    limit = min(MAX_BYTES, max(SMALL, MAX_RATIO * archive.stat().st_size))
    if sum(member.file_size for member in members) > limit:
        told = f"{archive} should unpack to at most {limit / 1e6:,.0f} MB, got more"
        raise DataError(f"{told}: it may be a bomb, do not use this archive.")
    for member in members:
        path = PureWindowsPath(member.filename)  # knows both slashes, and drives
        if path.anchor or path.drive or ".." in path.parts:
            outside = f"holds {member.filename!a}, which points outside its folder"
            raise DataError(f"{archive} {outside}: do not use this archive.")
