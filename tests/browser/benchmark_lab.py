"""How fast do the laboratories answer a drag in JupyterLab? `python -m tests.browser.benchmark_lab`

60 random drags: from the input event until the frame with the new picture has been handed to the screen (an animation
frame, then a message, as browsers run them after painting). Then a fast sweep: from its last event until the final
value stands. Prints the median, the 95th percentile and the sweep's time in milliseconds. The same drags as in
`test_faces_lab` for the faces of chapter 5.
"""

import random
import statistics

from tests.browser.conftest import cut_off_page, jupyterlab, launched
from tests.browser.lab_driver import Lab
from tests.browser.notebook_driver import Notebook
from tests.browser.test_faces_lab import DRAGS

LATENCY = """([name, value]) => new Promise(done => {
    const slider = document.querySelector(`.mia-lab [data-lab="${name}"]`);
    const started = performance.now();
    slider.value = value;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => done(performance.now() - started);
        channel.port2.postMessage(0);
    });
})"""
SWEEP = """(most) => new Promise(done => {
    const slider = document.querySelector('.mia-lab [data-lab="factor"]');
    let value = 0;
    const timer = setInterval(() => {
        slider.value = value;
        slider.dispatchEvent(new Event("input", { bubbles: true }));
        if (value++ < most) return;
        clearInterval(timer);
        const started = performance.now();
        const wanted = document.querySelector('.mia-lab [data-lab="factor-value"]');
        const stands = () => wanted.textContent === "+0.50";
        const look = () => stands() ? done(performance.now() - started) : requestAnimationFrame(look);
        look();
    }, 5);
})"""


def measure(lab: Lab, drags: int = 60) -> None:
    """Measure on a page that shows the laboratory, and print."""
    lab.part("guess-nearer").click()
    draw = random.Random(0)
    most = int(lab.part("factor").get_attribute("max"))
    times = []
    for _ in range(drags):
        times.append(lab.page.evaluate(LATENCY, ["factor", draw.randint(0, most)]))
        lab.page.wait_for_timeout(30)
    print(f"points: {told(times)}; after a sweep {lab.page.evaluate(SWEEP, most):.0f} ms")


def told(times: list[float]) -> str:
    """Times of drags in milliseconds, in words."""
    median, high = statistics.median(times), statistics.quantiles(times, n=20)[-1]
    return f"{len(times)} drags, median {median:.0f} ms, 95th percentile {high:.0f} ms"


def main() -> None:
    with jupyterlab() as address, launched() as browser, cut_off_page(browser) as (page, _):
        Notebook.open(page, address, "01_toy_inversion.ipynb").run_all(seconds=300)
        page.locator(".mia-lab").scroll_into_view_if_needed()
        measure(Lab(page).ready())
        Notebook.open(page, address, "05_smoothing_and_low_data.ipynb").run_all(seconds=300)
        page.locator("[data-lab=guess-fewer]").click()
        print(f"faces: {told(page.evaluate(DRAGS))}")


if __name__ == "__main__":
    main()
