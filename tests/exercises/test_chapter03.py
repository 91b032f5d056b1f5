"""The checks of chapter 3 speak: each usual mistake is told apart."""

import numpy as np
import pytest
import torch

from mia_kit.exercises import chapter03


@pytest.fixture
def says(capsys):
    """Runs a check and gives what it printed."""

    def run(check, answer):
        check(answer)
        return capsys.readouterr().out.strip()

    return run


def score(views):
    """A learner's function that asks about the views of a picture and takes the mean."""
    return lambda ask, images, target: torch.stack([ask(view(images))[:, target] for view in views]).mean(dim=0)


def plain(images):
    return images


def mirrored(images):
    return images.flip(3)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (score([plain, mirrored]), "Correct."),
        (score([plain]), "ask about their mirror images too"),
        (score([plain, lambda images: images.flip(2)]), "on its head"),
        (lambda ask, images, target: 2 * score([plain, mirrored])(ask, images, target), "divides by 2"),
        (lambda ask, images, target: torch.maximum(*(ask(x)[:, target] for x in (images, images.flip(3)))), "lucky"),
        (lambda ask, images, target: ask(images), "yours is (6, 3)"),
        (lambda ask, images, target: torch.zeros(6), "yours scores 0.000"),
    ],
)
def test_score(says, answer, words):
    assert words in says(chapter03.check_score, answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda distances, strangers: (distances < np.quantile(strangers, 0.01)).mean(), "Correct."),
        (lambda distances, strangers: (distances > np.quantile(strangers, 0.01)).mean(), "farther away"),
        (lambda distances, strangers: (distances < np.quantile(strangers, 0.99)).mean(), "99 strangers"),
        (lambda distances, strangers: (distances < strangers.min()).mean(), "no stranger at all"),
        (lambda distances, strangers: 0.25, "yours gives 0.250"),
    ],
)
def test_verified_share(says, answer, words):
    assert words in says(chapter03.check_verified_share, answer)
