import numpy as np
import pytest

from harness.errors import ArchiveUnreadable
from harness.model.fluid.lod_tensor import tensor_record
from harness.model.layouts import combined_file
from harness.model.layouts.combined_file import COMBINED_FILE, read_records
from harness.model.layouts.weights import read_weights

SHAPES = {"a": (2,), "b": (1, 3), "c": ()}
A_BYTES = 24 + 8  # zoo-spec 3.2


def content_of(shapes=SHAPES):
    return b"".join(
        tensor_record(np.full(shape, place, np.float32))
        for place, shape in enumerate(shapes.values())
    )


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "parameters"
    path.write_bytes(content_of())
    return path


def open_it(path, names=("c", "a", "b")):
    return COMBINED_FILE.open(path.parent, names)


def test_the_records_are_the_variables_sorted_by_name(path):
    source = open_it(path)

    assert source.names() == ("a", "b", "c")
    assert [source.shape(name) for name in "abc"] == [(2,), (1, 3), ()]
    assert [source.read(name).max() for name in "abc"] == [0, 1, 2]
    assert source.ignored_files == ()


def test_other_files_are_listed(path):
    (path.parent / "notes.txt").write_text("of the export")

    assert open_it(path).ignored_files == ("notes.txt",)


def test_a_file_that_ends_early_names_the_first_missing_variable(path):
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^parameters: byte 96: the file ends before d; "
        r"expected 4 records, got 3$",
    ):
        open_it(path, "abcd")


def test_bytes_after_the_last_record_are_refused(path):
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^parameters: byte 70: bytes after b, the last; expected 2 records in "
        r"70 bytes, got 96 bytes; a training program's file needs its program beside",
    ):
        open_it(path, "ab")


def test_a_truncated_record_names_variable_and_byte(path):
    path.write_bytes(content_of()[: A_BYTES + 30])

    with pytest.raises(
        ArchiveUnreadable,
        match=rf"^parameters: b: byte {A_BYTES + 26}: data of shape \(1, 3\) is cut "
        r"off; expected 12 bytes, got 4 left$",
    ):
        open_it(path)


def test_a_record_that_promises_more_than_there_is_is_refused(path):
    content = bytearray(content_of())
    content[A_BYTES + 25] = 0x7F  # the last side of b
    path.write_bytes(bytes(content))

    with pytest.raises(
        ArchiveUnreadable, match=r"b: byte 58: data of shape \(1, 127\)"
    ):
        open_it(path)


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "empty").write_bytes(b"")

    with pytest.raises(
        ArchiveUnreadable, match=r"^empty: empty file; expected tensor records$"
    ):
        read_records(tmp_path / "empty", ["a"])


def test_a_wrong_shape_names_variable_and_byte(layout_copy, layout_shapes):
    folder = layout_copy("combined_file")
    names = sorted(layout_shapes.variables)
    path = folder / "parameters"
    whole = path.read_bytes()
    one = tensor_record(np.zeros(5, np.float32))
    second = len(tensor_record(np.zeros((2,), np.float32)))
    path.write_bytes(whole[:second] + one + whole[2 * second :])

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^1 variables have another shape; got "
        r"conv1_bn_offset \(byte 32\) \(2,\) is \(5,\)$",
    ):
        read_weights(COMBINED_FILE.open(folder, names), layout_shapes)


def test_a_number_that_is_not_finite_names_variable_and_byte(
    layout_copy, layout_shapes
):
    folder = layout_copy("combined_file")
    path = folder / "parameters"
    content = bytearray(path.read_bytes())
    content[32 + 28 : 32 + 32] = np.float32(np.nan).tobytes()
    path.write_bytes(bytes(content))

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^conv1_bn_offset \(byte 32\): element \(1,\); expected a finite number",
    ):
        read_weights(
            COMBINED_FILE.open(folder, tuple(layout_shapes.variables)), layout_shapes
        )


def test_the_names_are_those_of_a_program_beside_the_file(layout_folder, layout_copy):
    folder = layout_copy("combined_file")
    program = layout_folder("pdparams") / "model_final.pdmodel"
    (folder / "__model__").write_bytes(program.read_bytes())

    source = COMBINED_FILE.open(folder, ("names", "of", "another", "network"))

    assert len(source.names()) == 241
    assert source.ignored_files == ("__model__",)


def test_a_damaged_program_beside_the_file_is_named(layout_copy):
    folder = layout_copy("combined_file")
    (folder / "__model__").write_bytes(b"\x0a\x7f")

    with pytest.raises(
        ArchiveUnreadable, match=r"^__model__: byte 2: field 1 is cut off"
    ):
        COMBINED_FILE.open(folder, ())


def test_one_file_that_begins_a_record_is_recognised(path):
    assert COMBINED_FILE.recognise(path.parent)


def test_two_such_files_are_not(path):
    path.with_name("another").write_bytes(content_of())

    assert not COMBINED_FILE.recognise(path.parent)


def test_only_so_many_records_are_read(tmp_path, monkeypatch):
    path = tmp_path / "all"
    path.write_bytes(tensor_record(np.zeros(0, np.float32)) * 3)
    monkeypatch.setattr(combined_file, "MAX_RECORDS", 3)
    assert len(combined_file.read_records(path, ["a", "b", "c"])) == 3

    monkeypatch.setattr(combined_file, "MAX_RECORDS", 2)
    with pytest.raises(
        ArchiveUnreadable, match=r"^all: records; expected at most 2, got 3$"
    ):
        combined_file.read_records(path, ["a", "b", "c"])
