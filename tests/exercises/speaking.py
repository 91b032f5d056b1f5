"""What a check is to say: `CASES = {check: [(answer, words), ...]}` as a test."""

import pytest


def said(cases):
    """The test that every check says its words to each answer."""
    flat = [(check, *pair) for check, pairs in cases.items() for pair in pairs]
    names = [f"{check.__module__[-2:]} {check.__name__}: {words}" for check, _, words in flat]

    @pytest.mark.parametrize(("check", "answer", "words"), flat, ids=names)
    def test(check, answer, words, capsys):
        check(answer)
        printed = capsys.readouterr().out
        assert words in printed, printed

    return test
