"""`make demo`: the quick experiments of chapters 1 and 2 without a notebook, a table, and a page with the slider."""

from __future__ import annotations

from pathlib import Path

from mia_kit.data.folders import check_output
from mia_kit.terminal import say
from mia_kit.toy import invert, train_grid

FACTORS = (0.05, 0.0, -0.05)


def run(page: Path) -> None:
    """Train and attack the paper's toy models, embed real faces, print both tables and write the page.

    Raises OSError, before anything is trained, if the page cannot be written.
    """
    from mia_kit.experiments import orl_embedding
    from mia_kit.widgets.page import write_page

    check_output(page)
    rows = toy_rows()
    say(_table("Toy world: a point is pulled towards class 2 (seed 42, the paper's settings)", rows))
    faces = orl_embedding.table_rows(orl_embedding.quick())
    say(_table("Real faces (ORL, 40 people): how tight are the classes in the last hidden layer?", faces))
    say(f"wrote {write_page(page, rows=rows)}: open it in any browser and drag the slider")


def toy_rows() -> list[dict[str, str]]:
    """The leakage table of the paper's three factors, trained and attacked now."""
    grid = train_grid(FACTORS, (42,))
    rows = []
    for factor in FACTORS:
        path = invert(grid.model(factor, 42))
        rows.append(
            {
                "smoothing": f"{factor:+g}" if factor else "0",
                "attack steps": f"{path.steps:,}",
                "distance to the nearest training point": f"{path.distance:.2f}",
            }
        )
    return rows


def _table(title: str, rows: list[dict[str, str]]) -> str:
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in rows[0]}
    lines = ["  ".join(f"{text:>{widths[name]}}" for name, text in row.items()) for row in rows]
    header = "  ".join(f"{name:>{width}}" for name, width in widths.items())
    return "\n".join(["", title, header, *lines, ""])
