import pytest

from harness.values.records import FAILING, INCOMPLETE, PASSING, Verdict


def test_every_verdict_passes_fails_or_is_incomplete_and_only_one_of_them():
    assert set(Verdict) == PASSING | FAILING | INCOMPLETE
    assert len(PASSING) + len(FAILING) + len(INCOMPLETE) == len(Verdict)


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (PASSING, "reproduced reproduced_with_erratum not_judged"),
        (FAILING, "lower higher wrong_archive wrong_dataset unreadable errored"),
        (INCOMPLETE, "unavailable no_dataset no_device partial"),
    ],
)
def test_the_outcomes_are_those_that_users_rely_on(outcome, words):  # design 3
    assert outcome == set(words.split())
