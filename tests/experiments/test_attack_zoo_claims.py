"""What follows from rows of the attack zoo, from tables made by hand."""

from typing import Any

import numpy as np
import pytest

from mia_kit.experiments.attack_zoo_claims import PUBLISHED, beats, claims, hits, in_published_order, undone
from mia_kit.experiments.claims import read_claims
from mia_kit.experiments.verdicts import mean_that_counts

PEOPLE, SEEDS = 100, 3
RECIPE: dict[str, Any] = {
    "smoothings": [-0.05, 0.0, 0.1],
    "undo": {"logit": [["soft", "logit"]], "margin": [["soft", "margin"]]},
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


def table(soft: int, logit: int, margin: int) -> list[dict[str, Any]]:
    """Three attacks that hit 60 people with hard labels, and so many with negative smoothing."""
    negative = {"soft": soft, "logit": logit, "margin": margin}
    return [row for name, passes in negative.items() for row in rows(name, {0.0: 60, -0.05: passes})]


@pytest.mark.parametrize(
    ("soft", "logit", "margin", "verdict", "words"),
    [
        (30, 58, 55, "reproduced", "93% undone"),
        (30, 58, 30, "not reproduced", "no difference that counts"),  # the margin undoes nothing
        (30, 58, 40, "not reproduced", "33% undone"),  # less than half
        (60, 60, 60, "not reproduced", "nothing to undo"),
        (90, 95, 95, "not reproduced", "nothing to undo"),  # negative smoothing leaks more
        (30, 80, 80, "reproduced", "167% undone"),
    ],
)
def test_s16(soft: int, logit: int, margin: int, verdict: str, words: str) -> None:
    found = claims(table(soft, logit, margin), RECIPE)["S16"]
    assert found["verdict"] == verdict
    assert words in found["course"]


def test_a_pair_with_nothing_to_undo_does_not_spoil_one_that_has() -> None:
    both = table(30, 58, 55) + rows("flat", {0.0: 60, -0.05: 60}) + rows("flat logit", {0.0: 60, -0.05: 60})
    pairs = {"logit": [["soft", "logit"], ["flat", "flat logit"]], "margin": [["soft", "margin"]]}
    assert claims(both, RECIPE | {"undo": pairs})["S16"]["verdict"] == "reproduced"
    pairs["margin"] = [["flat", "flat logit"]]
    assert claims(both, RECIPE | {"undo": pairs})["S16"]["verdict"] == "not reproduced"


def test_one_seed_that_disagrees_is_enough() -> None:
    found = table(30, 58, 55)
    spoilt = next(row for row in found if row["attack"] == "soft" and row["smoothing"] == -0.05 and row["seed"] == 2)
    spoilt |= leak(63)  # of 62 with hard labels
    assert undone(found, "soft", "logit", -0.05)["to_undo"] is False


def test_no_verdict_without_the_factors_or_the_pairs() -> None:
    assert claims([], RECIPE | {"smoothings": [0.0, 0.1]}) == {}
    assert claims([], RECIPE | {"smoothings": [-0.05]}) == {}
    assert claims([], {"smoothings": [-0.05, 0.0]}) == {}


def test_s16_is_not_run_while_there_is_no_evidence(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("MIA_KIT_EVIDENCE", str(tmp_path))
    assert next(claim for claim in read_claims() if claim.id == "S16").verdict == "not run"


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


def test_a_difference_is_paired_by_person() -> None:
    """Every fifth person is gained and nobody lost: the interval is that of the gains alone."""
    gains = np.tile((np.arange(PEOPLE) % 5 == 0)[:, None], (1, SEEDS)).astype(int)
    interval, sure = mean_that_counts(gains)
    assert sure and interval.value == pytest.approx(0.2) and interval.low > 0.1
    assert mean_that_counts(np.zeros((PEOPLE, SEEDS)))[1] is False


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
