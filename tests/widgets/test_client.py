"""The laboratory's script as one module, and the table of models as bytes."""

import re

import numpy as np

from mia_kit.toy import load_table, load_table_attack, make_data
from mia_kit.widgets import client


def test_modules_are_joined_after_what_they_import(monkeypatch):
    imports = 'import { two } from "./two.js";\nimport { ONE } from "./one.js";\n'
    files = {"one.js": "export const ONE = 1;\n", "three.js": f"{imports}export async function three() {{}}\n"}
    files["two.js"] = 'import { ONE } from "./one.js";\nexport function two() {}\n'
    monkeypatch.setattr(client, "read_asset", files.__getitem__)
    assert client.script("three.js") == "const ONE = 1;\n\nfunction two() {}\n\nasync function three() {}\n"


def test_the_whole_script_declares_every_name_once_and_fetches_nothing():
    script = client.script("page.js")
    names = re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", script, re.MULTILINE)
    assert len(names) > 60 and len(names) == len(set(names))
    assert not re.search(r"^(import|export)\b", script, re.MULTILINE)
    assert not re.search(r"https?:|fetch\(|import\(|XMLHttpRequest|WebSocket", script)


def test_table_holds_the_models_and_the_points():
    grid = load_table()
    arrays, plain = client.table()
    weights = np.frombuffer(arrays["weights"], "<f4").reshape(len(plain["smoothings"]), len(plain["seeds"]), 540)
    first = grid.model(plain["smoothings"][3], plain["seeds"][1])
    assert np.allclose(weights[3, 1, 480:], first.head.weight.detach().numpy().ravel())
    assert np.allclose(np.frombuffer(arrays["points"], "<f4").reshape(-1, 2), make_data().points)
    assert np.array_equal(np.frombuffer(arrays["labels"], "u1"), make_data().labels)
    assert np.allclose(np.frombuffer(arrays["curve"], "<f4"), load_table_attack().ravel())
