import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ArchiveUnreadable
from harness.model.protobuf_fields import (
    bytes_field,
    number_field,
    read_fields,
    read_varint,
    rewrite,
    varint_bytes,
)

NUMBERS = st.integers(-(1 << 63), (1 << 63) - 1)


def fields(content):
    return list(read_fields(memoryview(content)))


@given(st.integers(0, (1 << 64) - 1))
def test_a_number_comes_back(value):
    content = varint_bytes(value)

    assert read_varint(memoryview(content), 0) == (value, len(content))


@given(st.integers(1, 1000), NUMBERS)
def test_a_field_of_a_number_comes_back_with_its_sign(number, value):
    (found,) = fields(number_field(number, value))

    assert (found.number, found.integer(), found.integers()) == (
        number,
        value,
        (value,),
    )


@given(st.lists(NUMBERS))
def test_packed_numbers_come_back(values):
    packed = b"".join(varint_bytes(one & (1 << 64) - 1) for one in values)

    (found,) = fields(bytes_field(2, packed))

    assert found.integers() == tuple(values)


@given(st.lists(st.tuples(st.integers(1, 50), st.binary(max_size=300))))
def test_a_message_that_is_rewritten_unchanged_is_the_same_bytes(parts):
    content = b"".join(bytes_field(number, one) for number, one in parts)

    assert rewrite(memoryview(content), (1,), bytes) == content


def test_only_what_is_at_the_path_is_changed():
    def message(value):
        return bytes_field(1, bytes_field(3, value) + number_field(4, 9)) + b"\x10\x07"

    changed = rewrite(memoryview(message(b"ab")), (1, 3), lambda one: bytes(one) + b"c")

    assert changed == message(b"abc")


def test_words_are_passed_over():
    content = b"\x09" + bytes(8) + b"\x15" + bytes(4) + number_field(3, 1)

    assert [(one.number, len(one.content)) for one in fields(content)] == [
        (1, 8),
        (2, 4),
        (3, 0),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x80", r"^byte 1: tag is cut off$"),
        (b"\x08\xff", r"^byte 2: number is cut off$"),
        (b"\x0a", r"^byte 1: length is cut off$"),
        (b"\x0a\x05ab", r"^byte 2: field 1 is cut off; expected 5 bytes, got 2 left$"),
        (
            b"\x08\x01\x09ab",
            r"^byte 3: field 1 is cut off; expected 8 bytes, got 2 left",
        ),
        (b"\x0b", r"^byte 0: tag; expected a field .*, got field 1 of wire type 3$"),
        (b"\x00\x00", r"^byte 0: tag; expected .*, got field 0 of wire type 0$"),
        (b"\x08" + b"\xff" * 11, r"^byte 11: number is cut off$"),
    ],
)
def test_damage_names_its_byte(content, message):
    with pytest.raises(ArchiveUnreadable, match=message):
        fields(content)


def test_a_number_is_no_message():
    (found,) = fields(number_field(1, 5))

    with pytest.raises(
        ArchiveUnreadable, match=r"^byte 1: field 1; expected bytes, got wire type 0$"
    ):
        found.message()


def test_bytes_are_no_number():
    (found,) = fields(bytes_field(1, b"a"))

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^byte 2: field 1; expected a number, got wire type 2$",
    ):
        found.integer()


def test_a_name_that_is_not_utf_8_names_its_byte():
    (found,) = fields(bytes_field(1, b"ab\xff"))

    with pytest.raises(ArchiveUnreadable, match=r"^byte 4: a name; expected UTF-8$"):
        found.text()
