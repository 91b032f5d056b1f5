"""The dose of smoothing: how much of a factor training applied.

The loss of a negative factor has no floor, so the margin between classes grows as long as training pushes. The same
factor for a tenth of the steps is another treatment.
"""

from __future__ import annotations

from mia_kit.smoothing import phases, ramp


def dose(smoothing: float, epochs: int, steps_per_epoch: int, learning_rate: float) -> float:
    """Sum over all steps of |factor at the step| times the learning rate at the step.

    `learning_rate` is the first one; it is divided by ten where `mia_kit.training.fit` does. The paper's run of 100
    epochs on FaceScrub has a dose of about 2.2 for each unit of the factor.
    """
    _, full, last_drop = phases(epochs)
    return sum(
        abs(ramp(smoothing, epoch, epochs))
        * steps_per_epoch
        * learning_rate
        * 0.1 ** ((epoch >= full) + (epoch >= last_drop))
        for epoch in range(epochs)
    )
