"""Findings: a printed line or a bold one, the last of a chapter, in the chapters' order."""

import json

from mia_kit.course.findings import as_text, read_findings


def write(folder, name, *cells):
    book = {"cells": [{"cell_type": kind, "source": [text], "outputs": outputs} for kind, text, outputs in cells]}
    (folder / name).write_text(json.dumps(book), encoding="utf-8")


def test_printed_and_bold_findings(tmp_path):
    printed = [{"text": ["Finding: it leaks .9\n", "of people.\n", "\n", "not this\n"]}]
    write(tmp_path, "05_b.ipynb", ("markdown", "# 5. Second", []), ("code", "print()", printed))
    bold = "x\n\n**Finding.** Two\nlines."
    write(tmp_path, "03_a.ipynb", ("markdown", "# 3. First\n\nWords.", []), ("markdown", bold, []))
    write(tmp_path, "04_none.ipynb", ("markdown", "# 4. None", []))
    findings = read_findings(tmp_path)
    assert [(f.name, f.title, f.sentence) for f in findings] == [
        ("03_a", "First", "Two lines."),
        ("05_b", "Second", "It leaks .9 of people."),
    ]
    assert " 3  First\n    Two lines." in as_text(findings)
