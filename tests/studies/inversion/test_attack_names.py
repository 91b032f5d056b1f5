"""Attacks under the names of their papers."""

import numpy as np
import pandas as pd

from mia_kit.studies.inversion.attack_names import with_names


def test_attacks_and_starts_are_named_and_all_else_is_left_out():
    rows = [
        ("ppa", "margin", "PPA (margin)"),
        ("start", "poincare", "PPA start"),
        ("gmi", "cross_entropy", "GMI"),
        ("gmi start", "cross_entropy", "GMI start"),
        ("gmi placebo", "cross_entropy", None),
        ("gmi placebo start", "cross_entropy", None),
        ("placebo", "poincare", None),
        ("oracle", "poincare", None),
        (np.nan, np.nan, None),
    ]
    table = pd.DataFrame(rows, columns=["attack", "loss", "name"]).assign(value=1.0)
    named = with_names(table)
    assert named["attack"].tolist() == [name for *_, name in rows if name]
    assert named["attack"].tolist() == named["name"].tolist()
