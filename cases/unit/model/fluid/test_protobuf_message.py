import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ArchiveUnreadable
from harness.model.fluid import protobuf_message
from harness.model.fluid.protobuf_message import decode, encode, varint_bytes
from harness.model.fluid.protobuf_schema import (
    Schema,
    flag,
    float32,
    float64,
    int32,
    int64,
    message,
    text,
    whole,
)

INNER = Schema("a part", {"name": text(1, required=True), "place": int64(2)})
WHOLE = Schema(
    "a thing",
    {
        "kind": whole(1, 0, 3),
        "is_new": flag(2),
        "share": float32(3),
        "sides": int32(4, repeated=True),
        "part": message(5, INNER),
        "parts": message(6, INNER, repeated=True),
        "exact": float64(20),
    },
)
PARTS = st.fixed_dictionaries(
    {"name": st.text()}, optional={"place": st.integers(-(1 << 63), (1 << 63) - 1)}
)
THINGS = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.integers(0, 3),
        "is_new": st.integers(0, 1),
        "share": st.floats(width=32, allow_nan=False),
        "sides": st.lists(st.integers(-(1 << 31), (1 << 31) - 1), min_size=1),
        "part": PARTS,
        "parts": st.lists(PARTS, min_size=1),
        "exact": st.floats(allow_nan=False),
    },
)


@given(THINGS)
def test_what_is_written_is_read(thing):
    assert decode(encode(thing, WHOLE), WHOLE) == thing


def test_fields_may_stand_in_any_order():
    content = encode({"is_new": 1}, WHOLE) + encode({"kind": 2, "sides": [7]}, WHOLE)

    assert decode(content + b"\x20\x08", WHOLE) == {
        "kind": 2,
        "is_new": 1,
        "sides": [7, 8],
    }


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"\x80", r"^byte 1: tag is cut off$"),
        (b"\x08\xff", r"^byte 2: number is cut off$"),
        (b"\x2a", r"^byte 1: length is cut off$"),
        (b"\x2a\x05ab", r"^byte 2: field 5 is cut off; expected 5 bytes, got 2 left$"),
        (b"\x08\x01\x1dab", r"^byte 3: field 3 is cut off; expected 4 bytes, got 2 le"),
        (b"\xa1\x01ab", r"^byte 2: field 20 is cut off; expected 8 bytes, got 2 left"),
        (b"\x00\x00", r"^byte 0: field 0 of wire type 0; expected a field of a thing$"),
        (b"\x0b", r"^byte 0: field 1 of wire type 3; expected a field of a thing$"),
        (b"\x38\x01", r"^byte 0: field 7 of wire type 0; expected a field of a thing"),
        (b"\x0a\x01a", r"^byte 0: field 1 of wire type 2; expected a field of a thing"),
        # a tag of 33 bits: some readers drop the highest and read field 1
        (b"\x88\x80\x80\x80\x10\x01", r"^byte 0: field 536870913 of wire type 0; exp"),
        (b"\x08\x81\x00", r"^byte 1: number; expected 64 bits at most, in as few byt"),
        (b"\x08\x04", r"^byte 1: field 1; expected a number from 0 to 3, got 4$"),
        (b"\x10\x02", r"^byte 1: field 2; expected a number from 0 to 1, got 2$"),
        (b"\x20" + varint_bytes(1 << 31), r"^byte 1: field 4; .*, got 2147483648$"),
        (b"\x08\x01\x08\x01", r"^byte 2: kind of a thing; expected one value, got a s"),
        (b"\x2a\x03\x0a\x01a" * 2, r"^byte 5: part of a thing; expected one value, go"),
        (b"\x2a\x02\x10\x01", r"^byte 2: a part without name$"),
        (b"\x2a\x03\x0a\x01\xff", r"^byte 4: a name; expected UTF-8$"),
        # the inner message ends before its text does, the outer one does not
        (b"\x2a\x02\x0a\x01" + b"\x08\x01", r"^byte 4: field 1 is cut off; expected 1"),
        (b"\x22\x01\x05", r"^byte 0: field 4 of wire type 2; expected a field of a t"),
    ],
)
def test_what_two_readers_may_read_in_two_ways_is_refused(content, refusal):
    with pytest.raises(ArchiveUnreadable, match=refusal):
        decode(content, WHOLE)


def test_the_number_of_fields_is_bounded(monkeypatch):
    monkeypatch.setattr(protobuf_message, "MAX_FIELDS", 10)

    assert decode(b"\x20\x01" * 10, WHOLE) == {"sides": [1] * 10}
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^byte 20: fields of the message; expected at most 10, got more$",
    ):
        decode(b"\x20\x01" * 11, WHOLE)


def test_numbers_that_are_no_numbers_pass_as_they_are():
    (found,) = decode(encode({"share": math.nan}, WHOLE), WHOLE).values()

    assert math.isnan(found)  # whether it is allowed is not the reader's question
