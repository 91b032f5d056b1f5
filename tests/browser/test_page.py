"""The page without kernel and network: every control, against the same attack in Python."""

import pytest

from mia_kit.toy import invert, load_table
from tests.browser.lab_driver import Lab

pytestmark = pytest.mark.browser


@pytest.fixture
def lab(page, lab_page):
    page.goto(lab_page)
    ready = Lab(page).ready()
    ready.part("guess-nearer").click()
    return ready


def assert_same(lab, smoothing, seed=42, **settings):
    steps, distance = lab.numbers()
    path = invert(load_table().model(smoothing, seed), **settings)
    assert steps == pytest.approx(path.steps, rel=0.02, abs=1)
    assert distance == pytest.approx(path.distance, abs=0.02, rel=0.005)


def test_first_view_is_the_papers_attack_on_hard_labels(lab):
    assert_same(lab, 0.0)
    assert lab.text("outcome") == "stopped"
    assert "computing" not in lab.text("curve-note")  # the shipped curve stands at once


def test_mouse_drag_and_keyboard(lab):
    lab.drag_slider(14 / 32)
    assert lab.text("factor-value") == "+0.05"
    assert_same(lab, 0.05)
    lab.part("factor").focus()
    for _ in range(4):
        lab.page.keyboard.press("ArrowLeft")
    assert lab.text("factor-value") == "-0.05"
    assert_same(lab, -0.05)
    lab.page.keyboard.press("Home")
    lab.settle()
    assert lab.text("factor-value") == "-0.30"
    lab.drag_slider(14 / 32, moves=60)  # a fast sweep ends at the final value
    lab.page.wait_for_timeout(300)
    assert_same(lab, 0.05)


def test_seed_target_stop_and_preset_start(lab):
    lab.part("seed").select_option("3")
    assert_same(lab, 0.0, seed=3)
    lab.part("target").select_option("1")
    assert_same(lab, 0.0, seed=3, target_class=1)
    lab.part("stop").fill("0.8")
    lab.part("stop").press("Tab")
    assert_same(lab, 0.0, seed=3, target_class=1, stop_confidence=0.8)
    lab.part("start").select_option(label="(0.0,0.0) the middle")
    assert_same(lab, 0.0, seed=3, target_class=1, stop_confidence=0.8, start=(0, 0))


def test_start_is_dragged_and_nudged(lab):
    lab.part("handle").scroll_into_view_if_needed()
    box = lab.part("handle").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    lab.page.mouse.move(x, y)
    lab.page.mouse.down()
    lab.page.mouse.move(x + 120, y - 60, steps=5)
    lab.page.mouse.up()
    lab.settle()
    line = lab.part("state").input_value()
    start = tuple(float(part) for part in line.split("start=(")[1].split(")")[0].split(","))
    assert start[0] > 0 and start[1] > -9
    assert_same(lab, 0.0, start=start)
    lab.part("handle").focus()
    lab.page.keyboard.press("ArrowUp")
    assert_same(lab, 0.0, start=(start[0], round(start[1] + 0.5, 1)))


def test_state_line_is_copied_and_pasted(lab):
    line = "smoothing=+0.30 seed=7 start=(0.0,0.0) target=2 stop=0.90"
    lab.set_line(line)
    assert_same(lab, 0.3, seed=7, start=(0, 0), stop_confidence=0.9)
    lab.part("copy").click()
    lab.page.wait_for_function("() => document.querySelector('[data-lab=\"copy-note\"]').textContent.length > 0")
    assert lab.page.evaluate("() => navigator.clipboard.readText()") == line


def test_bad_state_line_says_why_and_changes_nothing(lab):
    before = lab.numbers()
    lab.set_line("smoothing=+2.00 seed=42 start=(0,0) target=2 stop=0.95")
    assert "not in the table" in lab.text("state-error")
    assert lab.numbers() == before


def test_an_error_shows_and_the_next_drag_works(lab):
    lab.page.evaluate(
        """() => {
            const draw = CanvasRenderingContext2D.prototype.drawImage;
            CanvasRenderingContext2D.prototype.drawImage = () => { throw new Error("injected") };
            window.mend = () => { CanvasRenderingContext2D.prototype.drawImage = draw };
        }"""
    )
    lab.drag_slider(0.2)
    lab.settle()
    assert "could not be drawn (injected)" in lab.text("error")
    lab.page.evaluate("() => window.mend()")
    lab.drag_slider(14 / 32)
    assert_same(lab, 0.05)
    assert lab.part("error").is_hidden()


def test_prediction_unlocks_the_slider_and_is_judged(page, lab_page):
    page.goto(lab_page)
    lab = Lab(page).ready()
    assert lab.part("factor").is_disabled()
    lab.part("guess-farther").click()
    assert lab.part("factor").is_enabled() and lab.part("predict").is_hidden()
    assert "Now visit the factors" in lab.text("verdict")
    lab.drag_slider(14 / 32)
    lab.settle()
    assert "Your guess: farther. Measured: nearer." in lab.text("verdict")


def test_new_start_computes_a_new_curve(lab):
    lab.set_line("smoothing=+0.00 seed=42 start=(0.0,0.0) target=2 stop=0.95")
    lab.page.wait_for_function("() => /computing \\d+ of 363/.test(document.body.innerText)")
    lab.page.wait_for_function("() => !/computing/.test(document.body.innerText)", timeout=60_000)


def test_every_control_has_a_name_every_drawing_words_and_a_narrow_page_room(lab):
    assert lab.part("train").is_disabled() and "needs the notebook" in lab.part("train").get_attribute("title")
    nameless = lab.page.evaluate(
        """() => [...document.querySelectorAll('.mia-lab input, .mia-lab select, .mia-lab button')]
            .filter(e => !e.labels?.length && !e.getAttribute('aria-label') && !e.textContent.trim())
            .map(e => e.outerHTML)"""
    )
    assert nameless == []
    for name in ("map", "curve", "norm", "confidence-path"):
        assert len(lab.part(name).get_attribute("aria-label")) > 40
    assert "3.23 from the nearest training point" in lab.part("map").get_attribute("aria-label")
    lab.page.set_viewport_size({"width": 420, "height": 900})
    lab.settle()
    assert lab.page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
