"""Words a chapter and the length of its sentences: `python -m tests.notebooks.measure_prose [NN ...]`.

Counted is what a learner reads on the way: no code, tables, formulas, hints, answers, exercises or quiz.
"""

import re
import sys
from pathlib import Path
from statistics import median, quantiles

import jupytext

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
# Sections that a learner works through instead of reading on.
WORK = re.compile(r"^#+ (exercise|exercises|quiz)\b", re.IGNORECASE)


def prose(path: Path) -> str:
    """The running text of a chapter."""
    kept: list[str] = []
    working = False
    for cell in jupytext.read(path).cells:
        if cell.cell_type != "markdown":
            continue
        text = re.sub(r"<details>.*?</details>", "", cell.source, flags=re.DOTALL)
        text = re.sub(r"\$\$.*?\$\$", "", text, flags=re.DOTALL)
        for line in text.splitlines():
            if line.startswith("#"):
                working = bool(WORK.match(line))
            elif not working and not line.startswith("|"):
                kept.append(line)
    return "\n".join(kept)


def sentences(text: str) -> list[list[str]]:
    """Its sentences as lists of words; links and marks count as their text."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"[*_`]|&nbsp;", "", text)
    parts = re.split(r"(?<=[.!?:])\s+(?=[A-Z0-9])|\n\s*\n|\n[*\d]", text)
    return [words for part in parts if (words := re.findall(r"[\w'\u2019\u2212+.-]*\w", part))]


def measured(path: Path) -> tuple[int, float, float]:
    """Words, and the median and 95th percentile of words a sentence."""
    lengths = [len(words) for words in sentences(prose(path))]
    return sum(lengths), median(lengths), quantiles(lengths, n=20)[-1]


if __name__ == "__main__":
    wanted = sys.argv[1:]
    for source in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.py")):
        if not wanted or source.name[:2] in wanted:
            words, middle, long = measured(source)
            print(f"{source.stem:32} {words:5} words, sentences: median {middle:.0f}, 95th percentile {long:.0f}")
