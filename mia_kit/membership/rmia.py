"""The relative attack: is this example surer than models without it say, by more than other examples are?

Zarifzadeh, Liu and Shokri, *Low-Cost High-Power Membership Inference Attacks* (ICML 2024), section 3, and the appendix
on offline attacks. An example x is held against each other one, z, by p(x | target) / p(x) over the same of z.
p(x) is the mean confidence of models with and without x. An offline attacker has none with x, and takes for those
the line 1 - a + a * p_out(x), so that p(x) = (1 - a + (1 + a) * p_out(x)) / 2. The score of x is the share of examples
that it beats. One reference model is enough, as no spread is estimated.

What differs: x beats z where the ratio is above 1, as in the authors' code, not above a gamma, which would only tie
more examples. Hence examples are ordered by p(x | target) / p(x) alone, and z need not be of a population that the
attacker knows to be no members. `line_of` takes a from all reference models in turn, the authors' code from one.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, log_expit
from scipy.stats import rankdata

from mia_kit import check
from mia_kit.membership.lira import check_shadows
from mia_kit.membership.verdicts import Verdicts
from mia_kit.signatures import checked

LINE = 0.3  # a, where the authors do not tune it
LINES = np.linspace(0, 1, 11)
LEAST = 1e-300  # a confidence that rounds to 0
BEATEN = 0.95  # of all examples: 5 % of them are called members


@checked
def offline(
    scaled: np.ndarray,
    shadow_scaled: np.ndarray,
    shadow_members: np.ndarray,
    *,
    line: float = LINE,
) -> Verdicts:
    """Share of the examples that an example beats, in [0, 1); member where it is above 0.95.

    scaled, shadow_scaled, shadow_members : as in `lira.offline`; each example needs one shadow model without it
    line : a in [0, 1]. At 0 a model that was trained on an example is certain of it, at 1 no surer than any other
    """
    scaled, shadow_scaled = check_shadows(scaled, shadow_scaled, shadow_members)
    ratios = _ratios(scaled, shadow_scaled, shadow_members, check.in_range("line", line, 0, 1))
    return Verdicts(np.searchsorted(np.sort(ratios), ratios) / len(ratios), BEATEN)


@checked
def line_of(shadow_scaled: np.ndarray, shadow_members: np.ndarray) -> float:
    """The a with which the shadow models tell best who was in each of them: 0, 0.1, ... or 1, the least of equals.

    Parameters are those of `offline`; each example needs a shadow model without it beside the one under attack, and
    each shadow model an example with which it was trained and one without.
    """
    shadow_scaled = check_shadows(shadow_scaled[0], shadow_scaled, shadow_members)[1]
    sides = shadow_members.sum(axis=1), (~shadow_members).sum(axis=1)
    check.count("the number of examples with which, and without which, a shadow model was trained", np.min(sides))

    def gain(line: float) -> float:
        """Twice the area under the curve less 1, summed over the models."""
        total = 0.0
        for k, members in enumerate(shadow_members):
            others = np.delete(shadow_scaled, k, axis=0), np.delete(shadow_members, k, axis=0)
            ranks = rankdata(_ratios(shadow_scaled[k], *others, line))
            total += (ranks[members].mean() - ranks[~members].mean()) * 2 / len(ranks)
        return total

    return float(LINES[int(np.argmax([round(gain(line), 12) for line in LINES]))])


def _ratios(scaled: np.ndarray, shadow_scaled: np.ndarray, shadow_members: np.ndarray, line: float) -> np.ndarray:
    """log of p(x | target) / p(x), of shape (n,)."""
    check.count("the number of shadow models trained without each example", (~shadow_members).sum(axis=0).min())
    outside = expit(shadow_scaled).mean(axis=0, where=~shadow_members)
    return log_expit(scaled) - np.log(((1 - line + (1 + line) * outside) / 2).clip(LEAST))
