"""A new user's walk: every chapter from top to bottom in JupyterLab. `python -m tests.browser.walk [CHAPTER ...]`

Chromium is cut off from the network. For each notebook it prints the seconds until the kernel had nothing left to do
and what went wrong: error outputs, dialogs, widgets that were not drawn, requests to elsewhere, uncaught errors. Ends
with 1 if anything went wrong.
"""

import argparse
import sys
import time

from playwright.sync_api import Browser

from tests.browser.conftest import NOTEBOOKS, cut_off_page, jupyterlab, launched
from tests.browser.notebook_driver import Notebook

DRAWN = ".jp-OutputArea-output:has(.js-plotly-plot), .jp-OutputArea-output:has(.jupyter-widgets)"
LIMIT = 900  # seconds for one chapter


def walk(browser: Browser, address: str, name: str) -> tuple[float, int, list[str]]:
    """Run one notebook; seconds, how many figures and widgets are in the page, and what went wrong."""
    with cut_off_page(browser) as (page, complaints):
        notebook = Notebook.open(page, address, name)
        began = time.perf_counter()
        notebook.run_all(seconds=LIMIT)
        seconds = time.perf_counter() - began
        return seconds, page.locator(DRAWN).count(), [*notebook.problems(), *complaints]


def main() -> None:
    """Walk the chapters that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chapters", nargs="*", metavar="CHAPTER", help="such as 03; all by default")
    chapters = parser.parse_args().chapters
    names = [path.name for path in sorted(NOTEBOOKS.glob("*.ipynb")) if not chapters or path.name[:2] in chapters]
    total, failed = 0.0, False
    with jupyterlab() as address, launched() as browser:
        for name in names:
            seconds, count, problems = walk(browser, address, name)
            words = "; ".join(problems) or "no problem"
            print(f"{name:36} {seconds:6.0f} s  {count:3} figures and widgets  {words}")
            total, failed = total + seconds, failed or bool(problems)
    print(f"{len(names)} chapters in {total:.0f} s")
    sys.exit(failed)


if __name__ == "__main__":
    main()
