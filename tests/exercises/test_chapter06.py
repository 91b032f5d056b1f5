"""Chapter 6's checks: the right answer is correct, each likely mistake is named."""

import pytest
import torch
from torch.nn.functional import one_hot

from mia_kit.exercises import chapter06


def my_margin(logits, targets):
    own = logits.gather(1, targets[:, None]).squeeze(1)
    others = logits - 1e9 * one_hot(targets, logits.shape[1])
    return others.max(dim=1).values - own


def own_logit(logits, targets):
    return logits.gather(1, targets[:, None]).squeeze(1)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (my_margin, "Correct."),
        (lambda logits, targets: -my_margin(logits, targets), "Turn the sign"),
        (lambda logits, targets: logits.max(dim=1).values - own_logit(logits, targets), "compare it with itself"),
        (lambda logits, targets: -own_logit(logits, targets), "that is the raw logit"),
        (lambda logits, targets: my_margin(logits, targets).mean(), "the shape should be (6,), yours is ()"),
        (lambda logits, targets: 2 * my_margin(logits, targets), "the first image should have"),
        (lambda logits, targets: torch.zeros(6) / 0 + undefined, "your code stopped with NameError"),  # noqa: F821
    ],
)
def test_margin(answer, words, capsys):
    chapter06.check_margin(answer)
    assert words in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda people, pool, candidates, steps, views: 2 * pool + people * candidates * (steps + views), "Correct."),
        (lambda people, pool, candidates, steps, views: pool + people * candidates * (steps + views), "mirror image"),
        (
            lambda people, pool, candidates, steps, views: people * (2 * pool + candidates * (steps + views)),
            "one pool serves all people",
        ),
        (lambda people, pool, candidates, steps, views: 2 * pool + candidates * (steps + views), "several people"),
        (lambda *numbers: 1, "it should be 15,904,000, yours is 1."),
    ],
)
def test_queries(answer, words, capsys):
    chapter06.check_queries(answer)
    assert words in capsys.readouterr().out
