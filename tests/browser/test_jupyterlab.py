"""Notebook 01 in a real JupyterLab, without a network: run it from top to bottom, then use the laboratory."""

import pytest

from tests.browser.conftest import cut_off_page, jupyterlab
from tests.browser.lab_driver import Lab
from tests.browser.notebook_driver import Notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def notebook(browser):
    with jupyterlab() as address, cut_off_page(browser) as (page, complaints):
        opened = Notebook.open(page, address, "01_toy_inversion.ipynb")
        opened.run_all(seconds=300)
        yield opened
        assert complaints == []


@pytest.fixture(scope="module")
def lab(notebook):
    notebook.page.locator(".mia-lab").scroll_into_view_if_needed(timeout=20_000)
    lab = Lab(notebook.page).ready()
    if lab.part("guess-nearer").is_visible():
        lab.part("guess-nearer").click()
    lab.part("factor").scroll_into_view_if_needed()
    return lab


def test_runs_without_error_or_blank_widget(notebook, lab):
    assert notebook.problems() == []
    assert lab.part("map").bounding_box()["width"] > 200
    assert lab.numbers() == (763, pytest.approx(3.23, abs=0.02))


def test_training_live_shows_progress_and_its_model(lab):
    lab.set_line("smoothing=+0.05 seed=42 start=(-3.0,-10.0) target=2 stop=0.95")
    lab.part("train").click()
    lab.part("train-progress").wait_for(state="visible", timeout=5000)
    lab.page.wait_for_function(
        """() => document.querySelector('[data-lab="train-progress"]').value > 0""", timeout=60_000
    )
    lab.drag_slider(12 / 32)  # the slider works while the kernel trains
    assert lab.text("factor-value") == "+0.00"
    lab.page.wait_for_function(
        """() => /trained live, factor \\+0.05/.test(document.querySelector('[data-lab="train-note"]').textContent)""",
        timeout=120_000,
    )
    assert lab.part("train").is_enabled() and lab.part("train-error").is_hidden()
