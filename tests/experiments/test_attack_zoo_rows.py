"""What follows from rows of the attack zoo, from tables made by hand."""

from typing import Any

import pytest

from mia_kit.experiments.attack_zoo_rows import PUBLISHED, beats, hits, in_published_order
from mia_kit.runs.first_house import read_evidence

PEOPLE, SEEDS = 100, 3
RECIPE: dict[str, Any] = {
    "smoothings": [-0.05, 0.0, 0.1],
}


def leak(passes: int) -> dict[str, Any]:
    """The first so many people pass every judge."""
    text = "1" * passes + "0" * (PEOPLE - passes)
    return {"hits": dict.fromkeys(("acc1", "acc5", "named", "verified"), text)}


def rows(attack: str, passes: dict[float, int], *, spread: int = 1, best: int = 10) -> list[dict[str, Any]]:
    """A row for each factor and seed; the seeds lie `spread` people apart."""
    return [
        {"attack": attack, "smoothing": smoothing, "seed": seed}
        | leak(own + spread * seed)
        | {"start_random": leak(2), "start_best": leak(best)}
        for smoothing, own in passes.items()
        for seed in range(SEEDS)
    ]


def test_beating_means_both_starts_in_every_seed() -> None:
    found = beats([*rows("good", {0.0: 40}), *rows("as good as its start", {0.0: 40}, best=40, spread=0)])
    good = found["good"]["+0"]
    assert good["beats_both"] and good["best"]["value"] == pytest.approx(0.31)
    assert good["best"]["low"] < 0.31 < good["best"]["high"]
    assert good["random"]["by_seed"] == pytest.approx([0.38, 0.39, 0.4])
    other = found["as good as its start"]["+0"]
    assert other["random"]["beaten"] and not other["best"]["beaten"] and not other["beats_both"]


def test_worse_than_a_start_is_not_beaten() -> None:
    entry = beats(rows("bad", {0.0: 5}, best=40))["bad"]["+0"]
    assert entry["best"]["high"] < 0 and entry["best"]["beaten"] is False


def test_a_missing_attack_or_a_seed_twice_is_told() -> None:
    with pytest.raises(ValueError, match="a row for each seed of 'PPA' at \\+0, got seeds \\[\\] instead"):
        hits([], "PPA", 0.0, "acc1")
    with pytest.raises(ValueError, match="got seeds \\[0, 1, 2, 0, 1, 2\\] instead"):
        hits(rows("PPA", {0.0: 3}) * 2, "PPA", 0.0, "acc1")


def test_the_published_order() -> None:
    ours = [
        row
        for name, (hard, negative) in PUBLISHED.items()
        for row in rows(name, {0.0: int(hard), -0.05: int(negative)})
    ]
    found = in_published_order(ours, RECIPE)
    assert [found[own]["correlation"] for own in ("hard", "negative")] == pytest.approx([1, 1])
    assert found["hard"]["ours"]["GMI"] == pytest.approx(0.15)
    turned = [row for name, (hard, _) in PUBLISHED.items() for row in rows(name, {0.0: 96 - int(hard), -0.05: 5})]
    assert in_published_order(turned, RECIPE)["hard"]["correlation"] == pytest.approx(-1)
    assert in_published_order(turned, RECIPE)["negative"]["correlation"] is None  # all alike: there is no order
    assert in_published_order(ours, {"smoothings": [0.0]}) == {}


@pytest.mark.parametrize("name", ["attack_zoo", "attack_zoo_orl"])
def test_stored_words_on_starts_follow_from_the_stored_hits(name: str) -> None:
    results = read_evidence(name)["results"]
    for measure, stored in results["beats"].items():
        assert stored == beats(results["rows"], measure), measure
