"""The instructors' guide: its demonstrations give what it says, and what it names is there."""

import re
from pathlib import Path

import pytest

from mia_kit.toy import invert, load_table
from mia_kit.widgets.state_line import read

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "notebooks" / "INSTRUCTORS.md").read_text(encoding="utf-8")
STATE = re.compile(r"^\| \d+ \| `(smoothing=.*?)` \| (\d+) \| ([\d.]+) \|", re.MULTILINE)


@pytest.mark.parametrize(("line", "steps", "distance"), STATE.findall(GUIDE))
def test_a_demonstration_gives_what_the_guide_says(line, steps, distance):
    table = load_table()
    state = read(line, table.smoothings, table.seeds)
    assert str(state) == line
    model = table.model(state.smoothing, state.seed)
    path = invert(model, start=state.start, target_class=state.target, stop_confidence=state.stop)
    assert path.steps == pytest.approx(int(steps), rel=0.02, abs=1)
    assert path.distance == pytest.approx(float(distance), abs=0.02, rel=0.005)


def test_the_guide_has_its_demonstrations_and_questions():
    assert len(STATE.findall(GUIDE)) == 6
    questions = GUIDE.split("## Questions for an exam")[1]
    assert questions.count("**Answer.**") == len(re.findall(r"^\d+\. \*\(\d", questions, re.MULTILINE)) == 12


def test_what_the_guide_names_is_there():
    for command in re.findall(r"`mia-kit (\w+)", GUIDE):
        assert f'"{command}"' in (ROOT / "mia_kit" / "cli.py").read_text(encoding="utf-8")
    for name in re.findall(r"`((?:binder|notebooks)/[\w./]+)`", GUIDE):
        assert (ROOT / name).exists(), name
