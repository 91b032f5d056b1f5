"""The study of priors: what is compared with itself, and the card of the shipped prior against the stored table."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from mia_kit.models import style_prior
from mia_kit.runs.evidence import read_table
from mia_kit.studies.priors.cells import Photographs, RealismCell

MEASURES = ("frechet", "precision", "recall", "density", "coverage")


@dataclass(frozen=True)
class Cloud(Photographs):
    """Normal features about 0, and the same ones moved away."""

    moved: float = 0.0

    def make(self, made, checkpoint, *, progress):
        features = np.random.default_rng(self.seed).normal(size=(self.count, 4))
        return {"private": features, "public": features + self.moved}


def test_a_set_is_like_itself_and_unlike_one_far_away(maker):
    near, far = (
        maker(RealismCell(Cloud(60, 1, moved), None, neighbours=3, seed=1)).set_index("measure").value
        for moved in (0.0, 50.0)
    )
    assert near["frechet"] == pytest.approx(0, abs=1e-6) and near[["precision", "recall", "coverage"]].eq(1).all()
    assert far["frechet"] == pytest.approx(4 * 50**2) and far[["precision", "recall", "coverage"]].eq(0).all()


def test_the_card_says_what_the_table_says():
    table = read_table("priors")
    card = Path(style_prior.WEIGHTS).with_suffix(".md").read_text(encoding="utf-8")
    for prior, rows in table.groupby("prior"):
        by_measure = rows.groupby("measure", observed=True).value
        cells = [
            f"{values.mean():.3f} [{values.min():.3f}, {values.max():.3f}]"
            for values in (by_measure.get_group(measure) for measure in MEASURES)
        ]
        assert " | ".join(cells) in card, f"{prior} is {' | '.join(cells)}"
