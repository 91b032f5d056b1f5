"""Chapter 11's widgets show what was measured, and say who is fooled."""

import pytest

from mia_kit.studies.membership.quick import Reading
from mia_kit.widgets.membership_readings import PairChooser, SmoothingReadings

LEAKS = Reading(average=0.3, powerful=0.44, distance=0.75, accuracy=0.9)
FOOLED = Reading(average=0.01, powerful=-0.02, distance=0.61, accuracy=0.8)


def test_the_slider_begins_at_hard_labels_and_follows():
    shown = SmoothingReadings({0.2: FOOLED, 0.0: LEAKS, -0.05: LEAKS})
    assert shown.factor.value == 0.0 and shown.factor.description == "smoothing factor"
    assert [value for _, value in shown.factor.options] == [-0.05, 0.0, 0.2]
    for words in ("0.30", "0.44", "0.75", "0.90", "Both attacks tell members apart, and so does the distance."):
        assert words in shown.meters.value
    shown.factor.value = 0.2
    assert "Both attacks say safe, the distance does not." in shown.meters.value
    assert "width: 0%" in shown.meters.value and "-0.02" in shown.meters.value  # below guessing is no bar


def test_the_slider_wants_a_reading():
    with pytest.raises(ValueError, match="a reading of at least one factor, got none"):
        SmoothingReadings({})


def pairs(*names):
    sets = [frozenset(), *(frozenset((name,)) for name in names)]
    sets += [frozenset((one, other)) for one in names for other in names if one != other]
    return {own: Reading(0.1 * len(own), 0.2, 0.6, 0.9) for own in sets}


def test_the_chooser_shows_the_pair_each_alone_and_none():
    chooser = PairChooser(pairs("dropout", "noise", "mixup"))
    assert {choice.value for choice in chooser.choices} == {"dropout", "mixup"}
    heads = ["<b>dropout + mixup</b>", "<b>dropout</b>", "<b>mixup</b>", "<b>no mechanism</b>"]
    places = [chooser.meters.value.index(head) for head in heads]
    assert places == sorted(places)
    assert chooser.meters.value.count('role="status"') == 1  # one thing is read aloud
    chooser.choices[0].value = "nothing"
    assert "dropout" not in chooser.meters.value and "<b>mixup</b>" in chooser.meters.value
    chooser.choices[1].value = "nothing"
    assert chooser.meters.value.count("<b>") == 1
    chooser.choices[0].value = chooser.choices[1].value = "noise"
    assert "<b>noise</b>" in chooser.meters.value and " + " not in chooser.meters.value


def test_the_chooser_wants_every_pair():
    readings = pairs("dropout", "noise")
    del readings[frozenset(("dropout", "noise"))]
    with pytest.raises(ValueError, match="each pair of dropout, noise, 4 in all, got 3 instead"):
        PairChooser(readings)
