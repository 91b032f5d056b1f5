"""Verdicts on P1 to P13 from rows made by hand: each rule says yes to the paper's world and no to another."""

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from mia_kit.experiments.poisoning_claims import RULES, claims, difference, errors, hits, works
from mia_kit.experiments.poisoning_rows import read_rows
from mia_kit.experiments.runner import read_recipe
from mia_kit.metrics import mean_interval

RECIPE = read_recipe("poisoning_mnist")
SEEDS, PRIVATE = 3, 200

# Attack accuracy and error in a world that is the paper's; rows that are not named are those of LPA.
LEAKS = {"none": (0.9, 0.3), "LPA": (0.5, 0.5), "LFP": (0.8, 0.5), "MID": (0.7, 0.3), "PGD": (0.6, 0.4)}
BOUNDS = {"LPA 0.002": 0.4, "LPA 0.02": 0.3, "LPA 0.2": 0.25, "LPA 0.5": 0.2}


def row(name: str, setup: Any, share: float, error: float) -> dict[str, Any]:
    """A row in which the first pictures are hits, the same in every seed, and errors spread a little."""
    passed = np.arange(PRIVATE) < round(share * PRIVATE)
    spread = np.linspace(-0.1, 0.1, PRIVATE)
    values = {"attack": passed.astype(float), "error": error + spread}
    measured: dict[str, Any] = {
        key: asdict(mean_interval(np.tile(own, SEEDS))) | {"by_seed": [float(own.mean())] * SEEDS}
        for key, own in values.items()
    }
    measured["distortion"] = {"value": 0.01 if name.startswith("MID") else setup.bound / 2}
    measured |= {"accuracy": [0.97] * SEEDS, "accuracy_loss": [0.0] * SEEDS, "milliseconds": [0.3] * SEEDS}
    measured["hits"] = ["".join(str(int(one)) for one in passed)] * SEEDS
    measured["errors"] = [" ".join(str(round(1000 * one)) for one in values["error"])] * SEEDS
    return {"name": name, **asdict(setup), **measured, "detector": [0.52] * SEEDS}


def paper() -> dict[str, dict[str, Any]]:
    """The rows of the recipe as the paper would have them."""
    rows = {}
    for name, setup in read_rows(RECIPE).items():
        kind = next((key for key in ("none", "MID", "LFP") if name.startswith(key)), name)
        share, error = LEAKS.get(kind, LEAKS["LPA"])
        if setup.attacker != setup.substitute and name.startswith("LPA, ") and "blocks" in name:
            share = 0.6
        if "guidance" in name:
            error = 0.302
        rows[name] = row(name, setup, BOUNDS.get(name, share), error)
    rows["Poi_MSE"] = row("Poi_MSE", read_rows(RECIPE)["Poi_MSE"], 0.6, 0.4)
    rows["LFP"]["accuracy_loss"] = [0.03] * SEEDS
    rows["LPA"]["milliseconds"], rows["LPA by VAE"]["milliseconds"] = [4.0] * SEEDS, [0.35] * SEEDS
    return rows


def verdicts(rows: dict[str, dict[str, Any]]) -> dict[str, str]:
    found = claims({"classes": 5, "rows": list(rows.values())}, RECIPE)
    return {claim: own["verdict"] for claim, own in found.items()}


def changed(name: str, **changes: Any) -> dict[str, dict[str, Any]]:
    """The paper's rows, but another attack accuracy or error of the row `name`, or another measure."""
    rows, setup = paper(), read_rows(RECIPE)[name]
    if "share" in changes or "error" in changes:
        other = row(name, setup, changes.pop("share", 0.5), changes.pop("error", 0.5))
        rows[name] |= {key: other[key] for key in ("attack", "error", "hits", "errors")}
    rows[name] |= changes
    return rows


def test_the_papers_world_is_reproduced() -> None:
    assert verdicts(paper()) == dict.fromkeys(RULES, "reproduced")


@pytest.mark.parametrize(
    ("claim", "rows"),
    [
        ("P1", changed("LPA", accuracy_loss=[0.0, 0.001, 0.0])),
        ("P1", changed("LPA", share=0.9)),
        ("P1", changed("LPA", error=0.3)),
        ("P2", changed("LFP", accuracy_loss=[0.03, 0.0, 0.03])),
        ("P2", changed("LFP", share=0.5)),
        ("P3", changed("LPA, PSNR against PSNR", share=0.95)),
        ("P3", changed("LPA, PSNR against MSE", share=0.9)),
        ("P4", changed("LPA, D2 against D2", share=0.9)),
        ("P5", changed("LPA, 5 blocks against 4", share=0.9)),
        ("P5", changed("LPA, 5 blocks against 5", share=0.8)),
        ("P6", changed("LPA, guidance 2", share=0.9, error=0.3)),
        ("P6", changed("LPA, guidance 0", error=0.31)),
        ("P6", changed("LPA, guidance 0", error=0.29)),
        ("P7", changed("LPA 0.5", share=0.8)),
        ("P7", changed("LPA 0.5", accuracy_loss=[0.0, 0.02, 0.0])),
        ("P8", changed("Poi_MSE", share=0.5)),
        ("P8", changed("PGD", share=0.4)),
        ("P9", changed("MID 0.1", share=0.1)),
        ("P9", changed("MID 0.1", accuracy=[0.99] * SEEDS)),
        ("P9", changed("MID 0.1", distortion={"value": 0.0})),
        ("P10", changed("LPA", milliseconds=[4.0, 4.0, 400.0])),
        ("P10", changed("LPA by VAE", milliseconds=[0.3, 0.3, 0.5])),
        ("P11", changed("MID 0.01", error=0.6)),
        ("P11", changed("LFP", error=0.25)),
        ("P12", changed("LPA, noise", share=0.7)),
        ("P12", changed("LPA, second softmax", share=0.7)),
        ("P13", changed("LPA", detector=[0.52, 0.61, 0.5])),
    ],
)
def test_another_world_is_not(claim: str, rows: dict[str, dict[str, Any]]) -> None:
    assert verdicts(rows)[claim] == "not reproduced"


@pytest.mark.parametrize(
    ("gone", "claims_gone"),
    [
        ("LPA, PSNR against PSNR", {"P3"}),
        ("none, D2", {"P4"}),
        ("LPA by VAE", {"P10"}),
        ("Poi_MSE", {"P8"}),
        ("LFP", {"P2", "P11"}),
        ("LPA, noise", {"P12"}),
        ("LPA, guidance 0.5", {"P6"}),
        ("LPA", set(RULES) - {"P5", "P6", "P7", "P9"}),  # other decoders and bounds are left
    ],
)
def test_without_its_rows_a_claim_has_no_verdict(gone: str, claims_gone: set[str]) -> None:
    rows = paper()
    del rows[gone]
    found = set(verdicts(rows))
    assert set(RULES) - found == claims_gone


def test_against_an_attack_that_does_not_work_nothing_is_said() -> None:
    rows = changed("none", share=0.2)
    assert not works(rows["none"], 5) and works(paper()["none"], 5) and verdicts(rows) == {}


def test_a_diffusion_model_that_does_not_work_is_left_out() -> None:
    """With that guidance LPA has nothing to protect; the others decide."""
    rows = changed("none, guidance 2", share=0.2)
    rows["LPA, guidance 2"] |= row("", read_rows(RECIPE)["LPA, guidance 2"], 0.3, 0.302)
    found = claims({"classes": 5, "rows": list(rows.values())}, RECIPE)["P6"]
    assert found["verdict"] == "reproduced" and "guidance 2" not in found["course"]
    for guidance in ("0", "0.5"):
        rows[f"none, guidance {guidance}"] |= row("", read_rows(RECIPE)[f"none, guidance {guidance}"], 0.2, 0.3)
    assert set(RULES) - set(verdicts(rows)) == {"P6"}


def test_a_difference_is_of_pictures_and_counts_if_all_seeds_agree() -> None:
    rows = paper()
    gap, counts = difference(rows["LPA"], rows["none"], hits)
    assert gap.value == pytest.approx(-0.4) and counts
    gap, counts = difference(rows["LPA"], rows["none"], errors)
    assert gap.value == pytest.approx(0.2, abs=1e-3) and counts
    split = rows["LPA"] | {"hits": [rows["LPA"]["hits"][0]] * 2 + ["1" * PRIVATE]}
    gap, counts = difference(split, rows["none"], hits)
    assert gap.high < 0 and not counts  # one seed points the other way
    assert difference(rows["LPA"], rows["LPA"], hits)[1] is False


def test_the_strongest_other_attacker_stands_beside_the_verdict() -> None:
    rows = changed("LPA, self-poisoned", share=0.85)
    found = claims({"classes": 5, "rows": list(rows.values())}, RECIPE)["P12"]
    assert found["verdict"] == "reproduced" and "under LPA: LPA, self-poisoned 0.850" in found["course"]
    assert found["course"].startswith("mnist: ")
