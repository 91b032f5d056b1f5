"""Drives the smoothing laboratory as a learner does: by mouse, by keys, by reading what stands there."""

from dataclasses import dataclass

from playwright.sync_api import Locator, Page


@dataclass(frozen=True)
class Lab:
    """The laboratory on a page."""

    page: Page

    def part(self, name: str) -> Locator:
        return self.page.locator(f'.mia-lab [data-lab="{name}"]')

    def ready(self) -> "Lab":
        """Wait until numbers stand in the readout."""
        self.page.wait_for_function(
            """() => document.querySelector('.mia-lab [data-lab="steps"]')?.textContent.length > 0""", timeout=20_000
        )
        self.part("factor").scroll_into_view_if_needed()
        return self

    def text(self, name: str) -> str:
        """What stands in a part after the next repaint: the laboratory draws once a frame, after the event."""
        self.settle()
        return self.part(name).inner_text()

    def numbers(self) -> tuple[int, float]:
        """Steps and distance as they stand in the readout, after the next repaint."""
        return int(self.text("steps")), float(self.text("distance"))

    def settle(self) -> None:
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def drag_slider(self, share: float, moves: int = 8) -> None:
        """Drag the slider's thumb with the mouse to a share of its length, 0 to 1."""
        self.part("factor").scroll_into_view_if_needed()
        box = self.part("factor").bounding_box()
        value, most = (float(self.part("factor").evaluate(f"e => e.{name}")) for name in ("value", "max"))
        middle, thumb = box["y"] + box["height"] / 2, 16
        track = box["width"] - thumb
        here, there = (box["x"] + thumb / 2 + track * at for at in (value / most, share))
        self.page.mouse.move(here, middle)
        self.page.mouse.down()
        self.page.mouse.move(there, middle, steps=moves)
        self.page.mouse.up()
        self.settle()

    def set_line(self, line: str) -> None:
        """Type a state line and press Enter."""
        self.part("state").fill(line)
        self.part("state").press("Enter")
        self.settle()
