"""The teacher's deck: what of a chapter is shown to a class."""

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from mia_kit.course import slides


def cell(html="", printed=""):
    outputs = [new_output("display_data", {"text/html": html})] if html else []
    return new_code_cell("code", outputs=[*outputs, *([new_output("stream", text=printed)] if printed else [])])


def test_headings_figures_and_the_finding_in_order():
    figure, panel = '<div class="mia-figure">', '<div class="mia-panel">'
    words = "# 5. Title\n\n**You will** see.\n\n**You need** time.\n\n## Why\n\nFirst.\n\nSecond.\n\n## How\n\n```x```"
    made = slides.deck(
        new_notebook(
            cells=[
                new_markdown_cell(words),
                cell(figure, "a progress bar"),
                cell(panel),
                cell("<p>a table</p>"),
                new_markdown_cell("Only words."),
                new_markdown_cell("## Exercise 1\n\nDo it.\n\n## Quiz\n\n## Three sentences to remember"),
                cell(printed="Finding: most of them\nleak.\n\nMore."),
            ]
        )
    )
    assert [shown.source for shown in made.cells] == [
        *("# 5. Title\n\n**You will** see.", "## Why\n\nFirst.", "## How", "code", "### &nbsp;", "code"),
        "## What we found\n\nMost of them leak.",
    ]
    assert len(made.cells[3].outputs) == 1 and made.cells[3].metadata.tags == ["remove-input"]
