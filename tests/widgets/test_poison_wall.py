"""Chapter 9's sliders show the attack they stand at."""

import numpy as np

from mia_kit.widgets.poison_wall import Outcome, PoisonWall


def test_sliders_show_the_attack_they_stand_at():
    pictures = np.random.default_rng(0).integers(256, size=(3, 4, 8, 8, 3), dtype=np.uint8)
    shares = {(0.0, "reads"): 12, (0.0, "rounds"): 16, (0.1, "reads"): 4, (0.1, "rounds"): 15}
    outcomes = {
        at: Outcome(pictures[0], np.arange(20) < hits, np.full(20, hits / 20), at[0]) for at, hits in shares.items()
    }
    wall = PoisonWall(pictures[1], (0, 1, 2, 3), outcomes)
    before = wall.words.value
    assert before.count("<figure") == 8 and "Attack accuracy 60% of 20" in before and "are 0 away" in before
    wall.sliders["bound of the poison"].value = 0.1
    assert "Attack accuracy 20% of 20" in wall.words.value and "mean error 0.200" in wall.words.value
    wall.sliders["attacker"].value = "rounds"
    assert "Attack accuracy 75% of 20" in wall.words.value
    assert wall.sliders["bound of the poison"].options[0][0] == "0 (no defence)"
