"""Whether three judges agree, counted by hand."""

import numpy as np
import pytest

from mia_kit.figures.judges import agreement_bars
from mia_kit.runs.table import NoRowsError, tidy
from mia_kit.studies.inversion.agreement import KINDS, agreement, near_cosine

SAID = {  # evaluator, embedding and the latent's cosine, by person
    "ppa": ((1, 1, 0.3), (1, 1, 0.2), (1, 1, 0.1), (1, 0, 0.9), (0, 1, 0.0)),
    "placebo": ((0, 0, 0.5), (0, 0, 0.0), (1, 0, 0.0), (0, 0, -0.3)),
}
TABLE = tidy(
    {
        "study": "inversion",
        "world": "drawn",
        "seed": seed,
        "attack": attack,
        "unit": unit,
        "measure": measure,
        "value": v,
    }
    for seed in (1, 2)
    for attack, people in SAID.items()
    for unit, said in enumerate(people)
    for measure, v in zip(("acc1", "named", "latent_cosine"), said, strict=True)
)


def test_shares_of_people_by_who_names_them() -> None:
    shares = agreement(TABLE, {"Plug & Play": {"attack": "ppa"}, "placebo": {"attack": "placebo"}})
    by_kind = shares.pivot(index="group", columns="kind", values="value")
    wanted = dict(zip(KINDS, (0.2, 0.4, 0.2, 0.2, 0), strict=True))
    assert by_kind.loc["Plug & Play"].to_dict() == wanted
    assert by_kind.loc["placebo"].to_dict() == {**dict.fromkeys(wanted, 0), "evaluator alone": 0.25, "neither": 0.75}
    alone = shares[(shares["group"] == "Plug & Play") & (shares["kind"] == "evaluator alone")].iloc[0]
    assert alone["low"] < 0.2 < alone["high"]
    drawn = agreement_bars(shares, title="Who names them")
    assert [bar.name for bar in drawn.figure.data] == list(wanted) and list(drawn.figure.data[2].x) == [0.2, 0.25]
    assert "second judge alone 20%, neither 0%; placebo: both, and the latent is near 0%" in drawn.alt


def test_the_third_judge_knows_what_chance_does() -> None:
    random = np.random.default_rng(0).normal(size=(200_000, 100))
    cosines = random[:, 0] / np.linalg.norm(random, axis=1)
    assert near_cosine() == pytest.approx(np.quantile(cosines, 0.99), abs=0.003)


def test_a_group_must_be_there_and_be_single() -> None:
    with pytest.raises(NoRowsError, match="attack must be one of"):
        agreement(TABLE, {"x": {"attack": "mirror"}})
    with pytest.raises(ValueError, match="x must be one attack"):
        agreement(TABLE, {"x": {"seed": 1}})
