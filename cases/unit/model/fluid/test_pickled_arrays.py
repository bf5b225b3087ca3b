"""Pickles of arrays are read; pickles of anything else are refused, not executed."""

import os
import pickle
import struct
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from harness.errors import ArchiveUnreadable
from harness.files.mapped_memory import map_of
from harness.model.fluid import pickled_arrays
from harness.model.fluid.pickled_arrays import STRUCTURED_NAMES, read_pickled_arrays

VALUES = {"conv1_weights": np.arange(6, dtype=np.float32).reshape(2, 3)}


@pytest.fixture
def read(tmp_path):
    def read_it(content):
        if not isinstance(content, bytes):
            content = pickle.dumps(content, protocol=2)
        path = tmp_path / "model.pdparams"
        path.write_bytes(content)
        return read_pickled_arrays(path)

    return read_it


class Calls:
    """Pickles as a call of something."""

    def __init__(self, called, *arguments):
        self.called, self.arguments = called, arguments

    def __reduce__(self):
        return self.called, self.arguments


def text(value):
    """A string as an opcode that pushes it."""
    return b"X" + struct.pack("<I", len(value)) + value


def reduced(module, name, arguments=b")"):
    """Protocol 2: a global, called with what is pushed after it."""
    return b"\x80\x02c" + module + b"\n" + name + b"\n" + arguments + b"R."


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_arrays_of_every_protocol_are_read(read, protocol):
    found = read(pickle.dumps(VALUES, protocol=protocol))

    assert list(found) == ["conv1_weights"]
    assert found["conv1_weights"].dtype == np.float32
    assert found["conv1_weights"].tolist() == [[0, 1, 2], [3, 4, 5]]


@settings(max_examples=50, deadline=None)
@given(
    npst.arrays(
        st.sampled_from(["<f4", ">f4", "<f8", "<i8", "|i1", "|u1", "|b1", "<f2"]),
        npst.array_shapes(min_dims=0, max_dims=4, max_side=4),
    ),
    st.booleans(),
)
def test_any_array_comes_back(tmp_path_factory, array, is_fortran):
    array = np.asfortranarray(array) if is_fortran else array
    path = tmp_path_factory.mktemp("pickles") / "one"
    path.write_bytes(pickle.dumps({"v": array, "again": array}, protocol=2))

    found = read_pickled_arrays(path)

    for one in found.values():
        assert one.shape == array.shape
        assert one.dtype == array.dtype.newbyteorder("=")
        assert one.tobytes() == array.astype(one.dtype).tobytes()


def test_bytes_of_python_2_are_read(read):
    raw = np.float32([1.5, -2]).tobytes()
    content = (
        b"\x80\x02}q\x01U\x04biasq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03"
        b"cnumpy\nndarray\nq\x04K\x00\x85U\x01b\x87R(K\x01K\x02\x85cnumpy\ndtype\n"
        b"U\x02f4K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff"
        b"K\x00tb\x89U\x08" + raw + b"tbs."
    )
    found = read(content)

    assert found["bias"].tolist() == [1.5, -2]


def test_names_of_a_later_paddle_are_translated(read):
    values = {
        "backbone.weight": VALUES["conv1_weights"],
        STRUCTURED_NAMES: {"backbone.weight": "conv1_weights"},
    }

    assert list(read(values)) == ["conv1_weights"]


def test_two_structured_names_of_one_variable_are_refused(read):
    one = VALUES["conv1_weights"]
    values = {"a": one, "b": one, STRUCTURED_NAMES: {"a": "w", "b": "w"}}

    with pytest.raises(
        ArchiveUnreadable, match=r"^w is there twice; expected each variable once$"
    ):
        read(values)


def test_structured_names_that_are_none_are_refused(read):
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^StructuredToParameterName@@; expected names of variables$",
    ):
        read({STRUCTURED_NAMES: {"a": 1}})


def test_a_name_twice_in_one_dictionary_is_refused(read):
    content = b"\x80\x02}" + (text(b"w") + b"Ns") * 2 + b"."

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^byte 18: w is there twice; expected each variable once; "
        r"nothing of the pickle was executed$",
    ):
        read(content)


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize(
    "wish",
    [
        Calls(os.system, "echo no > executed"),
        Calls(subprocess.Popen, ["touch", "executed"]),
        Calls(eval, "1"),
        Calls(exec, "1"),
        Calls(getattr, np.ndarray, "tofile"),
        Calls(pickle.loads, b"cos\nsystem\n(S'echo'\ntR."),
        Calls(np.fromfile, "/dev/zero"),
        Calls(np.load, "x", None, True),
        Calls(bytearray, 1 << 40),
        Calls(np.ones, 1 << 40),
    ],
    ids=lambda wish: f"{wish.called.__module__}.{wish.called.__name__}",
)
def test_a_pickle_that_calls_anything_else_is_refused_unexecuted(
    read, tmp_path, monkeypatch, wish, protocol
):
    content = pickle.dumps({"w": wish, **VALUES}, protocol=protocol)
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ArchiveUnreadable, match=r"^byte \d+: (global|opcode) \S+"):
        read(content)

    assert [one.name for one in tmp_path.iterdir()] == ["model.pdparams"]


def test_the_global_that_was_wished_for_is_named(read):
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^byte 2: global posix system; expected what rebuilds numpy's arrays, "
        r"and nothing else; nothing of the pickle was executed$",
    ):
        read(reduced(b"posix", b"system", b"(" + text(b"echo") + b"t"))


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (b"numpy", b"ndarray.tofile"),  # protocol 4 walks attributes
        (b"numpy.core.multiarray", b"_reconstruct.__globals__"),
        (b"numpy.core", b"multiarray._reconstruct"),
        (b"numpy.core.multiarray", b"scalar"),
        (b"numpy", b"ndarray "),
        (b"_codecs", b"decode"),
        (b"builtins", b"getattr"),
        (b"copyreg", b"_reconstructor"),
    ],
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_neither_attributes_nor_neighbours_of_a_global_are_looked_up(
    read, module, name, protocol
):
    content = b"\x80\x02c" + module + b"\n" + name + b"\n."
    if protocol == 4:
        content = b"\x80\x04" + text(module) + text(name) + b"\x93."

    with pytest.raises(ArchiveUnreadable, match=r"^byte \d+: global [\w.]+ [\w.]+"):
        read(content)


def test_a_call_of_what_a_call_gave_is_refused(read):
    dtype = b"cnumpy\ndtype\n" + text(b"f4") + b"K\x00K\x01\x87R"

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^byte 29: a call; expected one of numpy's, got DtypeMade",
    ):
        read(b"\x80\x02" + dtype + b")R.")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x80\x02(lp0\n.", r"byte 3: opcode LIST; expected what numpy's arrays"),
        (b"\x80\x02Q.", r"byte 2: opcode BINPERSID"),
        (b"\x80\x02\x82\x01.", r"byte 2: opcode EXT1"),
        (b"\x80\x02)\x81.", r"byte 3: opcode NEWOBJ"),
        (b"(ios\nsystem\n.", r"byte 1: opcode INST"),
        (b"\x80\x02N2.", r"byte 3: opcode DUP"),
        (b"\x80\x02\x85.", r"byte 2: an opcode; expected 1 operands, got fewer"),
        (b"\x80\x02(K\x01\x86.", r"byte 5: an opcode; expected 2 operands"),
        (b"\x80\x02t.", r"byte 2: an opcode; expected operands after a mark, got no"),
        (b"\x80\x02h\x05.", r"byte 2: memo 5; expected a value put there before"),
        (b"\x80\x02NN.", r"byte 4: the end; expected one value, got 2"),
        (b"\x80\x02.", r"byte 2: the end; expected one value, got 0"),
        (b"\x80\x02}K\x01Ns.", r"byte 6: a key; expected a name, got int"),
        (b"\x80\x02N" + text(b"w") + b"Ns.", r"byte 10: an item; expected names and"),
        (b"\x80\x02}(Nu.", r"byte 5: an item; expected names and values"),
        (b"\x80\x04NN\x93.", r"byte 4: a global; expected two names"),
        (b"\x80\x02N)b.", r"byte 4: a state; expected that of an array or its type"),
        (b"\x80\x02N.", r"the pickle; expected a dictionary of arrays, got NoneType"),
        (b"\x80\x02}" + text(b"w") + b"Ns.", r"w: value; expected an array, got None"),
        (b"\x80\x02}.}", r"byte 4: bytes after the pickle; expected 4 bytes, got 5"),
        (b"\x80\x02}", r"byte 2: the pickle is damaged or cut off after it; got"),
        (b"\x80\x02\xff.", r"byte 0: the pickle is damaged or cut off after it; got"),
        (b"\x80\x02X\xff\xff\xff\xff", r"byte 0: the pickle is damaged or cut off"),
        (b"\x80\x04\x8e" + b"\x7f" * 8, r"byte 0: the pickle is damaged or cut off"),
        (b"", r"size of the pickle; expected 1 to \d+ bytes, got 0"),
    ],
)
def test_what_arrays_do_not_need_is_refused_with_its_byte(read, content, message):
    with pytest.raises(ArchiveUnreadable, match=message):
        read(content)


def test_a_memo_of_any_number_costs_nothing(read):
    content = b"\x80\x02}r\xff\xff\xff\x7f."

    assert read(content) == {}


def array_pickle(
    shape=b"K\x02\x85",
    code=b"f4",
    order=b"<",
    raw=bytes(8),
    rest=b"NNN",
    start=b"K\x00",
):
    """A pickle of one array, in the form of Python 2."""
    return (
        b"\x80\x02}" + text(b"w") + b"cnumpy.core.multiarray\n_reconstruct\n"
        b"cnumpy\nndarray\n" + start + b"\x85U\x01b\x87R(K\x01"
        + shape + b"cnumpy\ndtype\n" + text(code) + b"K\x00K\x01\x87R(K\x03"
        + text(order) + rest + b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T"
        + struct.pack("<i", len(raw)) + raw + b"tbs."
    )  # fmt: skip


def test_the_pickle_of_these_tests_is_sound(read):
    assert read(array_pickle())["w"].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"raw": bytes(7)}, r"values of an array of shape \(2,\); expected 8 bytes, g"),
        ({"raw": bytes(12)}, r"expected 8 bytes, got 12"),
        (
            {"shape": b"J\xff\xff\xff\x7f" * 2 + b"\x86"},
            r"shape of an array; expected at most 9 sides below 2\^31 that fit a mem",
        ),
        (
            {"shape": b"(K\x00" + b"J\xff\xff\xff\x7f" * 8 + b"t", "raw": b""},
            r"shape of an array; expected at most 9 sides below 2\^31 that fit a mem",
        ),
        ({"shape": b"J\xff\xff\xff\xff\x85"}, r"shape of an array; expected at most 9"),
        ({"shape": b"\x8a\x05\x00\x00\x00\x00\x01\x85"}, r"shape of an array"),
        ({"shape": b"\x88\x85"}, r"shape of an array"),  # True is no side
        ({"shape": b"(" + b"K\x01" * 10 + b"t"}, r"shape of an array"),
        ({"shape": b"N"}, r"shape of an array"),
        ({"code": b"O8"}, r"type of an array; expected b1 f2 .* u8, got O8"),
        ({"code": b"V4"}, r"type of an array; .* got V4"),
        ({"code": b"f4,f4"}, r"type of an array; .* got f4,f4"),
        ({"order": b"!"}, r"type of an array; expected a plain number"),
        ({"rest": b"N)N"}, r"type of an array; expected a plain number"),
        ({"start": b"J\xff\xff\xff\x7f"}, r"call of _reconstruct; expected the arg"),
    ],
)
def test_an_array_that_lies_about_itself_is_refused(read, changed, message):
    with pytest.raises(ArchiveUnreadable, match=message):
        read(array_pickle(**changed))


def test_a_second_state_of_an_array_is_refused(read):
    content = array_pickle()
    state = content[content.rindex(b"(K\x01") : -2]

    with pytest.raises(
        ArchiveUnreadable, match="state of an array; expected one, got another"
    ):
        read(content[:-2] + state + b"s.")


def test_values_of_an_array_that_are_no_bytes_are_refused(read):
    content = array_pickle()
    cut = content[: content.rindex(b"T\x08")] + b"Ntbs."

    with pytest.raises(
        ArchiveUnreadable, match="values of an array; expected a type and bytes"
    ):
        read(cut)


def test_an_array_without_values_is_refused(read):
    content = array_pickle()
    cut = content[: content.index(b"(K\x01")] + b"s."

    with pytest.raises(ArchiveUnreadable, match=r"^w: value; expected an array"):
        read(cut)


def test_one_string_cannot_fill_the_memory_again_and_again(read):
    again = b"c_codecs\nencode\nh\x01h\x02\x86R"
    content = (
        b"\x80\x02" + text(b"a" * 4000) + b"q\x01" + text(b"latin1") + b"q\x02"
        + again * 30 + b"."
    )  # fmt: skip

    with pytest.raises(
        ArchiveUnreadable,
        match=r"values of arrays; expected no more than the file has",
    ):
        read(content)


@pytest.mark.parametrize(
    "arguments",
    [
        b"\x80\x02c_codecs\nencode\n" + text(b"a") + text(b"rot13") + b"\x86R.",
        b"\x80\x02c_codecs\nencode\n"
        + text("☃".encode())
        + text(b"latin1")
        + b"\x86R.",
        b"\x80\x02c_codecs\nencode\nNX\x06\x00\x00\x00latin1\x86R.",
        b"\x80\x02c_codecs\nencode\n)R.",
    ],
)
def test_only_latin1_is_turned_into_bytes(read, arguments):
    with pytest.raises(
        ArchiveUnreadable, match="call of encode; expected the arguments that numpy"
    ):
        read(arguments)


def test_an_oversized_pickle_is_refused_before_it_is_read(read, monkeypatch):
    monkeypatch.setattr(pickled_arrays, "MAX_PICKLE_BYTES", 3)

    with pytest.raises(
        ArchiveUnreadable, match=r"^size of the pickle; expected 1 to 3 bytes, got 4$"
    ):
        read(b"\x80\x02}.")


def test_too_many_opcodes_are_refused(read, monkeypatch):
    monkeypatch.setattr(pickled_arrays, "MAX_OPCODES", 5)

    with pytest.raises(
        ArchiveUnreadable, match=r"too many opcodes; expected at most 5"
    ):
        read(VALUES)


def test_a_tower_of_tuples_is_refused_like_any_other_value(read):
    content = b"\x80\x02}" + text(b"w") + b"N" + b"\x85" * 100_000 + b"s."

    with pytest.raises(
        ArchiveUnreadable, match=r"^w: value; expected an array, got tu"
    ):
        read(content)


@pytest.mark.parametrize("cut", range(1, 200, 7))
def test_a_pickle_cut_off_anywhere_is_refused(read, cut):
    whole = pickle.dumps(VALUES, protocol=2)

    with pytest.raises(ArchiveUnreadable):
        read(whole[: -min(cut, len(whole) - 1)])


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_damage_does_more_than_refuse(tmp_path_factory, data):
    content = bytearray(
        pickle.dumps(VALUES, protocol=data.draw(st.sampled_from([2, 4])))
    )
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / "one"
    path.write_bytes(bytes(content))

    try:
        found = read_pickled_arrays(path)
    except ArchiveUnreadable:
        return
    assert all(isinstance(one, np.ndarray) for one in found.values())


#: Long enough to be left in the file.
LONG = np.arange(5000, dtype=np.float32)


def long_string(opcode, form, value):
    return opcode + struct.pack(form, len(value)) + value


def with_values(string, code=b"f4", count=5000):
    """A pickle of ``{"v": array}`` whose values are pushed by ``string``."""
    dtype = pickle.dumps(np.dtype(code.decode()), protocol=2)[2:-1]
    return (
        b"\x80\x02}"
        + text(b"v")
        + b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85"
        + b"U\x01b\x87R(K\x01"
        + b"J"
        + struct.pack("<i", count)
        + b"\x85"
        + dtype
        + b"\x89"
        + string
        + b"tbs."
    )


@pytest.mark.parametrize(
    "string",
    [
        long_string(b"B", "<I", LONG.tobytes()),
        long_string(b"\x8e", "<Q", LONG.tobytes()),
        long_string(b"T", "<i", LONG.tobytes()),
        long_string(b"X", "<I", LONG.tobytes().decode("latin1").encode()),
    ],
    ids=["bytes", "longer bytes", "characters", "text"],
)
def test_long_values_in_every_form_are_read(read, string):
    assert np.array_equal(read(with_values(string))["v"], LONG)


@pytest.mark.parametrize("protocol", [3, 4])
def test_long_values_stay_in_the_file(read, protocol):
    found = read(pickle.dumps({"v": LONG}, protocol=protocol))

    assert map_of(found["v"]) is not None
    assert np.array_equal(found["v"], LONG)


def test_a_long_text_that_is_no_bytes_is_refused(read):
    far = long_string(b"X", "<I", ("\u0394" * 20000).encode())

    with pytest.raises(ArchiveUnreadable, match="values of an array"):
        read(with_values(far))


def test_a_long_string_of_bytes_is_not_encoded_again(read):
    again = b"c_codecs\nencode\n" + long_string(b"B", "<I", LONG.tobytes())

    with pytest.raises(ArchiveUnreadable, match="call of encode"):
        read(with_values(again + text(b"latin1") + b"\x86R"))


def test_a_long_string_is_no_name(read):
    name = long_string(b"X", "<I", b"n" * 5000)

    with pytest.raises(ArchiveUnreadable, match="a key"):
        read(b"\x80\x02}" + name + b"K\x01s.")


def test_a_long_string_that_is_cut_off_is_refused(read):
    cut = with_values(long_string(b"B", "<I", LONG.tobytes()))[:10000]

    with pytest.raises(ArchiveUnreadable, match="cut off after it"):
        read(cut)


def test_one_text_as_the_values_of_many_arrays_is_refused(read):
    value = LONG.tobytes().decode("latin1").encode()
    pushed = long_string(b"X", "<I", value)
    whole = with_values(pushed + b"q\xc8")
    again = whole.replace(pushed + b"q\xc8", b"h\xc8").replace(text(b"v"), text(b"w"))

    with pytest.raises(ArchiveUnreadable, match="no more than the file has"):
        read(whole[:-1] + again[3:])


@pytest.mark.parametrize("order", [b"<", b">"])
@pytest.mark.parametrize("size_bytes", [400, 80_000])
def test_arrays_have_no_more_bytes_than_the_file(read, order, size_bytes):
    def of(count):
        made = array_pickle(
            shape=b"J" + struct.pack("<i", size_bytes // 4) + b"\x85",
            order=order,
            raw=bytes(size_bytes),
        )
        state, values = made[: made.rindex(b"T")], made[made.rindex(b"T") : -4]
        head = state[: state.index(text(b"w"))]
        again = state[state.index(text(b"w")) + len(text(b"w")) :]
        more = b"".join(
            text(f"w{n}".encode()) + again + b"h\x01tbs" for n in range(count)
        )
        return head + text(b"w") + again + values + b"q\x01tbs" + more + b"."

    assert len(read(of(0))) == 1
    with pytest.raises(
        ArchiveUnreadable,
        match=r"values of arrays; expected no more than the file has; nothing of the",
    ):
        read(of(20))


def test_a_string_of_many_arrays_takes_no_memory(tmp_path, open_in_a_child):
    made = array_pickle(
        shape=b"J" + struct.pack("<i", 1 << 20) + b"\x85",
        order=b">",
        raw=bytes(4 << 20),
    )
    begin, split = made.index(text(b"w")) + len(text(b"w")), made.rindex(b"tbs.")
    again = made[begin : made.index(b"T" + struct.pack("<i", 4 << 20))] + b"h\x01tbs"
    more = b"".join(text(f"w{n}".encode()) + again for n in range(200))
    path = tmp_path / "x.pdparams"
    path.write_bytes(made[:split] + b"q\x01tbs" + more + b".")

    found = open_in_a_child(
        path,
        "read_pickled_arrays(path)",
        before="from harness.model.fluid.pickled_arrays import read_pickled_arrays",
    )

    assert "values of arrays; expected no more than the file has" in found.told
    assert found.took_bytes < 32 << 20


UNKNOWN = {
    "BINUNICODE8": b"\x8d" + struct.pack("<Q", 64 << 20),
    "LONG4": b"\x8b" + struct.pack("<i", 64 << 20),
    "STRING": b"S'",
    "UNICODE": b"V",
    "INT": b"I",
    "LONG": b"L",
    "FLOAT": b"F",
    "BYTEARRAY8": b"\x96" + struct.pack("<Q", 64 << 20),
    "PERSID": b"P",
    "INST": b"i",
    "GET": b"g",
    "PUT": b"p",
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_opcode_that_arrays_do_not_need_is_refused_before_its_argument(
    read, monkeypatch, name
):
    monkeypatch.setattr(pickled_arrays, "_argument", lambda opcode, content: 2)

    with pytest.raises(
        ArchiveUnreadable,
        match=rf"^byte 2: opcode {name}; expected what numpy's arrays need; nothing of",
    ):
        read(b"))" + UNKNOWN[name] + b"1" * 99)


@pytest.mark.parametrize(
    "start",
    [
        *(UNKNOWN[one] for one in ("BINUNICODE8", "INT")),
        b"c",
        b"X\xff\xff\xff\x7f",
        b"\x8e" + b"\xff" * 8,
    ],
)
def test_a_long_argument_takes_neither_memory_nor_time(
    tmp_path, open_in_a_child, start
):
    path = tmp_path / "x.pdparams"
    path.write_bytes(b"\x80\x04" + start + b"1" * (32 << 20))

    found = open_in_a_child(
        path,
        "read_pickled_arrays(path)",
        before="from harness.model.fluid.pickled_arrays import read_pickled_arrays",
    )

    assert found.told.startswith("byte ")
    assert found.took_bytes < 8 << 20


def test_a_global_has_only_so_many_characters(read):
    most = pickled_arrays.LONGEST_GLOBAL_BYTES - len("numpy\n\n")

    with pytest.raises(
        ArchiveUnreadable, match=r"global numpy a+; expected what rebuil"
    ):
        read(b"\x80\x02cnumpy\n" + b"a" * most + b"\n.")
    with pytest.raises(ArchiveUnreadable, match="a global longer than 256 bytes"):
        read(b"\x80\x02cnumpy\n" + b"a" * (most + 1) + b"\n.")


def test_short_strings_have_only_so_many_bytes_together(read, monkeypatch):
    content = b"\x80\x02}" + text(b"w" * 50) * 2 + b"."
    monkeypatch.setattr(pickled_arrays, "MAX_SHORT_BYTES", 100)
    with pytest.raises(ArchiveUnreadable, match="the end; expected one value"):
        read(content)

    monkeypatch.setattr(pickled_arrays, "MAX_SHORT_BYTES", 99)
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^byte 58: too many short strings; expected at most 99 bytes of them; ",
    ):
        read(content)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "x.pdparams")

    with pytest.raises(ArchiveUnreadable, match="size of the pickle"):
        read_pickled_arrays(tmp_path / "x.pdparams")
