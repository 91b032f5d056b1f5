"""The pages without a kernel: what becomes of each output, and that a bad page is told."""

import base64
import json
import re

import pytest
from nbformat import write
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from mia_kit.course import site
from mia_kit.widgets.panel import LAB_MIME, MIME

PNG = base64.b64encode(b"a picture").decode()
FIGURE = {"data": [{"x": [1], "y": [2]}], "layout": {"title": {"text": "</script><b>"}}}
PANEL = {"controls": [], "views": {"": {"html": "<p>moved</p>", "traces": {}}}, "figure": None}


def cell(data, *tags):
    made = new_code_cell("shown", outputs=[new_output("display_data", data)])
    made.metadata["tags"] = list(tags)
    return made


def page(tmp_path, *cells):
    return site.for_page(new_notebook(cells=[new_markdown_cell("# Title"), *cells]), "07_x", tmp_path)


def shown(made, number):
    return made.cells[number + 2].outputs[0].data["text/html"]  # after the title and the note


def test_a_figure_keeps_its_numbers_its_words_and_its_twin(tmp_path):
    made = page(tmp_path, cell({site.PLOTLY_MIME: FIGURE, "image/png": PNG, "text/plain": 'bars "so" & so'}))
    text = shown(made, 0)
    assert 'aria-label="bars &quot;so&quot; &amp; so"' in text and 'alt="bars &quot;so&quot; &amp; so"' in text
    twin = re.search(r'src="_static/([^"]+)"', text)[1]
    assert (tmp_path / twin).read_bytes() == b"a picture"
    inside = re.search(r'<script type="application/json">(.*)</script>', text)[1]
    assert "</script>" not in inside and json.loads(inside) == FIGURE
    assert made.cells[1].source.startswith("```{note}") and "07_x.ipynb" in made.cells[1].source


def test_records_the_laboratory_and_what_is_left(tmp_path):
    state = "smoothing=+0.05 seed=3 start=(-3.0,-10.0) target=2 stop=0.95"
    made = page(
        tmp_path,
        cell({MIME: PANEL, "text/plain": "run me"}),
        cell({LAB_MIME: {"state": state}, "text/plain": "run me"}),
        cell({"application/vnd.jupyter.widget-view+json": {}, "text/plain": "0%"}),
        cell({"text/html": "<p>stays</p>", "text/plain": "stays"}, "solution"),
        cell({"image/png": PNG, "text/plain": "measured"}),
    )
    assert 'class="mia-panel"' in shown(made, 0)
    values = json.loads(re.search(r'id="lab-table" type="application/json">(.*?)</script>', shown(made, 1))[1])
    assert values["plain"]["state"] == state and values["bytes"]["weights"] and not values["plain"]["has_kernel"]
    assert made.cells[4].outputs == []
    assert shown(made, 3) == "<p>stays</p>" and made.cells[5].metadata.tags == ["hide-cell"]
    assert 'alt="measured"' in shown(made, 4)


@pytest.fixture
def chapter(tmp_path):
    (tmp_path / "01_tiny.py").write_text("", encoding="utf-8")
    formula = new_markdown_cell("# Tiny\n\nA factor $a$.\n\n## More\n\nWords.")
    book = new_notebook(cells=[formula, cell({site.PLOTLY_MIME: FIGURE, "image/png": PNG, "text/plain": "bars"})])
    book.metadata["language_info"] = {"name": "python"}
    write(book, tmp_path / "01_tiny.ipynb")
    return tmp_path / "01_tiny.py"


def test_a_whole_site(chapter, tmp_path):
    front = site.build(tmp_path / "site", [chapter])
    words = front.read_text(encoding="utf-8")
    assert "01_tiny.html" in words and "Responsible use" in words
    text = (tmp_path / "site" / "01_tiny.html").read_text(encoding="utf-8")
    assert "<math" in text and 'class="mia-figure"' in text
    for name in ("site.js", "site.css", "plotly.min.js", "lab.js", "01_tiny-1-0.png"):
        assert (tmp_path / "site" / "_static" / name).stat().st_size > 0
    assert not re.findall(r'(?:src|rel="stylesheet"[^>]*href)="(https?:[^"]+)"', text)  # nothing is fetched


def test_a_link_to_nowhere_and_a_full_folder_are_told(chapter, tmp_path):
    write(new_notebook(cells=[new_markdown_cell("# Tiny\n\n[gone](02_gone.ipynb)")]), chapter.with_suffix(".ipynb"))
    with pytest.raises(ValueError, match="02_gone"):
        site.build(tmp_path / "site", [chapter])
    assert list((tmp_path / "site").iterdir()) == []  # no half-made pages
    (tmp_path / "site" / "mine").touch()
    with pytest.raises(FileExistsError, match="holds something already"):
        site.build(tmp_path / "site", [chapter])
