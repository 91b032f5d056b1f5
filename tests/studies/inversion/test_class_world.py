"""The class of drawn people: every defence trains, the strongest attack counts, an attack is the package's own."""

import numpy as np
import pytest
import torch

from mia_kit.access import WhiteBox
from mia_kit.attacks import losses, ppa
from mia_kit.defences import STRENGTHS
from mia_kit.studies.inversion import classroom, shipped
from mia_kit.studies.inversion.networks import LEAST_STRANGERS

pytestmark = pytest.mark.usefixtures("tiny_classroom")

# The class has no skip connections to remove, and no public trunk to begin from.
TRAINED = [name for name in STRENGTHS if name not in {"rolss", *LEAST_STRANGERS}]


@pytest.mark.parametrize("defence", ["none", *TRAINED])
def test_every_defence_trains_into_the_form_that_is_handed_in(defence) -> None:
    strength = STRENGTHS[defence][0] if defence != "none" else 0.0
    defended = classroom.train(defence, strength)
    empty = classroom.untrained(defence, strength, width=4)
    shapes = [{name: t.shape for name, t in model.state_dict().items()} for model in (defended.model, empty)]
    assert shapes[0] == shapes[1]
    assert (defended.privacy is not None) == defence.startswith("dp_sgd")
    assert 0 <= classroom.accuracy(defended.model) <= 1


@pytest.mark.parametrize("defence", LEAST_STRANGERS)
def test_without_a_public_trunk_nothing_is_trained_on_noise(defence) -> None:
    with pytest.raises(ValueError, match=f"without a public trunk, got {defence}"):
        classroom.train(defence, 0.5)


def test_the_attack_is_plug_and_play_on_a_shared_pool() -> None:
    model = classroom.train().model
    ours = classroom.attack(model, [2, 0], "margin", seed=5)
    options = {"seed": 5, "settings": classroom.ATTACK, "loss": losses.margin, "progress": False}
    theirs = ppa.run(WhiteBox(model), [2, 0], prior=classroom.load_dcgan(), **options)
    torch.testing.assert_close(ours, theirs.images)
    with pytest.raises(ValueError, match="loss must be one of"):
        classroom.attack(model, [0], "none")


def test_the_strongest_attack_counts(monkeypatch) -> None:
    """Cross-entropy brings back nobody, Poincare and the margin both people: the first of the two is kept."""
    ranks = iter([np.array([3, 2]), np.array([1, 1]), np.array([1, 1])])
    judged = shipped.judged
    monkeypatch.setattr(shipped, "judged", lambda *given: judged(*given) | {"rank": next(ranks)})
    attacked = classroom.strongest(classroom.train().model, [0, 3], defence="bido", strength=1.0)
    assert (attacked.loss, attacked.hits, attacked.defence, attacked.strength) == ("poincare", 2, "bido", 1.0)
    assert attacked.pictures.shape == (2, 64, 64, 3) and attacked.identity_ranks.shape == (2,)


def test_a_target_that_answers_no_numbers_does_not_win() -> None:
    model = classroom.train().model
    with torch.no_grad():
        model.head.bias[1] = torch.nan
    with pytest.raises(ValueError, match="must be finite"):
        classroom.strongest(model, [0, 1])
