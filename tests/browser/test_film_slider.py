"""The slider over the steps of an attack, in Chromium: mouse and picture go together, without a kernel."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from mia_kit.figures.film import film_slider

pytestmark = pytest.mark.browser

STEPS = (0, 10, 20, 50)


@pytest.fixture
def film(page: Page, tmp_path: Path) -> Page:
    """A page with the film of two people, every picture of its own grey; it opens at the last step."""
    greys = np.linspace(20, 240, 8).astype(np.uint8).reshape(4, 2, 1, 1, 1)
    pictures = np.broadcast_to(greys, (4, 2, 16, 16, 3)).copy()
    ranks, distances = np.arange(8).reshape(4, 2) + 1, np.linspace(2, 1, 8).reshape(4, 2)
    drawn = film_slider(pictures, STEPS, ranks, distances, threshold=1.5, names=("a", "b"))
    path = tmp_path / "film.html"
    drawn.figure.write_html(path, include_plotlyjs=True)
    page.goto(path.as_uri())
    return page


def shown(page: Page) -> list[str]:
    """The sources of the faces that the figure holds now."""
    sources: list[str] = page.evaluate(
        """() => document.querySelector(".js-plotly-plot").data
            .filter((trace) => trace.type === "image").map((trace) => trace.source)"""
    )
    return sources


def test_dragging_back_to_the_first_step_brings_back_its_faces(film: Page) -> None:
    value, grip = film.locator(".slider-current-value, .slider-label").first, film.locator(".slider-grip-rect")
    expect(value).to_contain_text("steps: 50")
    last, place = shown(film), grip.bounding_box()
    assert place is not None
    rail = film.locator(".slider-rail-touch-rect").bounding_box()
    assert rail is not None
    film.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    film.mouse.down()
    film.mouse.move(rail["x"] + 5, rail["y"] + rail["height"] / 2, steps=8)
    film.mouse.up()
    expect(value).to_contain_text("steps: 0")
    film.wait_for_function(
        """(before) => document.querySelector(".js-plotly-plot").data[0].source !== before""", arg=last[0]
    )
    first = shown(film)
    assert len(set(first) | set(last)) == 4
    marks: list[float] = film.evaluate(
        """() => document.querySelector(".js-plotly-plot").data
            .filter((trace) => trace.name === "now").map((trace) => trace.x[0])"""
    )
    assert marks == [0, 0, 0, 0]
