"""The state line in Python; `tests/browser/test_lab_script.py` gives the browser the same lines."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mia_kit.widgets.state_line import read
from tests.widgets.lab_lines import BAD, GOOD, SEEDS, SMOOTHINGS


def test_good_lines_are_written_in_one_way_and_bad_ones_say_what_is_wrong():
    for typed, written in GOOD.items():
        assert str(read(typed, SMOOTHINGS, SEEDS)) == str(read(written, SMOOTHINGS, SEEDS)) == written
    for typed, sentence in BAD.items():
        with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
            read(typed, SMOOTHINGS, SEEDS)


VALUE = st.one_of(
    st.sampled_from(["0", "-0.3", "+0.05", "(0,0)", "( 1 , 2.25 )", "(-3.0,-10.0)", "2", "42", ".95", "0.9", "1e3"]),
    st.text(max_size=6),
    st.floats().map(str),
)
PART = st.builds(
    "{}{}{}".format, st.sampled_from(["smoothing", "seed", "start", "target", "stop", "sed"]), st.just("="), VALUE
)


@given(st.lists(PART, max_size=6), st.sampled_from([" ", "  ", "\t", "\n"]))
def test_any_line_is_written_in_one_way_or_refused_in_a_sentence(parts, space):
    try:
        state = read(space.join(parts), SMOOTHINGS, SEEDS)
    except ValueError as problem:
        assert str(problem).endswith(".")
    else:
        assert read(str(state), SMOOTHINGS, SEEDS) == state


@given(
    st.permutations(["smoothing", "seed", "start", "target", "stop"]),
    st.sampled_from(SMOOTHINGS),
    st.sampled_from(SEEDS),
    st.floats(-20, 20),
    st.floats(0.002, 0.998),
)
def test_what_the_laboratory_holds_comes_back(order, factor, seed, x, stop):
    values = {"smoothing": factor, "seed": seed, "start": f"({x:.6f},0)", "target": 1, "stop": f"{stop:.6f}"}
    state = read(" ".join(f"{name}={values[name]}" for name in order), SMOOTHINGS, SEEDS)
    assert (state.smoothing, state.seed, state.target) == (factor, seed, 1)
    assert state.start[0] == pytest.approx(x, abs=6e-4) and state.stop == pytest.approx(stop, abs=6e-4)
