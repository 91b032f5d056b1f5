"""A figure that a chapter speaks of is one that it prints, holds in its code or shows in a figure's words.

Small whole numbers, years and the line of prerequisites are left out. What comes from elsewhere, a paper or the size of
a world, stands in `STATED` with its source.
"""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from tests.notebooks.measure_prose import NOTEBOOKS, prose

NUMBER = re.compile(r"(?<![\w.])[−+-]?\d+(?:[.,]\d+)*(?:\s?%)?")
LEAST = 13  # whole numbers below are counts of things in sight
CHAPTERS = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.py"))

STATED = {
    "00": {"20": "the way from the start of chapter 1's attack"},
    "01": {"5,000": "steps of the toy", "363": "33 x 11", "33": "factors of the table", "−0.15": "read off figure 1.4"}
    | {"−0.125": "read off figure 1.4"},
    "02": {
        "530": "the paper's people",
        "420": "60 epochs of 7 steps",
        "27,000": "the paper's steps",
        "18,750": "recipe",
    },
    "03": {"14": "megabytes of the generator"},
    "04": {"27": "3 x 3 x 3 mixtures", "80": "people of the recipe"},
    "05": {"105": "people of a recipe"},
    "06": {"200": "people of a recipe"},
    "07": {"55": "points of accuracy", "1.2": "points", "200": "people of a recipe"},
    "08": {"99": "judges' agreement on 100 strangers", "100": "numbers of a latent", "80": "people of the recipe"},
    "11": {"1,000": "pictures of the recipe"},
    "12": {"530": "the paper's people", "1,024": "FFHQ's pixels", "152": "layers", "0.025": "one in forty"}
    | {"14": "hours that users report", "500": "classes that users report"},
    "14": {"800": "40 people x 20 photographs", "18": "layers"},
}


def value(text: str) -> tuple[float, int]:
    """A number as written, percent as a share, and to how many digits."""
    plain = text.replace("−", "-").rstrip("% \u00a0,.").replace(",", "")
    digits = len(plain.partition(".")[2])
    return (float(plain) / 100, digits + 2) if text.rstrip().endswith("%") else (float(plain), digits)


def readable(text: str) -> list[str]:
    """The numbers in a text, those with several points, such as versions and dates, left out."""
    several = re.compile(r"\..*\.|,\d{1,2}$|,\d{4}")
    return [match for match in NUMBER.findall(text) if not several.search(match)]


def held(chapter: Path) -> list[float]:
    """All numbers in the chapter's code and outputs."""
    notebook = nbformat.read(chapter.with_suffix(".ipynb"), 4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    outputs = [output for cell in code for output in cell.outputs]
    printed = [output.get("text", "") + str(output.get("data", {}).get("text/plain", "")) for output in outputs]
    return [value(number)[0] for text in [*(c.source for c in code), *printed] for number in readable(text)]


def strays(text: str, known: list[float], stated: set[str]) -> list[str]:
    """Figures of a text that are neither known, as they are or as percent, nor stated to come from elsewhere."""
    missing = []
    for number in readable(re.sub(r"`[^`]*`|\[([^\]]*)\]\([^)]*\)", r"\1", text)):
        wanted, digits = value(number)
        count = digits == 0 and (abs(wanted) < LEAST or 1900 < wanted < 2100)
        if count or number.strip() in stated:
            continue
        if not any(abs(abs(round(seen / scale, digits)) - abs(wanted)) < 1e-9 for seen in known for scale in (1, 100)):
            missing.append(number)
    return missing


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_every_figure_in_the_prose_is_one_that_the_chapter_has(chapter: Path) -> None:
    text = "\n\n".join(part for part in prose(chapter).split("\n\n") if "**You need**" not in part)
    text = re.sub(r"[Cc]hapters? \d+(?:(?:, | and | or )\d+)*|reading\*\* that we suggest:[^.]*", "", text)
    assert not strays(text, held(chapter), set(STATED.get(chapter.stem[:2], {})))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It falls from 90 % to 55 %.", []),
        ("It falls from 90 % to 56 %.", ["56 %"]),
        ("A difference of −0.35, not 0.36.", ["0.36"]),
        ("In 2024 twelve of 12 people, 10,000 resamples.", ["10,000"]),
        ("The recipe has 80 people.", []),
    ],
)
def test_a_figure_that_changed_is_seen(text: str, expected: list[str]) -> None:
    assert strays(text, [0.9, 0.5512, -0.3499], {"80"}) == expected
