"""The names that papers gave the attacks of a table: for chapters and figures."""

from __future__ import annotations

import pandas as pd

NAMES = {
    "gmi": "GMI",
    "ked_mi": "KED-MI",
    "lomma_gmi": "LOMMA (GMI)",
    "lomma_ked_mi": "LOMMA (KED-MI)",
    "plg_mi": "PLG-MI",
    "mirror": "MIRROR",
    "mirror_black_box": "MIRROR (black box)",
    "brep_mi": "BREP-MI",
    "fredrikson": "Fredrikson",
}
LOSSES = {"cross_entropy": "PPA (cross-entropy)", "poincare": "PPA", "margin": "PPA (margin)", "logit": "PPA (logit)"}


def with_names(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of attacks and of their starts, "<name> start"; Plug & Play has a name for each loss. No placebos."""
    attack = table["attack"].astype(object)
    method, is_start = attack.str.removesuffix(" start"), attack.str.endswith("start", na=False)
    of_plug_and_play = attack.isin(["ppa", "start"])
    names = method.map(NAMES).mask(of_plug_and_play, table["loss"].astype(object).map(LOSSES))
    names = names.mask(is_start, names + " start")
    return table.assign(attack=names.astype("category"))[names.notna()]
