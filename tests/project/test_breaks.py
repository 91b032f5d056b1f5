"""The deliberate mistakes of `breaks.py` still fit the code; whether tests see them takes minutes: run that script."""

from collections import Counter

import pytest

from tests.project.breaks import BREAKS, ROOT


@pytest.mark.parametrize("mistake", BREAKS, ids=lambda mistake: mistake.note)
def test_a_break_fits_the_code_and_names_tests(mistake):
    assert mistake.right in (ROOT / "mia_kit" / mistake.file).read_text(encoding="utf-8")
    assert (ROOT / "tests" / mistake.tests).exists()


def test_there_are_thirty_in_all_rooms():
    rooms = Counter(mistake.file.partition("/")[0] for mistake in BREAKS if "/" in mistake.file)
    assert len(BREAKS) >= 30 and len(rooms) >= 10
