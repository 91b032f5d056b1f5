"""What a check is to say: `CASES = {check: [(answer, words), ...]}` as pytest's parameters."""

import pytest


def said(cases):
    """Parameters `check`, `answer` and `words` of a test."""
    flat = [(check, *pair) for check, pairs in cases.items() for pair in pairs]
    names = [f"{check.__module__[-2:]} {check.__name__}: {words}" for check, _, words in flat]
    return pytest.mark.parametrize(("check", "answer", "words"), flat, ids=names)
