"""The first house's evidence: readable, whole, told in words, and measured by the recipes that ship."""

import json
from pathlib import Path
from typing import Any

import pytest

from mia_kit.runs.first_house import first_words, read_evidence, verdicts_in_words


def write(folder: Path, name: str, claims: dict[str, Any]) -> None:
    (folder / f"{name}.json").write_text(json.dumps({"results": {"claims": claims}}))


def test_a_word_needs_every_file_that_speaks_of_it(folder: Path) -> None:
    for name, word in (("digits", "reproduced"), ("faces", "not reproduced")):
        write(folder, name, {"P1": {"course": "1", "verdict": word}, "P2": {"course": "1", "verdict": "reproduced"}})
    for name in ("table.json", "table.csv.gz"):
        (folder / name).write_text("{}")  # a tidy table and its record
    assert first_words() == {"P1": "not reproduced", "P2": "reproduced"}


def test_damaged_or_absent_evidence(folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match="measure it with: mia-kit run toy_order"):
        read_evidence("toy_order")
    for text in ('{"half": ', '{"results": [1]}', '{"results": {"claims": {"S1": {}}}}'):
        (folder / "toy_order.json").write_text(text)
        with pytest.raises(ValueError, match="damaged"):
            read_evidence("toy_order")


def test_verdicts_stand_one_by_one(folder: Path) -> None:
    claims = {
        "S1": {"course": "0.1 < 0.2", "verdict": "reproduced"},
        "S2": {"full": "none", "verdict": "not reproduced", "link": "x"},
    }
    write(folder, "made_up", claims)
    assert verdicts_in_words("made_up") == "claim S1: reproduced\n  0.1 < 0.2\nclaim S2: not reproduced\n  none"
    assert verdicts_in_words("absent").endswith("stand as not run. Measure it with: mia-kit run absent")
