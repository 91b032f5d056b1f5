"""Takes the README's picture of the laboratory: `python -m tests.browser.picture notebooks/images/slider.png`"""

import sys
import tempfile
from pathlib import Path

from mia_kit.widgets.page import write_page
from tests.browser.conftest import cut_off_page, launched
from tests.browser.lab_driver import Lab
from tests.conftest import find_chromium

STATE = "smoothing=+0.05 seed=42 start=(-3.0,-10.0) target=2 stop=0.95"


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        launched(find_chromium()) as browser,
        cut_off_page(browser) as (page, _),
    ):
        page.goto(write_page(Path(folder) / "lab.html", state=STATE, predict_first=False).as_uri())
        Lab(page).ready().settle()
        page.locator(".mia-lab").screenshot(path=sys.argv[1])


if __name__ == "__main__":
    main()
