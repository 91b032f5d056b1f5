"""The laboratory's script as one module, and the table of models as bytes."""

import re

import numpy as np
import pytest

from mia_kit.toy import load_table, load_table_attack, make_data
from mia_kit.widgets import client


def test_modules_are_joined_without_imports_and_exports():
    first = "export const ONE = 1;\nexport function two() {\n  return 2;\n}\n"
    second = 'import { ONE, two } from "./a.js";\n\nexport async function three() {}\n'
    joined = client.join_modules([("a.js", first), ("b.js", second)])
    assert joined == "const ONE = 1;\nfunction two() {\n  return 2;\n}\n\n\nasync function three() {}\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('import { a } from "./later.js";\n', "must stand before it"),
        ('import { a as b } from "./first.js";\n', "renames"),
        ('import a from "./first.js";\n', "cannot be joined"),
        ('import {\n  a,\n} from "./first.js";\nimport "x";\n', "cannot be joined"),
        ("export default 3;\n", "cannot be joined"),
    ],
)
def test_other_forms_of_import_and_export_are_refused(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        client.join_modules([("first.js", ""), ("second.js", text)])


def test_the_whole_script_declares_every_name_once_and_fetches_nothing():
    script = client.script("page.js")
    names = re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", script, re.MULTILINE)
    assert len(names) > 60 and len(names) == len(set(names))
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
