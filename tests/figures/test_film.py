"""The figures of chapter 3: the right face at the right place and step, and numbers that are the judges'."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from mia_kit.figures.attack import candidate_scores, judges_over_steps, optimisation_trace
from mia_kit.figures.film import GAP, face_pairs, film_slider, film_strip, sampled_faces

STEPS, NAMES, SIZE = (0, 10, 50), ("person 1", "person 2", "person 3"), 12
JPEG = 3  # grey levels that the compression may be off


def shade(*shape):
    """Faces of one grey each, every one lighter than the one before."""
    count = int(np.prod(shape))
    greys = np.linspace(20, 240, count).astype(np.uint8).reshape(shape)
    return np.ones((*shape, SIZE, SIZE, 3), np.uint8) * greys[..., None, None, None]


def decoded(source):
    assert source.startswith("data:image/jpeg;base64,")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))))


def tile(figure, row, column):
    """The middle of a face on the wall, as one grey level."""
    wall = decoded(figure.data[0].source)
    y, x = row * (SIZE + GAP) + SIZE // 2, column * (SIZE + GAP) + SIZE // 2
    return int(wall[y, x, 0])


def test_strip_has_a_row_for_each_person_and_a_column_for_each_step():
    pictures = shade(len(STEPS), len(NAMES))
    drawn = film_strip(pictures, STEPS, names=NAMES)
    for row, column in np.ndindex(len(NAMES), len(STEPS)):
        assert tile(drawn.figure, row, column) == pytest.approx(int(pictures[column, row, 0, 0, 0]), abs=JPEG)
    assert drawn.figure.layout.yaxis.ticktext == NAMES
    assert drawn.figure.layout.xaxis.ticktext == ("0", "10", "50")


def test_strip_says_how_far_the_pictures_moved():
    pictures = shade(len(STEPS), len(NAMES))
    drawn = film_strip(pictures, STEPS, names=NAMES)
    expected = [(pictures[step] - pictures[0].astype(float)).mean() / 255 for step in range(len(STEPS))]
    np.testing.assert_allclose(drawn.arrays["moved"], expected)
    assert drawn.arrays["moved"][0] == 0 and f"step 50: {expected[2]:.3f}" in drawn.alt


def test_sampled_faces_lie_below_the_first_ones_and_carry_their_confidence():
    random, best = shade(4), shade(2, 4)
    confidences = np.array([[0.9, 0.8, 0.7, 0.6], [0.4, 0.3, 0.2, 0.1]])
    drawn = sampled_faces(random, best, confidences, names=NAMES[:2])
    assert tile(drawn.figure, 0, 3) == pytest.approx(int(random[3, 0, 0, 0]), abs=JPEG)
    assert tile(drawn.figure, 2, 1) == pytest.approx(int(best[1, 1, 0, 0, 0]), abs=JPEG)
    label = next(one for one in drawn.figure.layout.annotations if one.text == "30%")
    assert (label.x, label.y) == (SIZE + GAP, 2 * (SIZE + GAP))
    assert "person 1 90%; person 2 40%" in drawn.alt
    np.testing.assert_allclose(drawn.arrays["brightness"], random[:, 0, 0, 0] / 255)


def test_pairs_have_the_photograph_on_top():
    drawn = face_pairs(shade(2), shade(2)[::-1], names=NAMES[:2])
    assert tile(drawn.figure, 0, 0) < tile(drawn.figure, 1, 0)
    assert drawn.figure.layout.yaxis.ticktext == ("photograph", "reconstruction")


RANKS = np.array([[30, 8, 1], [12, 2, 1], [2, 1, 1]])
DISTANCES = np.array([[9.0, 8.0, 7.0], [8.0, 6.0, 7.5], [6.0, 5.0, 9.0]])


@pytest.fixture(scope="module")
def slider():
    return film_slider(shade(3, 3), STEPS, RANKS, DISTANCES, threshold=6.5, names=NAMES)


@pytest.mark.parametrize("row", range(len(STEPS)))
def test_frame_moves_faces_and_marks_to_its_step(slider, row):
    frame = slider.figure.frames[row]
    assert frame.name == str(STEPS[row]) == slider.figure.layout.sliders[0].steps[row].args[0][0]
    moved = [slider.figure.data[trace] for trace in frame.traces]
    assert [trace.type for trace in moved] == ["image"] * 3 + ["scatter"] * 6 == [one.type for one in frame.data]
    assert {trace.name for trace in moved[3:]} == {"now"}
    for person in range(3):
        grey = int(shade(3, 3)[row, person, 0, 0, 0])
        assert int(decoded(frame.data[person].source)[5, 5, 0]) == pytest.approx(grey, abs=JPEG)
    assert [mark.x[0] for mark in frame.data[3:]] == [STEPS[row]] * 6
    assert [mark.y[0] for mark in frame.data[3:]] == [*RANKS[row], *DISTANCES[row]]


def test_marks_lie_on_the_curves_of_their_person(slider):
    """A frame writes into the traces it names: mark and curve must share a panel."""
    traces = slider.figure.data
    marks = [place for place, trace in enumerate(traces) if trace.name == "now"]
    for place, values in zip(marks, [*RANKS.T, *DISTANCES.T], strict=True):
        curve = traces[place - 1]
        assert curve.xaxis == traces[place].xaxis and list(curve.y) == list(values) and list(curve.x) == list(STEPS)
    assert {traces[place - 1].marker.symbol for place in marks} == {"circle", "square"}


def test_slider_begins_at_the_last_step_and_says_both_judges(slider):
    assert slider.figure.layout.sliders[0].active == 2
    first = [slider.figure.data[place].source for place in range(3)]
    assert first == [one.source for one in slider.figure.frames[2].data[:3]]
    assert "person 1: rank 30 to 2, distance 9.0 to 6.0" in slider.alt and "threshold of 6.50" in slider.alt
    np.testing.assert_allclose(slider.arrays["median_distance"], np.array([8, 7.5, 6]) / 6.5)


def test_slider_can_move_through_factors():
    drawn = film_slider(
        shade(3, 3), (-0.05, 0.0, 0.1), RANKS, DISTANCES, threshold=6.5, names=NAMES, over="factor", shown=1
    )
    slider = drawn.figure.layout.sliders[0]
    assert slider.active == 1 and slider.currentvalue.prefix == "factor: "
    assert (
        [step.label for step in slider.steps] == [frame.name for frame in drawn.figure.frames] == ["-0.05", "0", "0.1"]
    )
    assert drawn.figure.data[0].source == drawn.figure.frames[1].data[0].source
    assert "over the factor, from -0.05 to 0.1" in drawn.alt


def test_trace_is_the_median_and_skips_the_missing_cosine():
    losses = np.array([[9.0, 8.0, 1.0], [5.0, 6.0, 7.0], [5.0, 0.0, 9.0], [4.0, 4.0, 4.0]])
    norms = np.array([[4.0], [1.0], [2.0], [1.0]]) * [1, 1, 100]
    cosines = np.array([[np.nan] * 3, [0.5] * 3, [-0.5] * 3, [-0.7, -0.9, 1.0]])
    drawn = optimisation_trace(losses, norms, cosines)
    lines = [trace for trace in drawn.figure.data if trace.mode == "lines+markers"]
    assert list(lines[0].y) == [8, 6, 5, 4]
    assert list(lines[2].x) == [1, 2, 3] and list(lines[2].y) == [0.5, -0.5, -0.7]
    assert len({line.marker.symbol for line in lines}) == 3
    assert "3 candidates" in drawn.alt and "gradient norm from 4 to 1" in drawn.alt
    np.testing.assert_allclose(drawn.arrays["loss_fall"], [0, 0.5, 0.75, 1])
    np.testing.assert_allclose(drawn.arrays["late_norm_and_cosine"], [1.5 / 4, -0.7])


def test_selected_candidates_have_a_mark_of_their_own():
    scores = np.array([[0.1, 0.7], [0.5, 0.4]])
    drawn = candidate_scores(scores + 0.2, scores, scores > 0.45, names=NAMES[:2])
    plain, others, chosen = drawn.figure.data
    assert list(chosen.y) == [0.7, 0.5] and list(others.y) == [0.1, 0.4] and len(plain.y) == 4
    assert round(chosen.x[0]) == 0 and round(chosen.x[1]) == 1
    assert len({plain.marker.symbol, others.marker.symbol, chosen.marker.symbol}) == 3
    np.testing.assert_allclose(drawn.arrays["mean_plain_score_best"], [0.625, 0.425, 0.6])
    assert "person 1 70%; person 2 50%" in drawn.alt


def test_judges_differ_in_marker_dash_and_colour():
    shares = {"Acc@1": np.array([0, 0.5, 0.75]), "verified": np.array([0.25, 0, 0])}
    drawn = judges_over_steps(STEPS, shares, judged="4 reconstructions")
    hits, verified = drawn.figure.data
    assert hits.marker.symbol != verified.marker.symbol and hits.line.dash != verified.line.dash
    assert list(hits.y) == [0, 0.5, 0.75] and list(hits.x) == list(STEPS)
    assert "Acc@1 0% to 75%; verified 25% to 0%" in drawn.alt
    np.testing.assert_allclose(drawn.arrays["verified"], [0.25, 0, 0])
