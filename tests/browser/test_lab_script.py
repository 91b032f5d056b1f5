"""The laboratory's script on its own, in Chromium: the same attack, state line and statistics as in Python."""

import base64

import numpy as np
import pytest

from mia_kit.toy import invert, load_table, load_table_attack
from mia_kit.widgets import client
from tests.browser.conftest import cut_off_page
from tests.widgets.lab_lines import BAD, GOOD, SEEDS, SMOOTHINGS

pytestmark = pytest.mark.browser

NAMES = "unpackModel createEvaluator evaluate decisionMap invert quantile summariseCurve normaliseLine thin logTicks"
HELPERS = """
function normaliseLine(line, table) {
  try { return formatState(parseState(line, table)); } catch (problem) { return `Error: ${problem.message}`; }
}
"""


@pytest.fixture(scope="module")
def script(browser):
    """A page on which `lab` holds the script's functions, and `lab.table` the table of models."""
    arrays, plain = client.table()
    with cut_off_page(browser) as (page, complaints):
        exports = f"window.lab = {{ {', '.join(NAMES.split())} }};"
        page.add_script_tag(content=client.script("lab.js") + HELPERS + exports, type="module")
        page.wait_for_function("() => window.lab")
        page.evaluate(
            """(encoded) => {
                const [weights, points, labels] = encoded.map(
                    (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer);
                const cloud = { points: new Float32Array(points), labels: new Uint8Array(labels) };
                lab.table = { weights: new Float32Array(weights), cloud };
            }""",
            [base64.b64encode(arrays[name]).decode() for name in ("weights", "points", "labels")],
        )
        page.plain = plain
        yield page
        assert complaints == []


def browser_attack(script, smoothing, seed, start, target, stop):
    index = script.plain["smoothings"].index(smoothing) * len(script.plain["seeds"]) + script.plain["seeds"].index(seed)
    return script.evaluate(
        """([index, start, target, stop]) => {
            const run = lab.invert(lab.unpackModel(lab.table.weights, index), { start, target, stop }, lab.table.cloud);
            const { steps, stopped, confidence, nearest, path } = run;
            const norms = path.gradientNorms;
            return { steps, stopped, confidence, distance: nearest.distance, norm: norms[0], points: path.xs.length };
        }""",
        [index, start, target, stop],
    )


@pytest.mark.parametrize(
    ("smoothing", "seed", "start", "target", "stop"),
    [
        (0.0, 42, (-3, -10), 2, 0.95),
        (0.05, 42, (-3, -10), 2, 0.95),
        (-0.05, 42, (-3, -10), 2, 0.95),
        (-0.2, 0, (-3, -10), 2, 0.95),  # leaves the map in two steps
        (0.3, 5, (-3, -10), 2, 0.95),  # runs out of steps
        (0.3, 7, (0, 0), 1, 0.8),
        (0.1, 2, (12.5, -4), 0, 0.9),
    ],
)
def test_attack_is_pythons(script, smoothing, seed, start, target, stop):
    ours = browser_attack(script, smoothing, seed, start, target, stop)
    path = invert(load_table().model(smoothing, seed), start=start, target_class=target, stop_confidence=stop)
    assert ours["stopped"] == path.stopped
    assert ours["steps"] == pytest.approx(path.steps, rel=0.02)
    assert ours["distance"] == pytest.approx(path.distance, abs=0.02, rel=1e-3)
    assert ours["confidence"] == pytest.approx(float(path.confidences[-1]), abs=0.005)
    assert ours["norm"] == pytest.approx(float(path.gradient_norms[0]), rel=1e-3)
    if path.steps < 100:  # short ways keep every point: the start, and one step past the confidence that stopped it
        assert ours["points"] == ours["steps"] + 2


def test_confidences_are_pythons_wherever_the_affine_piece_came_from(script):
    """A kept piece of the network must give what the network gives, also just across a kink."""
    import torch

    random = np.random.default_rng(5)
    walk = np.cumsum(random.normal(0, 0.3, (4000, 2)), axis=0) % 40 - 20
    index = 9 * len(script.plain["seeds"]) + 3
    ours = script.evaluate(
        """([index, walk]) => {
            const evaluator = lab.createEvaluator(lab.unpackModel(lab.table.weights, index));
            return walk.map(([x, y]) => (lab.evaluate(evaluator, x, y), [...evaluator.confidences]));
        }""",
        [index, walk.tolist()],
    )
    model = load_table().model(script.plain["smoothings"][9], script.plain["seeds"][3])
    with torch.no_grad():
        expected = model(torch.tensor(walk, dtype=torch.float32)).softmax(dim=1).numpy()
    assert np.abs(np.array(ours) - expected).max() < 1e-3


def test_decision_map_is_the_right_way_up(script):
    classes = script.evaluate(
        """() => [...lab.decisionMap(lab.unpackModel(lab.table.weights, 0), { low: -20, high: 20 }, 40).classes]"""
    )
    grid = np.array(classes).reshape(40, 40)
    row, column = (lambda y: int(20 - y)), (lambda x: int(x + 20))
    assert [grid[row(y), column(x)] for x, y in ((0, -10), (-10, 10), (10, 10))] == [0, 1, 2]


def test_curve_statistics_are_numpys(script):
    distances = load_table_attack()
    shape = list(distances.shape)
    summary = script.evaluate(
        "([values, factors, seeds]) => lab.summariseCurve(new Float32Array(values), factors, seeds)",
        [distances.ravel().tolist(), *shape],
    )
    for name, share in (("median", 0.5), ("low", 0.1), ("high", 0.9)):
        assert np.allclose(summary[name], np.quantile(distances, share, axis=1), rtol=1e-5)


@pytest.mark.parametrize("typed", [*GOOD, *BAD])
def test_state_line_is_read_as_in_python(script, typed):
    table = {"smoothings": SMOOTHINGS, "seeds": SEEDS}
    written = script.evaluate("([line, table]) => lab.normaliseLine(line, table)", [typed, table])
    assert written == (GOOD[typed] if typed in GOOD else f"Error: {BAD[typed]}")


def test_thinning_keeps_every_peak(script):
    kept = script.evaluate("() => lab.thin(Array.from({ length: 5000 }, (_, i) => (i === 3211 ? 9 : i % 2)))")
    assert 3211 in kept and len(kept) <= 420 and kept == sorted(kept)
