"""Takes the README's picture of the laboratory: `python -m tests.browser.picture notebooks/images/slider.png`"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from mia_kit.widgets.page import write_page
from tests.browser.conftest import QUIET, cut_off_page
from tests.browser.lab_driver import Lab
from tests.conftest import find_chromium

STATE = "smoothing=+0.05 seed=42 start=(-3.0,-10.0) target=2 stop=0.95"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_file = write_page(Path(folder) / "lab.html", state=STATE, predict_first=False)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(QUIET))
        with cut_off_page(browser) as (page, _):
            page.goto(page_file.as_uri())
            Lab(page).ready().settle()
            page.locator(".mia-lab").screenshot(path=sys.argv[1])
        browser.close()


if __name__ == "__main__":
    main()
