"""How much of a factor a training applied, added up by hand."""

import pytest

from mia_kit.training.dose import dose


def test_a_positive_factor_works_from_the_first_step():
    # 20 epochs: 15 at the full rate, 3 at a tenth, 2 at a hundredth
    assert dose(0.1, 20, 50, 1e-3) == pytest.approx(0.1 * 50 * 1e-3 * (15 + 3 * 0.1 + 2 * 0.01))


def test_a_negative_factor_is_ramped():
    # 4 epochs: two of hard labels, one of half the factor, one of all of it at a tenth of the rate
    assert dose(-0.2, 4, 10, 1e-3) == pytest.approx(10 * 1e-3 * (0.1 + 0.2 * 0.1))
