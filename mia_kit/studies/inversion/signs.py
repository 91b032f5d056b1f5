"""Traffic signs in the place of people: GTSRB's 43 signs in three groups that share no picture.

Targets know the private signs. Strangers are the others, for a placebo and for whoever stands in for a sign; the public
ones are the attacker's, to train a GAN on. What is photographed several times stands on one side: targets learn from
training frames, everybody else from test pictures. Training mirrors pictures, so no two private signs may be mirror
images of each other.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from mia_kit.data import official_split
from mia_kit.data.image_set import ImageSet
from mia_kit.studies.inversion.recipe import World

# Speed limits 30, 70, 80, 100, 120; no passing; right of way; priority road; give way; stop; no entry; general caution;
# road works; wild animals; ahead only.
PRIVATE = (1, 4, 5, 7, 8, 9, 11, 12, 13, 14, 17, 18, 25, 31, 35)
# Speed limits 50, 60, end of 80; no passing for lorries; no vehicles; no lorries; slippery road; traffic signals;
# children crossing.
STRANGERS = (2, 3, 6, 10, 15, 16, 23, 26, 28)
PUBLIC = (0, 19, 20, 21, 22, 24, 27, 29, 30, 32, 33, 34, 36, 37, 38, 39, 40, 41, 42)


def deal_signs(
    signs: ImageSet, world: World, seed: int, *, strangers: bool = False
) -> dict[str, tuple[ImageSet, list[np.ndarray]]]:
    """By role the set that the pictures lie in, and the rows of each sign's, in random order.

    Of strangers all frames, up to the target's number, and tests. ValueError if a private sign has too few.
    """
    random, counts = np.random.default_rng(seed), world.photographs
    frames, tests = official_split(signs)
    wanted = {"target": counts.target, "test": counts.test}
    if not strangers:
        wanted |= {"evaluator": counts.evaluator, "judge": counts.judge}
    rows: dict[str, list[np.ndarray]] = {role: [] for role in wanted}
    for sign in (STRANGERS if strangers else PRIVATE)[: world.people]:
        of_frames, of_tests = (random.permutation(np.flatnonzero(side.labels == sign)) for side in (frames, tests))
        needed = sum(wanted.values()) - counts.target
        if len(of_tests) < needed or (len(of_frames) < counts.target and not strangers):
            raise ValueError(
                f"{signs.class_names[sign]!r} must have {counts.target} training frames and {needed} test pictures, "
                f"got {len(of_frames)} and {len(of_tests)} instead"
            )
        ends = np.cumsum([*wanted.values()][1:])
        for role, dealt in zip(wanted, [of_frames[: counts.target], *np.split(of_tests, ends)[:-1]], strict=True):
            rows[role].append(dealt)
    return {role: (frames if role == "target" else tests, members) for role, members in rows.items()}


def public_signs(signs: ImageSet) -> Tensor:
    """All pictures of the attacker's signs, uint8 of shape (n, 3, h, w)."""
    return torch.from_numpy(signs.images[np.isin(signs.labels, PUBLIC)]).permute(0, 3, 1, 2).contiguous()
