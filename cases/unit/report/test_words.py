from dataclasses import fields
from string import Formatter

import pytest

from harness.report.tally import OUTCOMES
from harness.report.words import CHINESE, ENGLISH, PAGES, Words


@pytest.mark.parametrize("page", PAGES)
def test_every_language_has_a_word_for_every_outcome(page: str) -> None:
    assert set(PAGES[page].verdicts) == set(OUTCOMES)
    assert len(set(PAGES[page].verdicts.values())) == len(OUTCOMES)


def test_both_languages_explain_the_same_strategies() -> None:
    assert set(CHINESE.strategies) == set(ENGLISH.strategies)


@pytest.mark.parametrize("name", [one.name for one in fields(Words)])
def test_both_languages_fill_the_same_places(name: str) -> None:
    places = [
        {place for _, place, _, _ in Formatter().parse(text) if place}
        for text in (getattr(CHINESE, name), getattr(ENGLISH, name))
        if isinstance(text, str)
    ]

    assert not places or places[0] == places[1]
