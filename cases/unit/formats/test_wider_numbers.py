import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.formats.wider_numbers import parse_numbers

PLAIN = b"1.5 2.0 -3.1 4.7 0.123\n"


def line_by_line(lines: bytes) -> list[list[float]]:
    return [[float(part) for part in line.split()] for line in lines.splitlines()]


@given(
    rows=st.lists(
        st.tuples(*[st.floats(-1e6, 1e6)] * 4, st.floats(0, 1)), min_size=1, max_size=9
    ),
    box_format=st.sampled_from(["{:.0f}", "{:.1f}", "{:.3f}", "{:.12f}", "{!r}"]),
    score_format=st.sampled_from(["{:.0f}", "{:.3f}", "{:.18f}", "{!r}", "{:e}"]),
)
def test_any_precision_gives_the_nearest_numbers(
    rows: list[tuple[float, ...]], box_format: str, score_format: str
) -> None:
    lines = "".join(
        " ".join(
            [*(box_format.format(one) for one in row[:4]), score_format.format(row[4])]
        )
        + "\n"
        for row in rows
    ).encode()

    found = parse_numbers(lines)

    assert found is not None
    assert found.tolist() == line_by_line(lines)


@settings(max_examples=200)
@given(
    lines=st.lists(
        st.one_of(
            st.just(PLAIN), st.text("0123459.- e+n", max_size=24).map(str.encode)
        ).map(lambda line: line.rstrip(b"\n") + b"\n"),
        min_size=1,
        max_size=4,
    ),
    first_is_plain=st.booleans(),
)
def test_whatever_is_parsed_is_what_reading_line_by_line_gives(
    lines: list[bytes], first_is_plain: bool
) -> None:
    text = b"".join([PLAIN, *lines] if first_is_plain else lines)

    found = parse_numbers(text)

    assert found is None or found.tolist() == line_by_line(text)


def test_no_line_is_an_empty_table() -> None:
    found = parse_numbers(b"")

    assert found is not None
    assert found.shape == (0, 5)


@pytest.mark.parametrize(
    "line",
    [
        b"1.5 2.0 3.1 4.7\n",  # four
        b"1.5 2.0 3.1 4.7 0.123 9\n",  # six
        b"1.5 2.0 3.1 4.7 \n",
        b" 2.0 3.1 4.7 0.123\n",
        b"1.5  3.1 4.7 0.123\n",
        b"1.5 2.0-3.1 4.7 5.5 0.123\n",
        b"1.5 2.0 3.1 4.7 nan\n",
        b"1.5 2.0 3.1 4.7 x\n",
        b"1.5 2.0 3.1 4.7 -\n",
        b"1.5 - 3.1 4.7 0.1\n",
        b"1 2 3 - 1\n",
        b"1 2 3 4 -\n",
        b"1e0 2 3 4 -\n",
        b"1.5 2.0 3.1 4.7 --.123\n",
        b"1.5 2.0 3.1 4.7 0.1.234\n",
        b"1.5 2.0 3.1 1-2.0 0.123\n",
        b"1.5 2.0 3.1 4.7 .---\n",
        b"1.5\t2.0 3.1 4.7 0.123\n",
    ],
)
def test_what_is_not_plainly_five_numbers_is_left_to_the_caller(line: bytes) -> None:
    for lines in (line, PLAIN + line, line + PLAIN):
        assert parse_numbers(lines) is None


def test_dots_of_one_line_do_not_make_up_for_those_of_another() -> None:
    lines = PLAIN + b"1.0 1.0 1.0 1.1 2\n" + b"1.0 1.0 1.0 1.0 0.1.234\n"

    assert parse_numbers(lines) is None


def test_a_line_of_other_precision_is_not_read_in_the_first_line_s_unit() -> None:
    lines = PLAIN + b"1.55 2 30.1 4.70 0.5\n" + b"1 2 3 4 1\n"

    found = parse_numbers(lines)

    assert found is not None
    assert found.tolist() == line_by_line(lines)


def test_an_exponent_below_plain_lines_is_read() -> None:
    found = parse_numbers(PLAIN + b"1.5e1 2.0 3.1 4.7 0.123\n")

    assert found is not None
    assert found[1].tolist() == [15, 2, 3.1, 4.7, 0.123]


def test_more_digits_than_a_whole_number_holds_are_read_as_floats() -> None:
    for line in (
        b"99999999999999999999.5 1.0 2.0 3.0 0.500\n",
        b"1.0 2.0 3.0 4.0 1e999\n",
    ):
        found = parse_numbers(line)

        assert found is not None
        assert found.tolist() == line_by_line(line)
