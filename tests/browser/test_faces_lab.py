"""The laboratory of faces and the line-up on a page without a kernel: locked, dragged, by keys, fast, in words."""

import base64
import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from mia_kit.widgets import client, faces_lab

pytestmark = pytest.mark.browser

TABLE = json.loads(faces_lab.TABLE)
STEPS = TABLE["steps"][-2]
DRAGS = """async () => {
    const [factor, steps] = ["factor", "steps"].map((name) => document.querySelector(`[data-lab=${name}]`));
    const times = [];
    for (let i = 0; i < 60; i++) {
        const slider = i % 2 ? factor : steps;
        slider.value = (i * 5) % 7;
        const began = performance.now();
        slider.dispatchEvent(new Event("input"));
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
        times.push(performance.now() - began);
    }
    return times.sort((a, b) => a - b);
}"""


def open_page(page: Page, folder: Path, values: dict) -> Page:
    """A page with the widget alone, as `mia-kit site` writes it."""
    sheet = base64.b64encode(faces_lab.SHEET).decode()  # of a file, the browser would not give the pixels back
    values = json.dumps(values | {"sheet": f"data:image/webp;base64,{sheet}"})
    style = "".join(map(client.read_asset, ("page.css", "lab.css", "faces_lab.css")))
    (folder / "page.html").write_text(
        f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>faces</title><style>{style}</style><main>'
        f'<div class="mia-faces-place" data-values="values"></div></main>'
        f'<script id="values" type="application/json">{values}</script>'
        f'<script id="mia-faces-table" type="application/json">{faces_lab.TABLE}</script>'
        f"<script>(() => {{{client.script('faces_page.js')}}})()</script></html>",
        encoding="utf-8",
    )
    page.goto((folder / "page.html").as_uri())
    page.wait_for_timeout(300)  # the sheet is decoded
    return page


@pytest.fixture
def lab(page: Page, tmp_path: Path) -> Page:
    return open_page(page, tmp_path, faces_lab.FacesLab().payload())


def part(page: Page, name: str):
    return page.locator(f"[data-lab={name}]")


def unlock(page: Page) -> None:
    part(page, "guess-fewer").click()


def pixels(page: Page, place: int) -> str:
    return str(page.evaluate(f"() => document.querySelector('[data-lab=face-{place}]').toDataURL()"))


def row(factor: float, loss: str, steps: int) -> dict:
    return next(r for r in TABLE["rows"] if (r["factor"], r["loss"], r["steps"]) == (factor, loss, steps))


def test_a_guess_unlocks_the_sliders_and_stays(lab: Page) -> None:
    assert part(lab, "factor").is_disabled() and part(lab, "loss").is_disabled()
    expect(part(lab, "chart")).not_to_be_visible()
    unlock(lab)
    assert part(lab, "factor").is_enabled()
    expect(part(lab, "verdict")).to_contain_text("Your guess: fewer people. Here:")
    assert part(lab, "live").is_disabled()  # nothing computes on a page


def test_keys_change_the_faces_and_their_words(lab: Page) -> None:
    unlock(lab)
    part(lab, "steps").focus()
    lab.keyboard.press("End")
    last = TABLE["steps"][-1]
    lab.wait_for_timeout(100)
    before = pixels(lab, 0)
    part(lab, "factor").focus()
    for _ in range(3):
        lab.keyboard.press("ArrowLeft")
    expect(part(lab, "factor-value")).to_have_text("\u22120.20")
    assert pixels(lab, 0) != before
    now = row(-0.2, "cross_entropy", last)
    expect(part(lab, "hits")).to_have_text(f"{round(100 * now['hits'])} %")
    for place, rank in enumerate(now["ranks"]):
        expect(part(lab, f"words-{place}")).to_have_text("\u2713 recognised" if rank == 1 else f"rank {rank}")
    part(lab, "loss").select_option("poincare")
    expect(part(lab, "hits")).to_have_text(f"{round(100 * row(-0.2, 'poincare', last)['hits'])} %")


def test_drags_are_answered_at_once(lab: Page) -> None:
    unlock(lab)
    times = lab.evaluate(DRAGS)
    assert times[30] < 40 and times[57] < 100, f"median {times[30]:.0f} ms, 95th percentile {times[57]:.0f} ms"


def test_a_state_line_sets_everything_and_a_bad_one_is_told(lab: Page) -> None:
    unlock(lab)
    part(lab, "state").fill(f"factor=+0.10 loss=poincare steps={STEPS}")
    part(lab, "state").press("Tab")
    expect(part(lab, "factor-value")).to_have_text("+0.10")
    expect(part(lab, "steps-value")).to_have_text(str(STEPS))
    part(lab, "state").fill(f"factor=+0.33 loss=poincare steps={STEPS}")
    part(lab, "state").press("Tab")
    expect(part(lab, "state-error")).to_contain_text("factor must be one of")
    expect(part(lab, "factor-value")).to_have_text("+0.10")


def test_the_line_up_counts_the_learner_and_the_evaluator(page: Page, tmp_path: Path) -> None:
    open_page(page, tmp_path, {"line_up": True})
    for number in range(12):
        expect(part(page, "question")).to_contain_text(f"Round {number + 1} of 12")
        assert page.locator(".faces-suspects button").count() == 6
        page.locator(".faces-suspects button").nth(number % 6).click()
    expect(part(page, "question")).to_contain_text("All twelve are done")
    words = part(page, "tally").inner_text()
    assert words.count("of 6, the evaluator") == 2 and "guessing 1.0" in words
