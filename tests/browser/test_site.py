"""The chapters as web pages, opened from a folder and cut off from the network: sliders, keys, figures, axe-core."""

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from mia_kit.course.notebooks import sources
from mia_kit.course.site import build

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

CHAPTERS = [source.stem for source in sources()]
MEGABYTES = 3e6


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the pages, built once."""
    return build(tmp_path_factory.mktemp("site") / "pages").parent


def scroll(page):
    """To the end and back, so that every figure comes into view, and wait until all are drawn."""
    for _ in range(80):
        page.mouse.wheel(0, 900)
        page.wait_for_timeout(20)
        if page.evaluate("innerHeight + scrollY >= document.body.scrollHeight - 2"):
            break
    page.wait_for_function(
        "[...document.querySelectorAll('.mia-figure')].every(box => box.querySelector('.main-svg'))", timeout=60_000
    )
    page.evaluate("scrollTo(0, 0)")


@pytest.mark.parametrize("name", ["index", "search", *CHAPTERS])
def test_a_page_is_drawn_and_axe_finds_nothing_serious(page, site, name):
    page.goto((site / f"{name}.html").as_uri())
    scroll(page)
    assert page.locator(".mia-problem").count() == 0
    found = Axe().run(page).response["violations"]
    bad = {own["id"]: own["nodes"][0]["html"][:150] for own in found if own["impact"] in ("serious", "critical")}
    assert bad == {}
    images = "[...document.images].filter(own => !own.complete || own.naturalWidth === 0).map(own => own.src)"
    assert page.evaluate(images) == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_page_is_small(site, name):
    text = (site / f"{name}.html").read_text(encoding="utf-8")
    images = set(re.findall(r'src="((?:_static|_images)/[^"]+\.png)"', text))
    weight = len(text) + sum((site / image).stat().st_size for image in images)
    assert weight < MEGABYTES
    assert "http://" not in re.sub(r'(xmlns(:\w+)?|href)="http[^"]*"', "", text).replace("http://www.w3.org", "")


def test_keys_move_the_embedding(page, site):
    page.goto((site / "02_embeddings.html").as_uri())
    scroll(page)
    panel = page.locator(".mia-panel").first
    panel.locator(".mia-answers button").first.click()
    slider = panel.locator("input[type=range]")
    points = "own => own.closest('.mia-panel').querySelector('.mia-plot').calcdata[0].map(point => point.x)"
    before, words = slider.evaluate(points), slider.get_attribute("aria-valuetext")
    slider.focus()
    page.keyboard.press("Home")
    page.wait_for_timeout(300)
    assert slider.get_attribute("aria-valuetext") != words
    assert json.dumps(slider.evaluate(points)) != json.dumps(before)


def test_the_wheel_turns_the_page_over_a_surface(page, site):
    page.goto((site / "01_toy_inversion.html").as_uri())
    scroll(page)
    surface = page.locator(".mia-plot canvas").first
    surface.scroll_into_view_if_needed()
    surface.hover()
    before = page.evaluate("scrollY")
    page.mouse.wheel(0, 300)
    page.wait_for_timeout(500)
    assert page.evaluate("scrollY") == before + 300


def test_the_laboratory_is_the_real_one(page, site):
    page.goto((site / "01_toy_inversion.html").as_uri())
    page.locator("#lab").scroll_into_view_if_needed()
    assert page.locator("#lab input[type=range]").first.is_visible()


@pytest.mark.parametrize(("name", "controls"), [("04_stages", 3), ("10_data_centric", 2)])
def test_a_guess_unlocks_a_recorded_widget_which_follows_its_controls(page, site, name, controls):
    page.goto((site / f"{name}.html").as_uri())
    scroll(page)
    panel = page.locator(".mia-panel").first
    assert panel.locator("input[type=range]").count() == controls
    words = panel.locator(".mia-words")
    before = words.inner_html()
    slider = panel.locator("input[type=range]").first
    assert slider.is_disabled()
    answer = panel.locator(".mia-answers button").last
    guess = answer.inner_text()
    answer.focus()
    page.keyboard.press("Enter")
    assert f"Your guess: {guess}." in panel.inner_text() and slider.is_enabled()
    slider.focus()
    page.keyboard.press("End")
    page.keyboard.press("Home")
    assert words.inner_html() != before or slider.input_value() == "0"
    page.keyboard.press("End")
    assert slider.input_value() == slider.get_attribute("max")
