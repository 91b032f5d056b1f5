"""Drives a notebook in JupyterLab: open it, run all cells, wait for the kernel, look for what went wrong."""

from dataclasses import dataclass

from playwright.sync_api import Page

INDICATOR = "document.querySelector('.jp-Notebook-ExecutionIndicator')"
WAITING = "[...document.querySelectorAll('.jp-InputPrompt')].some(prompt => prompt.textContent.includes('[*]'))"


@dataclass(frozen=True)
class Notebook:
    """A notebook that is open in JupyterLab."""

    page: Page

    @classmethod
    def open(cls, page: Page, address: str, name: str) -> "Notebook":
        page.goto(f"{address}/lab/tree/{name}?reset", wait_until="domcontentloaded")
        page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
        page.wait_for_function(
            """() => /Python 3/.test(document.querySelector('.jp-KernelName')?.textContent)
                && /Idle/.test(document.querySelector('#jp-main-statusbar')?.textContent)""",
            timeout=60_000,
        )
        return cls(page)

    def run_all(self, seconds: float) -> None:
        """Restart the kernel and run every cell, as the menu does; wait until the kernel has nothing left to do."""
        self.page.get_by_role("menuitem", name="Kernel", exact=True).click()
        self.page.get_by_role("menuitem", name="Restart Kernel and Run All Cells").click()
        self.page.get_by_role("button", name="Confirm Kernel Restart").click()
        # The kernel is idle for a moment between its restart and the first cell: first wait for cells that wait.
        self.page.wait_for_function(f"() => {WAITING}", timeout=60_000)
        self.page.wait_for_function(f"() => !{WAITING}", timeout=1000 * seconds)
        self.page.wait_for_function(f"() => {INDICATOR}?.dataset.status === 'idle'", timeout=30_000)

    def problems(self) -> list[str]:
        """Error outputs, dialogs and widgets that could not be drawn, in words; empty if all is well."""
        return self.page.evaluate(
            """() => [
                ...[...document.querySelectorAll('.jp-RenderedText[data-mime-type="application/vnd.jupyter.error"]')],
                ...[...document.querySelectorAll('.jp-Dialog, .jp-mod-error, .jupyter-widgets-error-widget')],
                ...[...document.querySelectorAll('.jp-OutputArea-output')]
                    .filter(e => /Error displaying widget|Loading widget|Model not found/.test(e.textContent)),
            ].map(e => e.textContent.trim().slice(0, 200))"""
        )
