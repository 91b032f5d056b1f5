"""CelebA from files placed by hand: unpacked, cut by landmarks, and sentences where the host or a file fails."""

from pathlib import Path

import numpy as np
import pytest
from tiny_files import png, zipped

import fetch_celeba as celeba
from mia_kit.data import DataError, load


def photograph(points: np.ndarray) -> bytes:
    """A grey picture with a bright disc at each of five points."""
    y, x = np.mgrid[:200, :300]
    near = [np.hypot(x - left, y - top) <= 4 for left, top in points]
    return png(np.where(np.any(near, axis=0)[..., None], 255, [60, 60, 60]).astype(np.uint8))


def face(scale: float, angle: float, middle: tuple[float, float]) -> np.ndarray:
    """The mean face in pixels, larger, turned and moved."""
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.round(celeba.MEAN_FACE @ turn * scale + np.array(middle))


@pytest.fixture
def placed(data_root: Path) -> Path:
    """Four people in the wild: two of two photographs, one of one, one outside the picture's edge."""
    folder = data_root / "celeba"
    (folder / "img_celeba").mkdir(parents=True)
    faces = [face(30, 0.0, (150, 80)), face(60, 0.4, (140, 70)), face(20, -0.3, (60, 60)), face(30, 0.0, (40, 8))]
    lines = []
    for number, points in enumerate(faces, start=1):
        name = f"{number:06}.jpg"
        (folder / "img_celeba" / name).write_bytes(photograph(points))
        lines.append(f"{name}  " + "  ".join(str(int(value)) for value in points.ravel()))
    (folder / "list_landmarks_celeba.txt").write_text("\n".join(["4", "lefteye_x lefteye_y ...", *lines, ""]))
    identities = zip(range(1, 6), (7, 7, 3, 3, 5), strict=True)
    (folder / "identity_CelebA.txt").write_text("".join(f"{number:06}.jpg {who}\n" for number, who in identities))
    return folder


def test_faces_are_turned_and_cut_so_that_landmarks_meet(placed: Path, data_root: Path) -> None:
    celeba.main(["--people", "2", "--size", "128"])
    images = load("celeba_hd", size=128)
    assert images.class_names == ("00003", "00007") and images.labels.tolist() == [0, 0, 1, 1]
    places = np.round(celeba.MEAN_FACE * 128 * 0.65 * 0.35 + 64).astype(int)
    for image in images.images:
        bright = [image[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3].max() for x, y in places]
        assert min(bright) > 180, bright
        assert image[4, 64].max() < 110  # above the face there is none
    before = {path: path.stat().st_mtime_ns for path in (data_root / "celeba_hd").rglob("*.jpg")}
    celeba.main(["--people", "2", "--size", "128"])
    assert {path: path.stat().st_mtime_ns for path in (data_root / "celeba_hd").rglob("*.jpg")} == before


def test_an_archive_placed_by_hand_is_unpacked(data_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = data_root / "celeba"
    folder.mkdir()
    archive = zipped({"img_align_celeba/000001.jpg": photograph(celeba.MEAN_FACE)})
    (folder / "img_align_celeba.zip").write_bytes(archive)
    (folder / "identity_CelebA.txt").write_text("000001.jpg 9\n")
    celeba.main([])
    assert (folder / "img_align_celeba" / "000001.jpg").is_file()
    assert "non-commercial research only" in capsys.readouterr().out


def test_a_host_that_refuses(data_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("Too many users have viewed or downloaded this file\nrecently")

    monkeypatch.setattr("torchvision.datasets.CelebA", refuse)
    with pytest.raises(DataError, match=r"host refuses \(Too many users .* file\): .* with a browser, put them into"):
        celeba.main([])


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("list_landmarks_celeba.txt", None, "list_landmarks_celeba.txt is missing"),
        ("list_landmarks_celeba.txt", "1\nx\n000001.jpg 1 2 3\n", "ten numbers are expected"),
        ("list_landmarks_celeba.txt", "0\nx\n", "should name 000001.jpg"),
        ("identity_CelebA.txt", None, "identity_CelebA.txt is missing"),
        ("img_celeba/000002.jpg", "no picture", "000002.jpg cannot be decoded"),
        ("img_celeba/000003.jpg", None, "000003.jpg cannot be decoded"),
    ],
)
def test_files_that_are_wrong(placed: Path, file: str, content: str | None, sentence: str) -> None:
    path = placed / file
    path.unlink()
    if content is not None:
        path.write_text(content)
    with pytest.raises(DataError, match=sentence):
        celeba.main(["--people", "2", "--size", "16"])
