"""`make demo`: the quick experiments of chapters 1 and 2 without a notebook, a table, and a page with the slider."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from mia_kit.data.folders import check_output
from mia_kit.runs.run import Maker
from mia_kit.runs.store import Store
from mia_kit.studies.registry import read_recipe
from mia_kit.terminal import say
from mia_kit.toy import invert, train_grid

FACTORS = (0.05, 0.0, -0.05)


def run(page: Path) -> None:
    """Train and attack the paper's toy models, embed real faces, print both tables and write the page.

    OSError, before anything is trained, if the page cannot be written.
    """
    from mia_kit.widgets.page import write_page

    check_output(page)
    rows = toy_rows()
    say(_table("Toy world: a point is pulled towards class 2 (seed 42, the paper's settings)", rows))
    say(_table("Real faces (ORL, 40 people): how tight are the classes in the last hidden layer?", face_rows()))
    say(f"wrote {write_page(page, rows=rows)}: open it in any browser and drag the slider")


def toy_rows() -> list[dict[str, str]]:
    """The leakage table of the paper's three factors, trained and attacked now."""
    grid = train_grid(FACTORS, (42,))
    return [
        {
            "smoothing": f"{factor:+g}" if factor else "0",
            "attack steps": f"{path.steps:,}",
            "distance to the nearest training point": f"{path.distance:.2f}",
        }
        for factor, path in ((factor, invert(grid.model(factor, 42))) for factor in FACTORS)
    ]


def face_rows() -> list[dict[str, str]]:
    """The recipe embedding_quick, measured now: for each factor accuracy, and distances within and between people."""
    with TemporaryDirectory() as folder:
        made = Maker(Store(Path(folder)))
        table = pd.concat([made(cell) for cell in read_recipe("embedding_quick").cells()])
    whole = table[table["unit"].isna()].pivot(index="strength", columns="measure", values="value")
    return [
        {
            "smoothing": f"{factor:+g}" if factor else "0",
            "test accuracy": f"{row['accuracy']:.3f}",
            "within / between, held out": f"{row['ratio']:.3f}",
            "within / between, training": f"{row['training_ratio']:.3f}",
        }
        for factor, row in whole.iterrows()
    ]


def _table(title: str, rows: list[dict[str, str]]) -> str:
    return f"\n{title}\n{pd.DataFrame(rows).to_string(index=False)}\n"
