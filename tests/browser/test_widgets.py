"""The sliders of chapters 2, 3 and 4 in a real JupyterLab, on made-up pictures and maps: dragged, and moved by keys."""

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.conftest import cut_off_page, start_jupyterlab
from tests.browser.notebook_driver import Notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

MIXER = """
import numpy as np
from mia_kit.studies.inversion.stages import Mixtures
from mia_kit.widgets.stage_mixer import StageMixer

# A mixture's rank is 100 + 9 * sampling + 3 * optimisation + selection, each 0 to 2, and its picture of that grey.
ranks = 100 + np.arange(27).reshape(3, 3, 3, 1)
pictures = np.broadcast_to(ranks[..., None, None, None].astype(np.uint8), (3, 3, 3, 1, 3, 8, 8))
mixtures = Mixtures((-0.05, 0.0, 0.1), pictures, ranks, ranks)
StageMixer(mixtures, names=["nobody"])
"""
EXPLORER = """
from mia_kit.figures.embedding import tsne_morph
from mia_kit.widgets.frame_explorer import FrameExplorer
from mia_kit.widgets.panel import Guess

maps = {factor: np.full((4, 2), factor) + [[0, 0], [0, 1], [1, 0], [1, 1]] for factor in (-0.05, 0.0, 0.1)}
drawn = tsne_morph(maps, np.array([0, 0, 1, 1]), class_names=("a", "b"))
FrameExplorer(drawn, guess=Guess("Which way?", ("together", "apart")))
"""
FACES = """
from mia_kit.widgets.faces_lab import FacesLab

def live(factor, loss, people):
    for step in (0, 2):
        yield step, 2, np.full((len(people), 64, 64, 3), 90 * step, np.uint8), np.ones(len(people))

FacesLab(live=live)
"""


@pytest.fixture(scope="module")
def notebook(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    home: Path = tmp_path_factory.mktemp("widgets")
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in (MIXER, EXPLORER, FACES)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    (home / "notebooks").mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), home / "notebooks" / "widgets.ipynb")
    with start_jupyterlab(home) as address, cut_off_page(browser) as (page, complaints):
        opened = Notebook.open(page, address, "widgets.ipynb")
        opened.run_all(seconds=120)
        assert opened.problems() == []
        yield opened
        assert complaints == []


def slider(notebook: Notebook, name: str) -> Locator:
    """The slider with this description."""
    return notebook.page.locator(".widget-hslider", has=notebook.page.get_by_text(name, exact=True))


def drag_to_the_end(notebook: Notebook, name: str) -> None:
    """Drag the handle to the right end with the mouse."""
    one = slider(notebook, name)
    one.scroll_into_view_if_needed()
    handle, rail = one.locator(".noUi-handle").bounding_box(), one.locator(".noUi-base").bounding_box()
    assert handle is not None and rail is not None
    mouse = notebook.page.mouse
    mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    mouse.down()
    mouse.move(rail["x"] + rail["width"], rail["y"] + rail["height"] / 2, steps=8)
    mouse.up()


def test_each_stage_of_the_mixer_by_mouse_and_keys(notebook: Notebook) -> None:
    """From hard labels everywhere, one stage after the other is given the target of the greatest factor."""
    figure = notebook.page.locator("figure", has_text="nobody")
    for stage, rank in (("sampling", 122), ("optimisation", 125), ("selection", 126)):
        before = figure.locator("img").get_attribute("src")
        drag_to_the_end(notebook, stage)
        expect(figure).to_contain_text(f"rank {rank}")
        assert figure.locator("img").get_attribute("src") != before
        expect(slider(notebook, stage)).to_contain_text("+0.1")
    handle = slider(notebook, "selection").locator(".noUi-handle")
    handle.focus()
    handle.press("ArrowLeft")
    expect(figure).to_contain_text("rank 125")


def test_a_guess_unlocks_the_map_and_stays_in_it(notebook: Notebook) -> None:
    slides = slider(notebook, "smoothing factor").locator(".noUi-target")
    assert slides.get_attribute("disabled") is not None
    notebook.page.get_by_role("button", name="apart").click()
    expect(slides).not_to_have_attribute("disabled", "true")
    expect(notebook.page.locator(".js-plotly-plot").last).to_contain_text("your guess: apart")


def test_keys_and_the_mouse_move_the_map(notebook: Notebook) -> None:
    read = """() => [...document.querySelectorAll('.js-plotly-plot')].at(-1).data[0].x[0]"""
    handle = slider(notebook, "smoothing factor").locator(".noUi-handle")
    handle.focus()
    handle.press("ArrowLeft")
    notebook.page.wait_for_function(f"() => Math.abs(({read})() + 0.05) < 1e-6", timeout=10_000)
    handle.press("ArrowRight")
    notebook.page.wait_for_function(f"() => Math.abs(({read})()) < 1e-6", timeout=10_000)
    drag_to_the_end(notebook, "smoothing factor")
    notebook.page.wait_for_function(f"() => Math.abs(({read})() - 0.1) < 1e-6", timeout=10_000)


def test_a_live_attack_repaints_the_faces(notebook: Notebook) -> None:
    faces = notebook.page.locator(".mia-faces")
    faces.scroll_into_view_if_needed()
    assert faces.locator("[data-lab=live]").is_disabled()
    faces.locator("[data-lab=guess-fewer]").click()
    faces.locator("[data-lab=live]").click()
    expect(faces.locator("[data-lab=live-note]")).to_have_text("live, step 2 of 2: 12 of 12 recognised", timeout=15_000)
    pixel = "() => [...document.querySelector('[data-lab=face-3]').getContext('2d').getImageData(100, 30, 1, 1).data]"
    notebook.page.wait_for_function(f"() => ({pixel})()[0] === 180")
    expect(faces.locator("[data-lab=live]")).to_be_enabled()
