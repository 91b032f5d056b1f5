"""The checks of chapter 2 accept right answers and name the usual mistakes."""

import numpy as np
from scipy.spatial.distance import cdist

from mia_kit.exercises import chapter02


def ratio(features, labels, diagonal=False):
    distances, same = cdist(features, features), labels[:, None] == labels[None, :]
    within = same if diagonal else same & ~np.eye(len(labels), dtype=bool)
    return distances[within].mean() / distances[~same].mean()


def test_ratio(capsys):
    assert chapter02.check_ratio(ratio)
    assert not chapter02.check_ratio(lambda x, y: 1 / ratio(x, y))
    assert not chapter02.check_ratio(lambda x, y: ratio(x, y, diagonal=True))
    assert not chapter02.check_ratio(lambda x, y: 0.5)
    printed = capsys.readouterr().out
    assert "other way round" in printed and "leave the diagonal out" in printed and "yours gives 0.500" in printed


def test_scale(capsys):
    assert chapter02.check_scale("the same")
    assert not chapter02.check_scale("larger")
    assert not chapter02.check_scale("")
    assert "all distances grow" in capsys.readouterr().out
