"""The referee: a team's files are read as numbers and names, hostile ones cost their own row, nothing is executed."""

import pickle
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from mia_kit.cli import main
from mia_kit.course import referee
from mia_kit.figures.frontier import frontier
from mia_kit.studies.inversion import classroom

pytestmark = pytest.mark.usefixtures("tiny_classroom")


def team(folder: Path, name: str = "Pandas", defence: str = "none", strength: float = 0.0) -> Path:
    model = classroom.untrained(defence, strength, width=4, seed=3)
    return referee.hand_in(folder, name, model, defence=defence, strength=strength, width=4)


def change(folder: Path, **values) -> None:
    path = folder / referee.RECIPE
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | values))


@pytest.mark.parametrize(("defence", "strength"), [("none", 0.0), ("smoothing", -0.05), ("mid", 0.1)])
def test_what_was_handed_in_is_what_is_judged(tmp_path, defence, strength) -> None:
    entry = referee.read_entry(team(tmp_path / "a", defence=defence, strength=strength))
    expected = classroom.untrained(defence, strength, width=4, seed=3).state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in entry.model.state_dict().items())
    assert (entry.team, entry.defence, entry.strength) == ("Pandas", defence, strength) and not entry.model.training


class Bomb:
    def __reduce__(self):
        return Path.touch, (Path("executed"),)


def spoil_pickle(folder: Path) -> None:
    (folder / referee.WEIGHTS).write_bytes(pickle.dumps(Bomb()))


def fill(folder: Path, part: str, value: float) -> None:
    """Every number of the weights whose name ends so."""
    weights = load_file(folder / referee.WEIGHTS)
    filled = {name: torch.full_like(own, value) for name, own in weights.items() if name.endswith(part)}
    save_file(weights | filled, folder / referee.WEIGHTS)


YAML_BOMB = "!!python/object/apply:pathlib.Path.touch [executed]"
LAUGHS = ["team: &a0 [ha]"] + [f"x{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
SPOILS = {
    "no whole safetensors file": spoil_pickle,
    "not YAML": lambda folder: (folder / referee.RECIPE).write_text(YAML_BOMB),
    "Expected `str`, got `array` - at `..team`": lambda folder: (folder / referee.RECIPE).write_text(
        "\n".join([*LAUGHS, "defence: *a39"])
    ),
    "holds numbers that are not finite": lambda folder: fill(folder, "head.bias", float("nan")),
    "expected .* of shape": lambda folder: change(folder, width=5),
    "the defence must be one of": lambda folder: change(folder, defence="os.system"),
    "Expected `int` <= 32 - at `..width`": lambda folder: change(folder, width=10**6),
    "Expected `float`, got `str` - at `..strength`": lambda folder: change(folder, strength="much"),
    "Expected `float` >= -1000000.0 - at `..strength`": lambda folder: change(
        folder, defence="mid", strength=float("nan")
    ),
    "recipe.yaml: the strength of mid must be at least 0": lambda folder: change(folder, defence="mid", strength=-1.0),
    "classifier.safetensors is missing": lambda folder: (folder / referee.WEIGHTS).unlink(),
    "at most 10,000 are taken": lambda folder: change(folder, team="x" * 20_000),
}


@pytest.mark.parametrize("sentence", SPOILS)
def test_a_bad_team_gets_a_sentence(tmp_path, monkeypatch, sentence) -> None:
    monkeypatch.chdir(tmp_path)
    folder = team(tmp_path / "a")
    SPOILS[sentence](folder)
    with pytest.raises(ValueError, match=sentence) as told:
        referee.read_entry(folder)
    assert str(folder) in str(told.value) and "\n" not in str(told.value)
    assert not (tmp_path / "executed").exists()


def test_every_team_has_its_line_and_a_bad_one_stops_nobody(tmp_path) -> None:
    team(tmp_path / "a", "Pandas")
    team(tmp_path / "b", "Otters", "mid", 0.1)
    spoil_pickle(team(tmp_path / "c", "Crooks"))
    verdicts = referee.referee(tmp_path, people=2, progress=False)
    assert [row.team for row in verdicts.rows] == [referee.UNDEFENDED, "Pandas", "Otters", "c"]
    text = verdicts.text()
    assert "mid 0.1" in text and text.splitlines()[-1].startswith("c ") and "not judged: " in text.splitlines()[-1]
    assert [mark.defence for mark in verdicts.marks()] == ["none", "Pandas", "Otters"]
    leaks = [row.outcome.hits / 2 for row in verdicts.rows if row.outcome]
    shown = [float(line[37:].split("%")[0]) / 100 for line in text.splitlines()[1:-1]]
    assert shown == pytest.approx(sorted(leaks), abs=0.006)


def test_names_cannot_direct_a_terminal_or_a_page_nor_take_anothers_place(tmp_path) -> None:
    hostile = "\x1b[2J\u202eOtters\nPandas  100 %</script><img onerror=x>"
    team(tmp_path / "a", "Pandas")
    team(tmp_path / "b\x1b[31m", "Pandas")
    team(tmp_path / "c", hostile)
    team(tmp_path / "d", referee.UNDEFENDED)
    spoil_pickle(team(tmp_path / "e\x1b]0;title\x07"))
    verdicts = referee.referee(tmp_path, people=1, progress=False)
    assert all(line.isprintable() for line in verdicts.text().split("\n"))
    assert len(verdicts.text().split("\n")) == 7  # a heading, and a line for each
    names = [row.team for row in verdicts.rows]
    assert len(set(names)) == 6 and names[2] == "Pandas (b?[31m)" and names[4] == f"{referee.UNDEFENDED} (d)"
    page = frontier(verdicts.marks(), title="names").figure.to_html(include_plotlyjs=False)
    assert "<img" not in page and page.count("</script>") == page.count("<script")


def test_answers_that_are_no_numbers_win_nothing(tmp_path) -> None:
    """Finite weights that give NaN everywhere."""
    fill(team(tmp_path / "a", "Silent"), "running_var", -1.0)
    shown = referee.referee(tmp_path, people=2, progress=False)
    assert [bool(row.outcome) for row in shown.rows] == [True, False]
    assert "not judged: the classifier's answers to photographs must be finite" in shown.text().splitlines()[-1]


def test_the_command(tmp_path, capsys) -> None:
    (tmp_path / "teams").mkdir()
    assert main(["referee", str(tmp_path / "teams"), "--people", "2"]) == 2
    assert "there is no team in" in capsys.readouterr().err
    team(tmp_path / "teams" / "a")
    assert main(["referee", str(tmp_path / "teams"), "--people", "41"]) == 2
    page = tmp_path / "frontier.html"
    assert main(["referee", str(tmp_path / "teams"), "--people", "2", "--figure", str(page)]) == 0
    assert "Pandas" in capsys.readouterr().out and "Pandas" in page.read_text(encoding="utf-8")
