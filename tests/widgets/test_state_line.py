"""The state line in Python; `tests/browser/test_lab_script.py` gives the browser the same lines."""

import re

import pytest

from mia_kit.widgets.state_line import normalise
from tests.widgets.lab_lines import BAD, GOOD, SEEDS, SMOOTHINGS


@pytest.mark.parametrize(("typed", "written"), GOOD.items())
def test_good_lines_are_written_in_one_way(typed, written):
    assert normalise(typed, SMOOTHINGS, SEEDS) == written
    assert normalise(written, SMOOTHINGS, SEEDS) == written


@pytest.mark.parametrize(("typed", "sentence"), BAD.items())
def test_bad_lines_say_what_is_wrong(typed, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        normalise(typed, SMOOTHINGS, SEEDS)
