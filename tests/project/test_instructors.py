"""The instructors' guide: its demonstrations give what it says, and what it names is there."""

import re
from pathlib import Path

import pytest

from mia_kit.toy import invert, load_table
from mia_kit.widgets.state_line import normalise

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "notebooks" / "INSTRUCTORS.md").read_text(encoding="utf-8")
STATE = re.compile(r"^\| \d+ \| `(smoothing=.*?)` \| (\d+) \| ([\d.]+) \|", re.MULTILINE)
PARTS = re.compile(r"smoothing=(\S+) seed=(\d+) start=\((\S+),(\S+)\) target=(\d) stop=(\S+)")


@pytest.mark.parametrize(("line", "steps", "distance"), STATE.findall(GUIDE))
def test_a_demonstration_gives_what_the_guide_says(line, steps, distance):
    table = load_table()
    assert normalise(line, table.smoothings, table.seeds) == line
    factor, seed, x, y, target, stop = PARTS.fullmatch(line).groups()
    model = table.model(float(factor), int(seed))
    path = invert(model, start=(float(x), float(y)), target_class=int(target), stop_confidence=float(stop))
    assert path.steps == pytest.approx(int(steps), rel=0.02, abs=1)
    assert path.distance == pytest.approx(float(distance), abs=0.02, rel=0.005)


def test_the_guide_has_its_demonstrations_and_questions():
    assert len(STATE.findall(GUIDE)) == 6
    questions = GUIDE.split("## Questions for an exam")[1]
    assert questions.count("**Answer.**") == len(re.findall(r"^\d+\. \*\(\d", questions, re.MULTILINE)) == 12


def test_the_course_takes_the_hours_that_the_guide_says():
    minutes = [
        int(re.search(r"\*\*Time\*\* (?:about )?(\d+) minutes", path.read_text(encoding="utf-8"))[1])
        for path in sorted((ROOT / "notebooks").glob("[0-9]*.py"))
    ]
    hours = float(re.search(r"the whole course is about ([\d.]+) hours of work", GUIDE)[1])
    assert abs(sum(minutes) - 60 * hours) < 20


def test_what_the_guide_names_is_there():
    for command in re.findall(r"`mia-kit (\w+)", GUIDE):
        assert f'"{command}"' in (ROOT / "mia_kit" / "cli.py").read_text(encoding="utf-8")
    for name in re.findall(r"`((?:binder|notebooks)/[\w./]+)`", GUIDE):
        assert (ROOT / name).exists(), name
