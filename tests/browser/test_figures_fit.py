"""Every stored figure, drawn as wide as JupyterLab's page in a window of 1,280 pixels: no word is cut off or hidden."""

import json
from itertools import combinations
from pathlib import Path

import pytest
from plotly.offline import get_plotlyjs

from mia_kit.course.notebooks import sources
from mia_kit.figures.reproduce import PAGE_WIDTH, PLOTLY
from mia_kit.widgets.panel import MIME

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

DRAW = """async ({data, layout}) => {
    const place = document.getElementById("figure");
    await Plotly.newPlot(place, data, {...layout, sliders: [], updatemenus: []}, {staticPlot: true});
    const frame = place.querySelector(".main-svg").getBoundingClientRect();
    const words = [...place.querySelectorAll("text")].filter(word => word.textContent).map(word => {
        const {left, top, right, bottom} = word.getBoundingClientRect();
        const slanted = /rotate\\((?!-?90|0)/.test(word.getAttribute("transform"));
        return [word.textContent, slanted, left - frame.left, top - frame.top, right - frame.left, bottom - frame.top];
    });
    return [words, frame.width, frame.height];
}"""


def stored_figures(path: Path) -> list[dict]:
    cells = json.loads(path.with_suffix(".ipynb").read_text(encoding="utf-8"))["cells"]
    outputs = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    of_widgets = [data[MIME]["figure"] for data in outputs if MIME in data and data[MIME]["figure"]]
    return [data[PLOTLY] for data in outputs if PLOTLY in data] + of_widgets


@pytest.mark.parametrize("source", sources(), ids=lambda source: source.stem)
def test_no_word_of_a_figure_is_cut_off_or_hidden(page, source):
    page.set_content(f"<div id=figure style='width: {PAGE_WIDTH}px'></div>")
    page.add_script_tag(content=get_plotlyjs())
    bad = []
    for figure in stored_figures(source):
        words, width, height = page.evaluate(DRAW, figure)
        title = figure["layout"]["title"]["text"]
        for text, _, left, top, right, bottom in words:
            if left < -1 or top < -1 or right > width + 1 or bottom > height + 1:
                bad.append(f"{title}: {text!r} is cut off, {left:.0f} to {right:.0f} by {top:.0f} to {bottom:.0f}")
        straight = [(text, *edges) for text, slanted, *edges in words if not slanted]
        for (text, left, top, right, bottom), (other, left_2, top_2, right_2, bottom_2) in combinations(straight, 2):
            if min(right, right_2) - max(left, left_2) > 2 and min(bottom, bottom_2) - max(top, top_2) > 4:
                bad.append(f"{title}: {text!r} lies over {other!r}")
    assert not bad, "\n".join(bad)
