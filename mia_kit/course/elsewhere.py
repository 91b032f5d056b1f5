"""Badges and the notebooks' first cell, for those who open a chapter outside a checkout: on Colab or on Binder.

The repository's public address stands in one place, `[tool.mia_kit] address` in pyproject.toml; `make claims` reads it.
Filled, it gives README.md badges, and each notebook badges and a cell that installs what is missing. Empty, it takes
them away again. Nothing is executed: the cell does nothing where mia_kit is there.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from urllib.parse import quote

TAG = "elsewhere"
START = "00_start"
INSTALL = """\
from importlib.util import find_spec

if find_spec("mia_kit") is None:  # outside a checkout: fetch the course, and install what is missing
    import subprocess
    import sys

    subprocess.run(["git", "clone", "-q", "--depth", "1", "{address}", "mia_kit_course"], check=True)
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "-e", "./mia_kit_course[lab,dp]"], check=True)
    subprocess.run([sys.executable, "mia_kit_course/data_scripts/fetch_dcgan.py"], check=True)
    sys.path.insert(0, "mia_kit_course")"""
GITHUB = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?")
# A cell of ours in a source: from its first line to the next cell.
OURS = re.compile(rf'# %%(?: \[markdown\])? tags=\["{TAG}"\]\n.*?(?=^# %%)', re.DOTALL | re.MULTILINE)


def read_address(root: Path) -> str:
    """The public git address that pyproject.toml in a folder names, "" if none. ValueError for one that is no URL."""
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mia_kit"]
    address = str(settings["address"])
    if not re.fullmatch(r"|(?:https|file)://[^\s\"\\]+", address):
        raise ValueError(f"address in pyproject.toml must be empty or begin with https://, got {address!r} instead")
    return address


def badges(address: str, name: str) -> str:
    """Markdown links that open a notebook elsewhere, "" without an address. Colab opens what lies on GitHub alone."""
    if not address:
        return ""
    notebook = f"notebooks/{name}.ipynb"
    repository = GITHUB.fullmatch(address)
    place = f"gh/{repository[1]}" if repository else f"git/{quote(address, safe='')}"
    binder = f"https://mybinder.org/v2/{place}/HEAD?urlpath=lab/tree/{notebook}"
    links = [f"[![Open in Binder](https://mybinder.org/badge_logo.svg)]({binder})"]
    if repository:
        colab = f"https://colab.research.google.com/github/{repository[1]}/blob/main/{notebook}"
        links.insert(0, f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({colab})")
    return " ".join(links)


def update_notebooks(folder: Path, address: str) -> None:
    """Give both halves of every notebook in a folder the two cells for an address, or take them away."""
    import jupytext
    from nbformat import read, write

    for source in sorted(folder.glob("[0-9][0-9]_*.py")):
        text = with_cells(source.read_text(encoding="utf-8"), address, source.stem)
        source.write_text(text, encoding="utf-8")
        notebook = read(source.with_suffix(".ipynb"), as_version=4)
        own = [cell for cell in notebook.cells if TAG not in cell.metadata.get("tags", [])]
        ours = [cell for cell in jupytext.reads(text, "py").cells if TAG in cell.metadata.get("tags", [])]
        for cell in ours:
            cell["id"] = f"{TAG}-{cell.cell_type}"
        notebook.cells = [own[0], *ours, *own[1:]]
        write(notebook, source.with_suffix(".ipynb"))


def with_cells(source: str, address: str, name: str) -> str:
    """A notebook's source with the two cells after its first one; without them for an empty address."""
    source = OURS.sub("", source)
    if not address:
        return source
    second = [match.start() for match in re.finditer(r"^# %%", source, re.MULTILINE)][1]
    cells = (
        f'# %% [markdown] tags=["{TAG}"]\n# {badges(address, name)}\n\n'
        f'# %% tags=["{TAG}"]\n{INSTALL.format(address=address)}\n\n'
    )
    return source[:second] + cells + source[second:]
