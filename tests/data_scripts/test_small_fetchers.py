"""The smaller scripts against a local host: what they write is what our loaders read."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny_files import zipped

import fetch_cifar10
import fetch_gtsrb as gtsrb
import fetch_mnist
import fetch_stylegan2 as stylegan2
from mia_kit.data import DataError, load
from tests.local_server import Server, content, status


def sign(shade: int) -> bytes:
    return b"P6 20 20 255 " + bytes((shade, 0, 0)) * 400


def test_gtsrb(server: Server, data_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train = zipped({f"GTSRB/Training/{label:05}/00000_00001.ppm": sign(label) for label in range(43)})
    test = zipped({"GTSRB/Final_Test/Images/00000.ppm": sign(200)})
    labels = zipped({"GT-final_test.csv": b"Filename;Width;ClassId\n00000.ppm;20;7\n"})
    monkeypatch.setattr(gtsrb, "HOST", server.url)
    for name, body in (("TRAIN", train), ("TEST", test), ("LABELS", labels)):
        server.routes[f"/{name}.zip"] = content(body)
        monkeypatch.setattr(gtsrb, name, (f"{name}.zip", hashlib.sha256(body).hexdigest()))
    gtsrb.main([])
    images = load("gtsrb_full")
    assert images.labels.tolist() == [*range(43), 7]
    assert images.images[:, 0, 0, 0].tolist() == [*range(43), 200]
    gtsrb.main([])
    assert len(server.asked) == 3


def test_cifar10(data_root: Path) -> None:
    pixels = np.arange(3 * 32 * 32 * 3, dtype=np.uint32).astype(np.uint8).reshape(3, 32, 32, 3)
    fetch_cifar10.write(data_root / "cifar10_full", (pixels[:2], [4, 9]), (pixels[2:], [1]))
    images = load("cifar10_full")
    assert np.array_equal(images.images, pixels)
    assert (images.labels.tolist(), images.files) == ([4, 9, 1], ("train/00000", "train/00001", "test/00000"))


def test_stylegan2(server: Server, data_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stylegan2, "URL", f"{server.url}/ffhq.pkl")
    server.routes["/ffhq.pkl"] = content(b"never opened")
    with pytest.raises(DataError, match="should have the hash 00000"):
        stylegan2.main(["--sha256", "0" * 64])
    stylegan2.main([])
    assert (data_root / "stylegan2" / "ffhq.pkl").read_bytes() == b"never opened"


def test_mnist_asks_the_second_mirror(server: Server, data_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision.datasets import MNIST

    body = b"digits"
    server.routes = {"/one/a.gz": status(404), "/two/a.gz": content(body)}
    monkeypatch.setattr(MNIST, "mirrors", [f"{server.url}/one/", f"{server.url}/two/"])
    monkeypatch.setattr(MNIST, "resources", [("a.gz", hashlib.md5(body).hexdigest())])
    fetch_mnist.main(["mnist"])
    assert (data_root / "mnist" / "a.gz").read_bytes() == body


SCRIPTS = Path(__file__).parents[2] / "data_scripts"


@pytest.mark.slow
def test_every_script_runs_from_any_folder(tmp_path: Path) -> None:
    """And tells what it does before it does it: nothing is fetched for `--help`."""
    scripts = [path for kind in ("fetch", "convert") for path in sorted(SCRIPTS.glob(f"{kind}_*.py"))]
    assert len(scripts) > 8
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS.parent), "MIA_KIT_DATA": str(tmp_path)}
    for path in scripts:
        command = [sys.executable, str(path), "--help"]
        run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert run.returncode == 0 and "usage: " in run.stdout, run.stderr[-500:]
    assert list(tmp_path.iterdir()) == []
