"""Fetch FaceScrub: read its lists of addresses, keep the pictures whose sha256 is the listed one, and crop the faces.

`python data_scripts/fetch_facescrub.py facescrub_actors.txt facescrub_actresses.txt`. The two lists are given to those
who ask at http://vintage.winklerbros.net/facescrub.html; no script can ask for you. Of their 106,863 addresses, most of
2014, many are dead.

1. prints the terms; 2. reads the lists (name, image_id, face_id, url, bbox, sha256, with tabs between); 3. asks several
hosts at once, each politely; 4. keeps the originals in `facescrub_originals/<sha256>` and writes the faces, cut out
along the listed box, to `facescrub/<Name>/<Name>_<image>_<face>.jpg`, where `mia_kit.data.load("facescrub")` reads
them; 5. writes dead links to `facescrub_originals/dead_links.tsv` and counts them by reason. Run it again after Ctrl-C,
a kill or a full disk: what is there is not fetched again, and a dead link is only tried again with `--retry`.

Never run against the lists' real hosts by us, only against a host of our tests.
"""

from __future__ import annotations

import argparse
import io
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from tqdm.auto import tqdm

from crawl import Journal, Link, Manners, crawl
from mia_kit.data.archives import sha256_of
from mia_kit.data.file_names import check_distinct, composed
from mia_kit.data.folders import DataError, fetch_folder, write_data
from mia_kit.data.lists import read_lines
from mia_kit.data.reading import EmptyBox, PictureError, TooManyPixels, read_picture
from mia_kit.terminal import script

TERMS = (
    "FaceScrub distributes addresses only; the photographs stay under their owners' copyright. Research and teaching "
    "use; its people, actors and actresses, were not asked. Show as few faces as a lesson needs."
)
# Of real people's names, none may lead out of its folder.
NAME = re.compile(r"\w[\w.' -]*")
QUALITY = 95
REASONS = {EmptyBox: "box outside the picture", TooManyPixels: "too many pixels", PictureError: "not a picture"}


@dataclass(frozen=True)
class Face:
    """One row of the lists: a face in a picture; the box is (left, top, right, bottom) in pixels."""

    person: str
    image: int
    face: int
    box: tuple[int, int, int, int]
    link: Link

    def path(self, root: Path) -> Path:
        """Where the face goes below the folder `facescrub`."""
        return root / self.person / f"{self.person}_{self.image}_{self.face}.jpg"


def read_list(path: Path) -> list[Face]:
    """All rows of a list. Raises DataError if it cannot be read, or a row is not one of it."""
    faces = []
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip() or (number == 1 and line.startswith("name\t")):
            continue
        try:
            faces.append(_face(line.split("\t")))
        except ValueError as problem:
            raise DataError(f"{path} should hold a face in line {number}, got {line[:60]!a} ({problem}).") from problem
    return faces


def _face(row: list[str]) -> Face:
    name, image, face, url, box, sha256 = (field.strip() for field in row)
    name = composed(name)
    left, top, right, bottom = (int(edge) for edge in box.split(","))
    if not NAME.fullmatch(name):
        raise ValueError("no name of a person")
    if not re.fullmatch("[0-9a-fA-F]{64}", sha256):
        raise ValueError("no sha256")
    if left >= right or top >= bottom:
        raise ValueError("an empty box")
    return Face(name.replace(" ", "_"), int(image), int(face), (left, top, right, bottom), Link(url, sha256.lower()))


def crop(content: bytes, box: tuple[int, int, int, int]) -> bytes:
    """The part of a picture within the box, upright, as JPEG. Raises ValueError with a reason if there is none."""
    try:
        part = read_picture(content, box=box)
    except PictureError as problem:
        raise ValueError(REASONS[type(problem)]) from problem
    stream = io.BytesIO()
    part.save(stream, "JPEG", quality=QUALITY, subsampling=0)
    return stream.getvalue()


class Collection:
    """The folders `facescrub` and `facescrub_originals`; every file appears whole or not at all."""

    def __init__(self, folder: Path, faces: Sequence[Face]) -> None:
        self.faces, self.originals = folder / "facescrub", folder / "facescrub_originals"
        self.of_picture: dict[str, list[Face]] = defaultdict(list)
        check_distinct(dict.fromkeys(face.person for face in faces), "FaceScrub's list")
        files = {(face.path(Path()).as_posix(), face.box, face.link.sha256) for face in faces}
        check_distinct((file for file, *_ in files), "FaceScrub's list")
        for face in dict.fromkeys(faces):
            self.of_picture[face.link.sha256].append(face)

    def missing(self) -> list[str]:
        """The sha256 of each picture of which a face is missing."""
        return [
            sha256 for sha256, faces in self.of_picture.items() if not all(f.path(self.faces).is_file() for f in faces)
        ]

    def crop_again(self, sha256: str) -> bool:
        """Write the faces of a picture from its original. False if that is not there or is damaged."""
        path = self.originals / sha256
        if not path.is_file() or sha256_of(path) != sha256:
            return False
        return self._crop(sha256, path.read_bytes()) is None

    def keep(self, link: Link, content: bytes) -> str | None:
        """Write a picture and its faces; `crawl` calls this. Returns why there is no face in it."""
        write_data(self.originals / link.sha256, content)
        return self._crop(link.sha256, content)

    def _crop(self, sha256: str, content: bytes) -> str | None:
        for face in self.of_picture[sha256]:
            try:
                write_data(face.path(self.faces), crop(content, face.box))
            except ValueError as problem:
                return str(problem)
        return None


def fetch(faces: Sequence[Face], folder: Path, *, retry: bool = False, manners: Manners | None = None) -> Counter[str]:
    """Fetch all that is missing below `folder`. Returns how many links are dead, by reason, those of before included.

    Raises DataError as `crawl` does, and if the same is already under way.
    """
    collection = Collection(folder, faces)
    try:
        collection.originals.mkdir(parents=True, exist_ok=True)
        with FileLock(collection.originals / "lock").acquire(blocking=False):
            return _fetch_missing(collection, retry=retry, manners=manners)
    except Timeout as problem:
        raise DataError(f"Another run is filling {collection.faces}: wait until it has ended.") from problem


def _fetch_missing(collection: Collection, *, retry: bool, manners: Manners | None) -> Counter[str]:
    journal = Journal(collection.originals / "dead_links.tsv")
    missing = [sha256 for sha256 in collection.missing() if not collection.crop_again(sha256)]
    links = list(dict.fromkeys(face.link for sha256 in missing for face in collection.of_picture[sha256]))
    known = {} if retry else journal.read()
    dead = {link: known[link] for link in links if link in known}
    rest = [link for link in links if link not in known]
    bar = tqdm(crawl(rest, collection.keep, journal, manners), total=len(rest), desc="pictures", unit="link")
    for link, reason in bar:
        if reason:
            dead[link] = reason
            bar.set_postfix(dead=len(dead), refresh=False)
    return Counter(dead.values())


def report(faces: Sequence[Face], dead: Counter[str], folder: Path) -> str:
    """What is there and what is not, in lines."""
    there = [face for face in faces if face.path(folder / "facescrub").is_file()]
    people, listed = {face.person for face in there}, {face.person for face in faces}
    lines = [
        f"{len(there)} of {len(faces)} faces, {len(people)} of {len(listed)} people are in {folder / 'facescrub'}."
    ]
    lines += [f"{number:>8}  {reason}" for reason, number in dead.most_common()]
    if dead:
        lines.append(f"{dead.total()} dead links, listed in {folder / 'facescrub_originals' / 'dead_links.tsv'}.")
    if people != listed:
        lines.append(f"Nobody is left of {', '.join(sorted(listed - people))}: say so beside every number.")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the lists, fetch, report. DataError or ValueError, a sentence, if that fails."""
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("lists", type=Path, nargs="+", help="facescrub_actors.txt and facescrub_actresses.txt")
    parser.add_argument("--retry", action="store_true", help="try dead links again")
    parser.add_argument("--workers", type=int, default=Manners.workers, help="requests at once")
    parser.add_argument("--delay", type=float, default=Manners.delay, help="seconds between two requests to one host")
    options = parser.parse_args(arguments)
    print(TERMS)
    manners = Manners(workers=options.workers, delay=options.delay)
    faces = [face for path in options.lists for face in read_list(path)]
    folder = fetch_folder()
    print(report(faces, fetch(faces, folder, retry=options.retry, manners=manners), folder))


if __name__ == "__main__":
    script(main)
