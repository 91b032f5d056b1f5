"""FaceScrub from a local host: rows, boxes, hashes, the layout our loader reads, dead links, kills."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_files import png

import fetch_facescrub as facescrub
from crawl import Manners
from mia_kit.data import DataError, load
from tests.local_server import Server, content, status

QUICK = Manners(workers=4, delay=0.0, timeout=2.0)
PEOPLE = ("Ada Lovelace", "Jean-Luc O'Neill Jr.")


def picture(number: int) -> bytes:
    """40 x 30 pixels, black but for a bright face in columns 10 to 19 and rows 5 to 14."""
    pixels = np.zeros((30, 40, 3), np.uint8)
    pixels[5:15, 10:20] = 100 + number
    return png(pixels)


def row(server: Server, number: int, sha256: str | None = None, box: str = "10,5,20,15") -> str:
    digest = sha256 or hashlib.sha256(picture(number)).hexdigest()
    return f"{PEOPLE[number % 2]}\t{100 + number}\t{200 + number}\t{server.url}/{number}\t{box}\t{digest}"


def write_list(path: Path, rows: list[str]) -> Path:
    path.write_text("\n".join(["name\timage_id\tface_id\turl\tbbox\tsha256", *rows, ""]))
    return path


@pytest.fixture
def listing(server: Server, tmp_path: Path) -> Path:
    """Six faces; number 4 is gone, number 5 has become another picture."""
    server.routes = {f"/{number}": content(picture(number)) for number in range(4)} | {"/5": content(picture(9))}
    return write_list(tmp_path / "actors.txt", [row(server, number) for number in range(6)])


def run(listing: Path, root: Path, **options: object) -> dict[str, int]:
    return dict(facescrub.fetch(facescrub.read_list(listing), root, manners=QUICK, **options))


def test_our_loader_reads_what_it_writes(server: Server, listing: Path, data_root: Path) -> None:
    assert run(listing, data_root) == {"answered 404": 1, "another file": 1}
    images = load("facescrub", size=10)
    assert images.class_names == ("Ada Lovelace", "Jean-Luc O'Neill Jr.")
    assert images.labels.tolist() == [0, 0, 1, 1]
    assert images.files[0] == "Ada_Lovelace/Ada_Lovelace_100_200.jpg"
    # The face fills the box to its edge: no black pixel came in.
    assert np.abs(images.images[:, :, :, 0].astype(int) - np.array([100, 102, 101, 103])[:, None, None]).max() <= 2


def test_nothing_is_asked_for_twice(server: Server, listing: Path, data_root: Path) -> None:
    run(listing, data_root)
    asked = len(server.asked)
    assert run(listing, data_root) == {"answered 404": 1, "another file": 1}
    assert len(server.asked) == asked
    server.routes["/4"] = content(picture(4))
    assert run(listing, data_root, retry=True) == {"another file": 1}
    assert sorted(server.paths()[asked:]) == ["/4", "/5"]


def test_a_lost_face_is_cut_from_the_original(server: Server, listing: Path, data_root: Path) -> None:
    run(listing, data_root)
    asked = len(server.asked)
    face = data_root / "facescrub" / "Ada_Lovelace" / "Ada_Lovelace_100_200.jpg"
    before = face.read_bytes()
    face.unlink()
    run(listing, data_root)
    assert face.read_bytes() == before
    assert len(server.asked) == asked
    face.unlink()
    original = data_root / "facescrub_originals" / hashlib.sha256(picture(0)).hexdigest()
    original.write_bytes(b"damaged")
    run(listing, data_root)
    assert server.paths()[asked:] == ["/0"]
    assert face.read_bytes() == before


def test_two_faces_in_one_picture(server: Server, listing: Path, data_root: Path) -> None:
    rows = [row(server, 0), row(server, 0, box="12,5,20,15").replace("\t200\t", "\t777\t")]
    run(write_list(listing, rows), data_root)
    assert len(server.asked) == 1
    assert len(list((data_root / "facescrub").rglob("*.jpg"))) == 2


def test_many_addresses_of_one_picture_at_once(server: Server, tmp_path: Path, data_root: Path) -> None:
    """Two hosts give the same twenty copies of a picture: none takes another's scratch file away."""
    server.routes = {f"/0?{copy}": content(picture(0)) for copy in range(20)}
    copies = [row(server, 0).replace("/0\t", f"/0?{copy}\t") for copy in range(20)]
    rows = copies + [copy.replace("127.0.0.1", "localhost") for copy in copies]
    faces = facescrub.read_list(write_list(tmp_path / "actors.txt", rows))
    assert facescrub.fetch(faces, data_root, manners=QUICK) == {}
    assert len(server.asked) == 40 and len(list((data_root / "facescrub").rglob("*.jpg"))) == 1
    assert not list(data_root.rglob("*.part"))


def test_a_box_counts_the_pixels_as_they_are_stored(server: Server, listing: Path, data_root: Path) -> None:
    """A camera held upright: 40 x 30 pixels are stored, 30 x 40 are seen; the list's box is of the stored ones."""
    exif = Image.Exif()
    exif[274] = 6
    pixels = np.zeros((30, 40, 3), np.uint8)
    pixels[2:12, 30:38] = 200
    pixels[2:12, 30:34] = 100  # the left half of the face as it is stored, the upper half as it is seen
    body = png(pixels, exif=exif)
    server.routes["/0"] = content(body)
    run(write_list(listing, [row(server, 0, hashlib.sha256(body).hexdigest(), "30,2,38,12")]), data_root)
    (path,) = (data_root / "facescrub").rglob("*.jpg")
    face = np.asarray(Image.open(path)).astype(int)
    assert face.shape == (8, 10, 3)
    assert abs(face[:3].mean() - 100) < 3 and abs(face[5:].mean() - 200) < 3


def test_names_are_the_same_on_every_computer(server: Server, listing: Path, data_root: Path) -> None:
    apart = row(server, 0).replace("Ada", "Rene\u0301e")
    (face,) = facescrub.read_list(write_list(listing, [apart]))
    assert face.person == "Ren\u00e9e_Lovelace"
    with pytest.raises(DataError, match="'Ada_Lovelace' and 'Ada_Lovelace.', one name on some computers"):
        run(write_list(listing, [row(server, 0), row(server, 2).replace("Lovelace", "Lovelace.")]), data_root)
    with pytest.raises(DataError, match="one name on some computers"):  # two rows for one file
        run(write_list(listing, [row(server, 0), row(server, 0, box="1,1,9,9")]), data_root)


@pytest.mark.parametrize(
    ("body", "box", "reason"),
    [(picture(0)[:60], "1,1,2,2", "not a picture"), (picture(0), "50,5,60,9", "box outside the picture")],
)
def test_bytes_that_show_no_face(server: Server, listing: Path, data_root: Path, body: bytes, box: str, reason) -> None:
    """The hash is the listed one, and still there is nothing to cut out. No empty folder stays for our loader."""
    server.routes["/0"] = content(body)
    faces = [row(server, 0, hashlib.sha256(body).hexdigest(), box), row(server, 1)]
    assert run(write_list(listing, faces), data_root) == {reason: 1}
    assert load("facescrub", size=4).class_names == ("Jean-Luc O'Neill Jr.",)


@pytest.mark.parametrize(
    "changes",
    [{0: "../../evil"}, {0: "/evil"}, {0: ".."}, {1: "../1"}, {5: "../../../evil"}, {4: "3,2,1,4"}, {4: "1,2,3"}],
)
def test_a_row_that_is_none(tmp_path: Path, changes: dict[int, str]) -> None:
    good = ["Al", "1", "2", "http://a/b", "1,2,3,4", "0" * 64]
    bad = [changes.get(place, part) for place, part in enumerate(good)]
    for line in (bad, good[:3]):
        with pytest.raises(DataError, match=r"actors\.txt should hold a face in line 2, got "):
            facescrub.read_list(write_list(tmp_path / "actors.txt", ["\t".join(line)]))


def test_the_command_reports(
    server: Server, listing: Path, data_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.routes = {"/0": content(picture(0)), "/1": status(410)}
    write_list(listing, [row(server, 0), row(server, 1)])
    facescrub.main([str(listing), "--delay", "0"])
    out = capsys.readouterr().out
    assert out.startswith("FaceScrub distributes addresses only")
    assert "1 of 2 faces, 1 of 2 people are in" in out
    assert "       1  answered 410\n1 dead links, listed in" in out
    assert "Nobody is left of Jean-Luc_O'Neill_Jr.:" in out
