"""Text of others cannot direct a terminal, and no encoding stops a command."""

import io

import pytest

from mia_kit.terminal import printable, say, spell_out

RIGHT_TO_LEFT = "\u202e"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Pandas", "Pandas"),
        ("Žofie's 🐼 über", "Žofie's 🐼 über"),
        ("\x1b[2J\x1b[31mred", "?[2J?[31mred"),
        ("one\r\ntwo\tthree\u2028four", "one  two three four"),
        ("\x07\x9b2J\x00", "??2J?"),
        (f"safe{RIGHT_TO_LEFT}gpj.exe", "safe?gpj.exe"),
        ("\udcff", "?"),
    ],
)
def test_a_line_holds_nothing_that_a_terminal_obeys(text: str, line: str) -> None:
    assert printable(text) == line


def test_long_names_are_cut() -> None:
    assert printable("x" * 100, 60) == "x" * 57 + "..." and printable("x" * 60, 60) == "x" * 60


def test_lines_of_our_own_stay_lines(capsys: pytest.CaptureFixture) -> None:
    say("first\nsecond\x1b[A")
    assert capsys.readouterr().out == "first\nsecond?[A\n"


@pytest.mark.parametrize(
    ("encoding", "spelt"),
    [
        ("ascii", "- +/- -0.05 Tramer ? 5?"),
        ("cp437", "- ± -0.05 Tramèr ? 5²"),
        ("cp1252", "— ± -0.05 Tramèr ? 5²"),
        ("utf-8", "— ± −0.05 Tramèr ≠ 5²"),
    ],
)
def test_what_an_encoding_lacks_is_spelt(monkeypatch: pytest.MonkeyPatch, encoding: str, spelt: str) -> None:
    """Only letters lose their accents: 5² must not read 52, nor ≠ read =."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr("sys.stdout", stream)
    spell_out()
    print("— ± −0.05 Tramèr ≠ 5²", end="", flush=True)
    assert stream.buffer.getvalue().decode(encoding) == spelt
