"""Chapter 9's checks: the right answer is correct, each likely mistake is named."""

import pytest
import torch

from mia_kit.exercises import chapter09


def my_serve(clean, disturbance):
    label = clean.argmax(dim=1, keepdim=True)
    raw = (clean + disturbance).clamp_min(0)
    top = raw.gather(1, label)
    capped = torch.minimum(raw, 0.999 * top).scatter(1, label, top)
    return capped / capped.sum(dim=1, keepdim=True)


def normalised(raw):
    return raw / raw.sum(dim=1, keepdim=True)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (my_serve, "Correct."),
        (lambda clean, disturbance: normalised(clean + disturbance), "an entry is negative"),
        (lambda clean, disturbance: (clean + disturbance).clamp_min(0), "should sum to 1"),
        (lambda clean, disturbance: normalised((clean + disturbance).clamp_min(0)), "3 of 6 vectors have another"),
        (lambda clean, disturbance: (clean + disturbance).softmax(dim=1), "vectors have another label"),
        (lambda clean, disturbance: clean, "that is the clean vector"),
        (lambda clean, disturbance: my_serve(clean, 0.5 * disturbance), "the first vector needs nothing"),
        (lambda clean, disturbance: my_serve(clean, disturbance)[:1], "yours have the shape (1, 4)"),
        (lambda clean, disturbance: undefined, "your code stopped with NameError"),  # noqa: F821
    ],
)
def test_serve(answer, words, capsys):
    chapter09.check_serve(answer)
    assert words in capsys.readouterr().out


def cosine(target, own):
    return (target @ own) / (target.norm() * own.norm())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda target, own: 1 - cosine(target, own), "Correct."),
        (lambda target, own: 1 + cosine(target, own), "turn the sign"),
        (cosine, "that is the cosine"),
        (lambda target, own: 1 - target @ own, "divide by both lengths"),
        (lambda target, own: torch.tensor(5.0), "it should be"),
    ],
)
def test_alignment(answer, words, capsys):
    chapter09.check_alignment(answer)
    assert words in capsys.readouterr().out
