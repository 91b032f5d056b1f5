"""The deliberate mistakes of `breaks.py` still fit the code; whether tests see them takes minutes: run that script."""

import pytest

from tests.project.breaks import BREAKS, ROOT, beside


@pytest.mark.parametrize("file", BREAKS)
def test_breaks_fit_the_code_and_there_are_tests(file):
    text = (ROOT / "mia_kit" / file).read_text(encoding="utf-8")
    assert [note for note, right, wrong in BREAKS[file] if right not in text or right == wrong] == []
    assert all((ROOT / path).exists() for path in beside(file))


def test_there_are_thirty_in_all_rooms():
    assert (
        sum(map(len, BREAKS.values())) >= 30 and len({file.partition("/")[0] for file in BREAKS if "/" in file}) >= 10
    )
