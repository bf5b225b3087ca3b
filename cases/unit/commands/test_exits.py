from harness.commands import exits


def test_the_exit_codes_are_those_that_are_frozen() -> None:
    assert (exits.EXIT_FAILED, exits.EXIT_USAGE, exits.EXIT_INCOMPLETE) == (1, 2, 3)
