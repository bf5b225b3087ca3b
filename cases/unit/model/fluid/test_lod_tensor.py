import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from harness.errors import ArchiveUnreadable
from harness.model.fluid.lod_tensor import (
    DTYPES,
    MAX_DESC_BYTES,
    MAX_LOD_LEVELS,
    begins_a_record,
    is_shape,
    parse_tensor,
    read_tensor,
    tensor_record,
    write_records,
    write_tensor,
)

#: The head of a [32] float file.  # zoo-spec 3.2
HEAD_OF_32 = bytes.fromhex("00000000 0000000000000000 00000000 04000000 08051020")
VECTOR = np.arange(3, dtype=np.float32)


def record(*, version=0, lod=(), tensor_version=0, desc=b"\x08\x05\x10\x03", data=None):
    levels = b"".join(struct.pack("<Q", len(one)) + one for one in lod)
    return b"".join(
        [
            struct.pack("<IQ", version, len(lod)),
            levels,
            struct.pack("<Ii", tensor_version, len(desc)),
            desc,
            VECTOR.tobytes() if data is None else data,
        ]
    )


def parse(content, offset=0):
    return parse_tensor(memoryview(content), offset)


def test_the_head_of_a_vector_is_the_published_one():
    content = tensor_record(np.zeros(32, np.float32))

    assert content[:24] == HEAD_OF_32
    assert len(content) == 152


def test_a_convolution_has_the_published_length():
    assert len(tensor_record(np.zeros((32, 3, 3, 3), np.float32))) == 3486


@pytest.mark.parametrize(("code", "dtype"), DTYPES.items())
def test_every_type_has_its_code(code, dtype):
    content = tensor_record(np.ones(2, dtype))

    array, _ = parse(content)

    assert content[20:22] == bytes([0x08, code])
    assert array.dtype == dtype
    assert array.tolist() == [1, 1]


@given(
    array=st.sampled_from(list(DTYPES.values())).flatmap(
        lambda dtype: npst.arrays(
            dtype, npst.array_shapes(min_dims=0, max_dims=6, min_side=0, max_side=4)
        )
    )
)
@settings(deadline=None)
def test_what_was_written_is_read_back(array):
    content = tensor_record(array)

    back, end = parse(content)

    assert end == len(content)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes()


def test_any_memory_order_is_written_in_c_order():
    array = np.asfortranarray(np.arange(6, dtype=">f4").reshape(2, 3))

    back, _ = parse(tensor_record(array))

    assert back.dtype == np.dtype("<f4")
    assert back.tolist() == array.tolist()


def test_a_type_that_the_old_runtime_has_not_is_refused():
    with pytest.raises(
        ArchiveUnreadable, match=r"type of the array; expected .*float32.*got uint16"
    ):
        tensor_record(np.zeros(2, np.uint16))


def test_packed_dims_are_read_as_unpacked_ones():
    array, _ = parse(record(desc=b"\x08\x05\x12\x02\x03\x00", data=b""))

    assert array.shape == (3, 0)


def test_lod_levels_are_skipped():
    content = record(lod=(struct.pack("<3Q", 0, 1, 3), struct.pack("<2Q", 0, 3)))

    array, end = parse(content)

    assert array.tolist() == VECTOR.tolist()
    assert end == len(content)


def test_records_back_to_back_are_read_one_after_the_other():
    content = tensor_record(VECTOR) + tensor_record(VECTOR[:2])

    first, end = parse(content)
    second, last = parse(content, end)

    assert (len(first), len(second), last) == (3, 2, len(content))


@pytest.mark.parametrize("is_packed", [False, True])
def test_a_record_cut_anywhere_names_a_byte_inside_it(is_packed):
    desc = b"\x08\x05\x12\x01\x03" if is_packed else b"\x08\x05\x10\x03"
    content = record(lod=(struct.pack("<2Q", 0, 3),), desc=desc)
    parse(content)

    for length in range(len(content)):
        with pytest.raises(
            ArchiveUnreadable, match=r"byte \d+: .+ is cut off"
        ) as refused:
            parse(content[:length])
        assert int(refused.value.what.split()[1].rstrip(":")) <= length


@pytest.mark.parametrize(
    ("length", "what"),
    [
        (2, "byte 0: record version is cut off; expected 4 bytes, got 2 left"),
        (8, "byte 4: LoD level count is cut off; expected 8 bytes, got 4 left"),
        (12, "byte 12: tensor version is cut off; expected 4 bytes, got 0 left"),
        (18, "byte 16: desc length is cut off; expected 4 bytes, got 2 left"),
        (22, "byte 20: desc is cut off; expected 4 bytes, got 2 left"),
        (24, r"byte 24: data of shape \(3,\) is cut off; expected 12 bytes, got 0"),
    ],
)
def test_the_part_that_is_cut_off_is_named(length, what):
    with pytest.raises(ArchiveUnreadable, match=f"^{what}"):
        parse(record()[:length])


MALFORMED = {
    "version": (record(version=1), "byte 0: record version; expected 0, got 1"),
    "tensor version": (
        record(tensor_version=7),
        "byte 12: tensor version; expected 0, got 7",
    ),
    "no desc": (
        record(desc=b""),
        f"byte 16: desc length; expected 1 to {MAX_DESC_BYTES}, got 0",
    ),
    "long desc": (
        record(desc=bytes(MAX_DESC_BYTES + 1)),
        f"byte 16: desc length; expected 1 to {MAX_DESC_BYTES}, got 1025",
    ),
    "unknown type": (
        record(desc=b"\x08\x07\x10\x03"),
        r"byte 20: data type; expected 0 \(bool\) .* 21 \(int8\), got 7",
    ),
    "two types": (
        record(desc=b"\x08\x05\x08\x05\x10\x03"),
        "byte 22: data_type of a desc; expected one value, got a second one",
    ),
    "no type": (record(desc=b"\x10\x03"), "byte 20: data type; expected .*int8"),
    "unknown tag": (
        record(desc=b"\x1a\x00\x08\x05"),
        "byte 20: field 3 of wire type 2; expected a field of a desc",
    ),
    "cut varint": (
        record(desc=b"\x08\x05\x10\x83"),
        "byte 24: number is cut off",
    ),
    "endless varint": (
        record(desc=b"\x08\x05\x10" + b"\xff" * 10 + b"\x01"),
        "byte 33: number is cut off",
    ),
    "packed beyond the desc": (
        record(desc=b"\x08\x05\x12\x05\x03"),
        "byte 24: field 2 is cut off; expected 5 bytes, got 1 left",
    ),
    "packed beyond its size": (
        record(desc=b"\x08\x05\x12\x01\x83\x01"),
        "byte 25: number is cut off",
    ),
    "negative side": (
        record(desc=b"\x08\x05\x10" + b"\xff" * 9 + b"\x01"),
        r"byte 20: shape; expected at most 9 sides below 2\^31 that fit .*got \(-1,\)",
    ),
    "many sides": (
        record(desc=b"\x08\x05" + b"\x10\x01" * 10),
        r"byte 20: shape; .* got \(1, 1",
    ),
    "huge shape": (
        record(desc=b"\x08\x05" + b"\x10\xff\xff\xff\xff\x07" * 2),
        r"byte 20: shape; .* that fit a memory, got \(2147483647, 2147483647\)",
    ),
    "large shape": (
        record(desc=b"\x08\x05" + b"\x10\xff\xff\xff\x7f" * 2),
        r"byte 32: data of shape \(268435455, 268435455\) is cut off",
    ),
    "huge shape of nothing": (
        record(desc=b"\x08\x05\x10\x00" + b"\x10\xff\xff\xff\xff\x07" * 8),
        r"byte 20: shape; .* that fit a memory, got \(0, 2147483647, 21",
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_record_names_the_byte(name):
    content, message = MALFORMED[name]

    with pytest.raises(ArchiveUnreadable, match=f"^{message}"):
        parse(content)


def test_an_absurd_lod_ends_at_the_end_of_the_bytes():
    content = struct.pack("<IQQ", 0, MAX_LOD_LEVELS, 2**63)

    with pytest.raises(
        ArchiveUnreadable,
        match="byte 20: LoD level is cut off; expected 9223372036854775808 bytes",
    ):
        parse(content)


def test_only_so_many_lod_levels_are_walked():
    assert parse(record(lod=(b"",) * MAX_LOD_LEVELS))[0].tolist() == VECTOR.tolist()
    with pytest.raises(
        ArchiveUnreadable, match=r"^byte 4: LoD level count; expected at most 8, got 9$"
    ):
        parse(record(lod=(b"",) * (MAX_LOD_LEVELS + 1)))


@pytest.mark.parametrize(
    ("shape", "is_one"),
    [
        ((), True),
        ((0,), True),
        ((0, 4, 0), True),
        (((1 << 31) - 1, (1 << 28)), True),
        (((1 << 31) - 1, (1 << 28) + 1), False),
        ((0, (1 << 31) - 1, (1 << 31) - 1), False),
        ((1 << 31,), False),
        ((-1,), False),
        ((1,) * 9, True),
        ((1,) * 10, False),
    ],
)
def test_what_numpy_can_hold_is_a_shape(shape, is_one):
    assert is_shape(shape) is is_one
    if is_one and 0 in shape:
        assert np.zeros(0, np.float64).reshape(shape).shape == shape


@given(content=st.binary(max_size=80))
@settings(deadline=None)
def test_any_bytes_are_a_record_or_a_refusal(content):
    try:
        array, end = parse(content)
    except ArchiveUnreadable:
        return

    assert end <= len(content)
    assert array.nbytes <= len(content)


@given(place=st.integers(0, 23), byte=st.integers(0, 255))
@settings(deadline=None)
def test_a_record_with_one_wrong_byte_is_a_record_or_a_refusal(place, byte):
    content = bytearray(record())
    content[place] = byte

    try:
        parse(bytes(content))
        message = "byte"
    except ArchiveUnreadable as refused:
        message = str(refused)

    assert message.startswith("byte")


def test_a_file_is_mapped_and_cannot_be_changed(tmp_path):
    write_tensor(tmp_path / "w", VECTOR)

    array = read_tensor(tmp_path / "w")

    assert array.tolist() == VECTOR.tolist()
    assert not array.flags.owndata
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1


def test_bytes_after_the_record_are_refused(tmp_path):
    (tmp_path / "conv1_weights").write_bytes(record() + b"xy")

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^conv1_weights: byte 36: bytes after the record; "
        r"expected 36 bytes for shape \(3,\), got 38$",
    ):
        read_tensor(tmp_path / "conv1_weights")


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "w").write_bytes(b"")

    with pytest.raises(
        ArchiveUnreadable, match=r"^w: empty file; expected a tensor record$"
    ):
        read_tensor(tmp_path / "w")


def test_a_file_that_is_cut_short_is_named(tmp_path):
    (tmp_path / "w").write_bytes(record()[:-1])

    with pytest.raises(ArchiveUnreadable, match=r"^w: byte 24: data of shape"):
        read_tensor(tmp_path / "w")


@pytest.mark.parametrize(
    ("content", "begins"),
    [
        (tensor_record(VECTOR), True),
        (tensor_record(VECTOR)[:17], True),
        (bytes(15), False),
        (b"\x80\x02}q\x00." * 4, False),
        (b"", False),
    ],
)
def test_a_record_is_told_by_its_beginning(tmp_path, content, begins):
    (tmp_path / "one").write_bytes(content)

    assert begins_a_record(tmp_path / "one") is begins


def test_records_are_written_one_after_the_other(tmp_path):
    write_records(tmp_path / "all", iter([VECTOR, VECTOR[:0], np.array(7, np.int64)]))

    content = (tmp_path / "all").read_bytes()
    assert content == b"".join(
        tensor_record(one) for one in (VECTOR, VECTOR[:0], np.array(7, np.int64))
    )


def test_nothing_is_written_when_one_of_the_records_cannot_be(tmp_path):
    with pytest.raises(ArchiveUnreadable, match="type of the array"):
        write_records(tmp_path / "all", [VECTOR, np.zeros(2, np.uint16)])

    assert not list(tmp_path.iterdir())
