"""The figures of chapter 6: every attack beside the others, in numbers and in pictures."""

import numpy as np
import pandas as pd
import pytest

from mia_kit.figures.zoo import attacks_by_judge, changes_by_attack, zoo_wall


def frame(estimates: dict[tuple[str, float], float], measures=("named", "verified", "acc1")) -> pd.DataFrame:
    return pd.DataFrame(
        {"measure": measure, "attack": attack, "strength": strength, "value": value}
        | {"low": value - 0.1, "high": value + 0.2}
        for measure in measures
        for (attack, strength), value in estimates.items()
    )


def both(attack: str, share: float, start: float) -> dict[tuple[str, float], float]:
    return {(f"{attack}{end}", s): v for s in (-0.2, 0.0) for end, v in (("", share), (" start", start))}


SHARES = frame(both("brep_mi", 0.15, 0.1) | both("ppa", 0.65, 0.3))


def test_marks_intervals_and_starts_lie_in_one_row():
    drawn = attacks_by_judge(SHARES, labels={"ppa": "PPA<br>white box", "brep_mi": "BREP-MI<br>labels"})
    np.testing.assert_allclose(drawn.arrays["named -0.2"], [0.65, 0.15])
    dots, strokes = drawn.figure.data[0], drawn.figure.data[6]  # three panels of two factors, then their strokes
    assert list(dots.error_x.array) == pytest.approx([0.2, 0.2]) and list(dots.error_x.arrayminus) == [0.1, 0.1]
    assert list(strokes.x) == [0.3, 0.1] and strokes.xaxis == dots.xaxis
    np.testing.assert_allclose(strokes.y, dots.y)
    assert drawn.figure.layout.yaxis.ticktext == ("PPA<br>white box", "BREP-MI<br>labels")
    assert "0 (hard labels): ppa 0.650 [0.550, 0.850], brep_mi 0.150" in drawn.alt


def test_a_missing_cell_is_told():
    with pytest.raises(ValueError, match=r"needs named at -0.2, got none of late"):
        attacks_by_judge(SHARES, labels={"ppa": "PPA", "late": "late"})


def test_changes_stand_beside_the_published_ones():
    changes = frame({("PPA", -0.2): -0.3, ("GMI", -0.2): 0.1}, measures=("acc1", "named"))
    drawn = changes_by_attack(changes, published={"GMI": -0.06})
    np.testing.assert_allclose(drawn.arrays["acc1 -0.2"], [-0.3, 0.1])
    published = drawn.figure.data[-1]
    assert (published.x, published.y, published.xaxis) == ((-0.06,), (1,), "x")  # the panel of the evaluator
    assert "Published changes of Acc@1 by negative smoothing: GMI -0.060." in drawn.alt


def test_wall_counts_passes():
    pictures = np.random.default_rng(0).integers(0, 255, (2, 3, 8, 8, 3), dtype=np.uint8)
    passed = np.array([[True, True, False], [True, False, False]])
    drawn = zoo_wall(pictures, passed, attacks=["PPA", "BREP"], names=["p", "q", "r"])
    assert "PPA: 2 of 3 pass; BREP: 1 of 3 pass." in drawn.alt
    assert drawn.arrays["passed"] == pytest.approx([2 / 3, 1 / 3])
