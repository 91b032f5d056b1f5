"""`mia-kit site`: the chapters as web pages without a kernel, whose figures and sliders work in the browser alone.

Sphinx with MyST-NB and the theme Furo build the pages from the executed notebooks; nothing is run. Before that each
output is turned into what a page can show: a Plotly figure into its numbers and its static twin, which stands there
until the script has drawn it; a widget into its record (`mia_kit.widgets.panel`); the laboratory of chapter 1 into
itself. Pages work from a folder as well as from a server, and fetch nothing from elsewhere.
"""

from __future__ import annotations

import base64
import html
import io
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mia_kit.course.notebooks import GLOSSARY, WIDGET_MIME, Notebook, copy_beside, new_folder, sources
from mia_kit.widgets import client, faces_lab
from mia_kit.widgets.page import as_json, payload
from mia_kit.widgets.panel import FACES_MIME, LAB_MIME
from mia_kit.widgets.panel import MIME as PANEL_MIME

INSTALL = 'Pages and slides need Sphinx: run  python -m pip install "mia_kit[site]"  and try again.'
PLOTLY_MIME = "application/vnd.plotly.v1+json"
FACES_PLACE = "mia-faces-place"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
NO_KERNEL = (
    "```{{note}}\nA page without a kernel: sliders work, cells do not run. The exercises want the notebook "
    "`notebooks/{name}.ipynb`.\n```"
)


def build(
    folder: Path,
    paths: Sequence[Path] = (),
    *,
    builder: str = "html",
    settings: Mapping[str, Any] | None = None,
    shorten: Callable[[Notebook], Notebook] | None = None,
) -> Path:
    """Write the pages of these sources, all by default, into a new folder and return the front page's path.

    `builder` is Sphinx's, with `settings` beside our own; `shorten` changes a page before it is built. ImportError if
    a package of the extra "site" is missing; ValueError with Sphinx' words, and nothing written, if a page does not
    come out as it should, such as a link to nowhere.
    """
    try:
        import furo  # noqa: F401
        import myst_nb  # noqa: F401
        import sphinx_revealjs  # noqa: F401
        from sphinx.application import Sphinx
    except ImportError as problem:
        raise ImportError(INSTALL) from problem
    new_folder(folder)
    with tempfile.TemporaryDirectory() as scratch:
        pages, static, made, doctrees = (Path(scratch) / name for name in ("pages", "static", "made", "doctrees"))
        write_sources(pages, static, sources(paths), shorten)
        problems = io.StringIO()
        all_settings = {**SETTINGS, **(settings or {}), f"{builder}_static_path": [str(static)]}
        Sphinx(pages, None, made, doctrees, builder, all_settings, status=None, warning=problems).build()
        if words := COLOUR.sub("", problems.getvalue()).strip():
            raise ValueError(f"the pages are not as they should be: {words}")
        shutil.copytree(made, folder, dirs_exist_ok=True)
    return folder / "index.html"


SETTINGS: dict[str, Any] = {
    "project": "mia_kit",
    "html_title": "mia_kit",
    "extensions": ["myst_nb", __name__],
    "html_theme": "furo",
    "html_css_files": ["site.css"],
    "html_js_files": ["site.js"],
    "html_copy_source": False,
    "html_show_sourcelink": False,
    "html_show_sphinx": False,
    "html_math_renderer": "mathml",
    "language": "en",
    "myst_enable_extensions": ["dollarmath"],
    "myst_heading_anchors": 3,
    "nb_execution_mode": "off",
    "nb_merge_streams": True,
    "nb_code_prompt_show": "Show the solution",
    "nb_code_prompt_hide": "Hide the solution",
}


def setup(app: Any) -> dict[str, bool]:
    """As a Sphinx extension: formulas as MathML, which browsers draw without a script."""
    from docutils import nodes
    from docutils.utils.math.latex2mathml import tex2mathml

    def inline(translator: Any, node: Any) -> None:
        translator.body.append(tex2mathml(node.astext(), as_block=isinstance(node, nodes.math_block)))
        raise nodes.SkipNode

    app.add_html_math_renderer("mathml", (inline, None), (inline, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_sources(
    pages: Path, static: Path, paths: Sequence[Path], shorten: Callable[[Notebook], Notebook] | None = None
) -> None:
    """What Sphinx reads: the notebooks as pages, the front page, and beside them scripts, styles and static twins."""
    from nbformat import read, write

    pages.mkdir()
    static.mkdir()
    for path in paths:
        page = for_page(read(path.with_suffix(".ipynb"), as_version=4), path.stem, static)
        write(shorten(page) if shorten else page, pages / f"{path.stem}.ipynb")
    copy_beside(paths, pages)
    listed = "\n".join([*(path.stem for path in paths), *["GLOSSARY"] * (pages / GLOSSARY).is_file()])
    front = Path(__file__).with_name("front.md").read_text(encoding="utf-8")
    (pages / "index.md").write_text(front.format(count=len(paths), chapters=listed), encoding="utf-8")
    write_scripts(static)


def write_scripts(static: Path) -> None:
    """The pages' own script and style, Plotly's script, and the laboratory's: classic ones, which a file may load."""
    from plotly.offline import get_plotlyjs

    texts = {
        "site.js": client.read_asset("site.js"),
        "site.css": "".join(map(client.read_asset, ("site.css", "lab.css", "faces_lab.css"))),
        "slides.css": client.read_asset("slides.css"),
        "plotly.min.js": get_plotlyjs(),
        "lab.js": f"(() => {{\n{client.script('page.js')}\n}})();\n",
        "faces_lab.js": f"(() => {{\n{client.script('faces_page.js')}\n}})();\n",
    }
    (static / "faces_lab.webp").write_bytes(faces_lab.SHEET)
    for name, text in texts.items():
        (static / name).write_text(text, encoding="utf-8")


def for_page(notebook: Notebook, name: str, static: Path) -> Notebook:
    """A copy of a notebook whose outputs a page can show; static twins are written into `static`."""
    from nbformat import from_dict
    from nbformat.v4 import new_markdown_cell

    page = from_dict(notebook)
    for number, cell in enumerate(page.cells):
        if cell.cell_type != "code":
            continue
        shown = (_output(each, static / f"{name}-{number}-{place}.png") for place, each in enumerate(cell.outputs))
        cell.outputs = [from_dict(output) for output in shown if output]
        tags = cell.metadata.get("tags", [])
        # a solution is folded; an exercise that was run shows what the check says of the unchanged line
        cell.metadata["tags"] = ["hide-cell"] if "solution" in tags else []
    faces = [output for cell in page.cells for output in cell.get("outputs", []) if FACES_PLACE in str(output)]
    if faces:  # their numbers and their script once a page
        table = _script(json.loads(faces_lab.TABLE), ' id="mia-faces-table"')
        faces[-1]["data"]["text/html"] += f'{table}<script defer src="_static/faces_lab.js"></script>'
    page.cells.insert(1, new_markdown_cell(NO_KERNEL.format(name=name), id="no-kernel"))
    return page


def _output(output: Any, png: Path) -> Any:
    """An output for a page, or None if there is nothing to show without a kernel; a static twin is written to `png`."""
    data, twin = output.get("data", {}), ""
    words = html.escape(data.get("text/plain", ""), quote=True)
    if "image/png" in data and not {"text/html", FACES_MIME} & set(data):
        png.write_bytes(base64.b64decode(data["image/png"]))
        twin = f'<img src="_static/{png.name}" alt="{words}" loading="lazy">'
    if FACES_MIME in data:
        script = _script(data[FACES_MIME] | {"sheet": "_static/faces_lab.webp"}, f' id="{png.stem}"')
        page = f'<div class="{FACES_PLACE}" data-values="{png.stem}"></div>{script}'
    elif PLOTLY_MIME in data:
        page = f'<div class="mia-figure" role="figure" aria-label="{words}">{twin}{_script(data[PLOTLY_MIME])}</div>'
    elif PANEL_MIME in data:
        page = f'<div class="mia-panel">{_script(data[PANEL_MIME])}</div>'
    elif LAB_MIME in data:  # the table of models, and the laboratory's place
        table = _script(payload(data[LAB_MIME]["state"]), ' id="lab-table"')
        page = f'<div id="lab"></div>{table}<script defer src="_static/lab.js"></script>'
    elif twin:
        page = twin
    else:
        return None if WIDGET_MIME in data else output  # a progress bar
    return {"output_type": "display_data", "metadata": {}, "data": {"text/html": page}}


def _script(values: Any, attribute: str = "") -> str:
    """Plain values inside a page."""
    return f'<script{attribute} type="application/json">{as_json(values)}</script>'
