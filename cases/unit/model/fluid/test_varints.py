import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ArchiveUnreadable
from harness.model.fluid.protobuf_message import read_varint, varint_bytes


@given(st.integers(0, (1 << 64) - 1))
def test_a_number_comes_back(value):
    content = varint_bytes(value)

    assert read_varint(memoryview(content), 0) == (value, len(content))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x80", r"^byte 1: number is cut off$"),
        (b"", r"^byte 0: number is cut off$"),
        (b"\xff" * 11, r"^byte 10: number is cut off$"),
        (b"\x80\x00", r"^byte 0: number; expected 64 bits at most, .*, got 80 00$"),
        (b"\x85\x80\x00", r"^byte 0: number; .*, got 85 80 00$"),
        (b"\xff" * 9 + b"\x02", r"^byte 0: number; expected 64 bits at most, in as f"),
    ],
)
def test_a_number_that_does_not_end_or_is_longer_than_it_needs_is_refused(
    content, message
):
    with pytest.raises(ArchiveUnreadable, match=message):
        read_varint(memoryview(content), 0)


def test_the_widest_number_and_zero_are_inside():
    assert read_varint(memoryview(b"\xff" * 9 + b"\x01"), 0) == ((1 << 64) - 1, 10)
    assert read_varint(memoryview(b"\x00"), 0) == (0, 1)
