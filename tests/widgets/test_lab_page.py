"""The page without a kernel, as a file; `tests/browser/test_page.py` opens it."""

import base64
import json
import re

from mia_kit.widgets import client
from mia_kit.widgets.page import write_page


def test_page_is_one_small_file_that_needs_nothing_else(tmp_path):
    path = write_page(tmp_path / "new" / "lab.html", rows=[{"factor": "<0>", "distance": "3.23"}])
    text = path.read_text(encoding="utf-8")
    assert path.stat().st_size < 3_000_000
    assert '<html lang="en">' in text and "Responsible use" in text
    assert "<th>factor</th>" in text and "<td>&lt;0&gt;</td><td>3.23</td>" in text
    assert not re.search(r"""(src|href)=|url\(|https?://""", text)


def test_page_holds_the_table(tmp_path):
    text = write_page(tmp_path / "lab.html").read_text(encoding="utf-8")
    payload = json.loads(re.search(r'<script id="lab-table"[^>]*>(.*?)</script>', text, re.DOTALL)[1])
    arrays, plain = client.table()
    assert base64.b64decode(payload["bytes"]["weights"]) == arrays["weights"]
    assert payload["plain"]["seeds"] == plain["seeds"]
