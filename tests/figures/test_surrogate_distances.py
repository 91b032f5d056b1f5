"""Figure 10.2 shows both distances of every cell of the evidence."""

from mia_kit.figures.surrogate_distances import surrogate_distances


def cell(steps, place, protected, surrogate, share):
    spread = {"to_protected": protected, "to_surrogate": surrogate, "on_surrogate": share}
    return {"steps": steps, "place": place} | {
        name: {"value": value, "low": value - 0.1, "high": value + 0.2} for name, value in spread.items()
    }


def test_a_panel_for_each_place_and_a_column_for_each_choice_of_steps():
    cells = [
        cell([], [0.0, 2.0], 6.0, 7.0, 0.1),
        cell([], [5.0, 1.0], 6.0, 8.0, 0.2),
        cell(["injection", "loss"], [0.0, 2.0], 9.0, 1.0, 0.9),
        cell(["injection", "loss"], [5.0, 1.0], 10.0, 2.0, 0.8),
    ]
    drawn = surrogate_distances(cells)
    assert drawn.arrays["to_protected"].tolist() == [[6, 9], [6, 10]]
    assert drawn.arrays["to_surrogate"].tolist() == [[7, 1], [8, 2]]
    assert drawn.arrays["on_surrogate"].tolist() == [[0.1, 0.9], [0.2, 0.8]]
    assert len(drawn.figure.data) == 4 and [trace.showlegend for trace in drawn.figure.data] == [
        True,
        True,
        False,
        False,
    ]
    near = drawn.figure.data[3]
    assert (
        list(near.y) == [8, 2]
        and list(near.error_y.array) == [0.2, 0.2]
        and list(near.error_y.arrayminus) == [0.1, 0.1]
    )
    assert "surrogate at (5, 1), injection + loss: 10.0 and 2.0, 80% end on the surrogate" in drawn.alt
    assert {trace.marker.symbol for trace in drawn.figure.data} == {"circle", "square"}
