import pytest

from harness.errors import UsageError
from harness.model.program.limits import (
    FIRST_S,
    LEAST_BYTES,
    ProgramLimits,
    limits_of,
    memory_bytes,
    patience_s,
)


def test_a_program_has_four_gigabytes_and_more_when_it_needs_more():
    assert memory_bytes(0, 0) == LEAST_BYTES == 4 << 30
    assert memory_bytes(100 << 20, 8 * 320 * 320) == 4 << 30
    assert memory_bytes(184 << 20, 8 * 608 * 608) > 4 << 30
    assert memory_bytes(0, 20_000_000) == (1536 << 20) + 700 * 20_000_000


def test_the_option_goes_before_the_environment_and_that_before_the_default():
    twins = {"ZOO_PROGRAM_MEMORY": "2.5", "ZOO_PROGRAM_SECONDS": "7"}

    assert limits_of(memory_gb=None, first_s=None, environment={}) == ProgramLimits(
        memory_bytes=None, first_s=FIRST_S
    )
    assert limits_of(memory_gb=None, first_s=None, environment=twins) == ProgramLimits(
        memory_bytes=5 << 29, first_s=7
    )
    assert limits_of(memory_gb="8", first_s="9", environment=twins) == ProgramLimits(
        memory_bytes=8 << 30, first_s=9
    )


@pytest.mark.parametrize("word", ["0", "-1", "much", "nan", "inf", "1e10"])
def test_what_is_no_number_above_0_is_a_usage_error(word):
    with pytest.raises(
        UsageError,
        match=rf"^--program-memory; expected a number above 0, got {word}; give a",
    ):
        limits_of(memory_gb=word, first_s=None, environment={})
    with pytest.raises(UsageError, match=r"^--program-seconds; expected"):
        limits_of(memory_gb=None, first_s=word, environment={})


def test_patience_grows_with_the_pixels_and_has_a_least():
    first = [1e-6, 3e-6, 2e-6]

    assert patience_s(600, first[:2], 10) == 600
    assert patience_s(600, first, 10) == 60
    assert patience_s(600, first, 8_000_000) == pytest.approx(20 * 3e-6 * 8_000_000)
    assert patience_s(600, [*first, 9.0], 10) == 60  # a later one does not count
