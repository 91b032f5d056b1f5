"""`mia-kit slides`: a deck for the teacher, made from the executed chapters, that needs neither kernel nor network.

A chapter becomes a deck of reveal.js, which comes with sphinx-revealjs: a slide for its title, for each heading with
the paragraph below it, for each figure, slider and laboratory, which work as on the pages of `mia-kit site`, and for
its finding. Code, exercises and longer words stay in the notebook.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from mia_kit.course import site
from mia_kit.course.findings import finding_of
from mia_kit.course.notebooks import Notebook

SHOWN = ("mia-figure", "mia-panel", site.FACES_PLACE, '<div id="lab">')
NOT_SHOWN = "Exercise|Quiz|The claims|The finding|Three sentences|Now, on your machine"
DECK = {
    "extensions": ["myst_nb", "sphinx_revealjs", "mia_kit.course.site"],
    "nb_mime_priority_overrides": [("revealjs", "text/html", 0)],
    "revealjs_css_files": ["site.css", "slides.css"],
    "revealjs_js_files": ["site.js"],
    "revealjs_style_theme": "white",
    "revealjs_script_conf": {"hash": True, "center": False, "width": 1180, "height": 700, "margin": 0.03},
}


def build(folder: Path, paths: Sequence[Path] = ()) -> Path:
    """Write the decks of these sources, all by default, into a new folder; returns the path of the list of decks."""
    return site.build(folder, paths, builder="revealjs", settings=DECK, shorten=deck)


def deck(page: Notebook) -> Notebook:
    """What of a chapter's page is shown to a class, in order; a heading opens a slide, and so does each figure."""
    from nbformat.v4 import new_markdown_cell

    sentence = finding_of(page.cells)
    cells: list[Notebook] = []
    for number, cell in enumerate(page.cells):
        if cell.cell_type == "markdown":
            words = [new_markdown_cell(text, id=f"words-{number}-{i}") for i, text in enumerate(_headings(cell.source))]
            cells.extend(words)
        elif shown := [output for output in cell.outputs if any(place in str(output) for place in SHOWN)]:
            if cells and cells[-1].cell_type == "code":  # a figure of its own slide
                cells.append(new_markdown_cell("### &nbsp;", id=f"next-{number}"))
            cell.outputs, cell.metadata["tags"] = shown, ["remove-input"]
            cells.append(cell)
    if sentence:
        cells.append(new_markdown_cell(f"## What we found\n\n{sentence[0].upper()}{sentence[1:]}", id="finding"))
    page.cells = cells
    return page


def _headings(source: str) -> Iterator[str]:
    """Each heading with the paragraph below it; exercises and their like are for the notebook."""
    for part in re.split(r"^(?=#{1,2} )", source, flags=re.MULTILINE):
        heading, _, below = part.partition("\n")
        if re.match(rf"#{{1,2}} (?!{NOT_SHOWN})", heading):
            paragraph = below.strip().split("\n\n")[0]
            yield heading if paragraph.startswith(("#", "```", "|")) else f"{heading}\n\n{paragraph}"
