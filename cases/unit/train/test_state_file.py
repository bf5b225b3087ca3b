import io
import json
import re
import struct
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import TrainingFailed
from harness.train.array_file import (
    ENTRY_BYTES,
    LONGEST_HEADER_CHARS,
    MOST_ABOUT_BYTES,
)
from harness.train.saved_state import Position, SavedState, Subject
from harness.train.state_file import (
    DELETE,
    MOST_KINDS,
    read_score,
    read_state,
    state_bytes,
    write_state,
)

SUBJECT = Subject(
    recipe_sha256="5e" * 32,
    shapes={"yolo_block.0.tip.conv.weights": (2, 3, 1, 1), "bn.mean": (2,)},
)
KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3, 1, 1)
STATE = SavedState(
    subject=SUBJECT,
    position=Position(step=250, seed=11, epoch=3, batch=40),
    weights={
        "yolo_block.0.tip.conv.weights": KERNEL,
        "bn.mean": np.float32([0.25, np.nan]),
    },
    optimiser={"velocity": {"yolo_block.0.tip.conv.weights": -KERNEL}},
    score=31.25,
)
NOT_ONE = (
    rf"state.npz: not a checkpoint; expected one as it was written, got .+; {DELETE}$"
)


@pytest.fixture
def path(tmp_path):
    write_state(tmp_path / "state.npz", STATE)
    return tmp_path / "state.npz"


def entries(path):
    with zipfile.ZipFile(path) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def pack(path, contents, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)


def npy(value, **words):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asanyarray(value), **words)
    return file.getvalue()


def padded(header_chars):
    """Two zeros behind a header of a length."""
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"
    text = header.ljust(header_chars - 1) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + bytes(8)


def headed(shape, content=b"", descr="<f4", by_column=False):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": descr, "fortran_order": by_column, "shape": shape}
    )
    return file.getvalue() + content


def assert_same(one, other):
    assert one.subject == other.subject
    assert one.position == other.position
    assert one.score == other.score
    assert one.optimiser.keys() == other.optimiser.keys()
    for mine, theirs in (
        (one.weights, other.weights),
        *((one.optimiser[kind], other.optimiser[kind]) for kind in other.optimiser),
    ):
        assert mine.keys() == theirs.keys()
        for name, value in theirs.items():
            assert mine[name].dtype == value.dtype
            assert mine[name].shape == value.shape
            assert mine[name].tobytes() == value.tobytes()


def test_what_was_written_is_read_back_to_the_bit(path):
    assert_same(read_state(path, SUBJECT), STATE)
    assert read_score(path, SUBJECT) == 31.25


def test_a_state_that_was_not_evaluated_has_no_score(path):
    write_state(path, replace(STATE, score=None, optimiser={}))

    assert read_state(path, SUBJECT).score is None
    assert read_score(path, SUBJECT) is None


def test_doubles_and_views_are_kept_as_they_are(path):
    state = replace(
        STATE,
        weights={
            "yolo_block.0.tip.conv.weights": KERNEL.T.astype(np.float64).T,
            "bn.mean": np.arange(4, dtype=np.float32)[::2],
        },
    )
    write_state(path, state)

    assert_same(read_state(path, SUBJECT), state)


def test_what_is_read_may_be_changed(path):
    read_state(path, SUBJECT).weights["bn.mean"][0] = 1


def test_the_same_state_is_the_same_bytes(path):
    before = path.read_bytes()
    write_state(path, STATE)

    assert path.read_bytes() == before


def test_the_file_takes_no_more_than_was_said(path):
    size_bytes = path.stat().st_size

    assert size_bytes <= state_bytes(STATE)
    assert state_bytes(STATE) - size_bytes < (len(entries(path)) + 1) * ENTRY_BYTES


DAMAGE = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_bytes(b"hello"),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-40]),
    "cut to half": lambda path: path.write_bytes(
        path.read_bytes()[: path.stat().st_size // 2]
    ),
    "cut in front": lambda path: path.write_bytes(path.read_bytes()[60:]),
    "a single array": lambda path: path.write_bytes(npy(KERNEL)),
    "flipped bits": lambda path: path.write_bytes(
        path.read_bytes().replace(KERNEL.tobytes(), KERNEL[::-1].tobytes(), 1)
    ),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_file_is_refused(path, kind):
    DAMAGE[kind](path)

    with pytest.raises(TrainingFailed, match=NOT_ONE):
        read_state(path, SUBJECT)


@given(place=st.integers(0, 10_000), byte=st.integers(0, 255))
@settings(
    deadline=None,
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_one_wrong_byte_is_refused_or_changes_nothing(path, place, byte):
    original = path.read_bytes()
    content = bytearray(original)
    content[place % len(content)] = byte
    path.write_bytes(content)

    try:
        state = read_state(path, SUBJECT)
    except TrainingFailed:
        state = STATE
    finally:
        path.write_bytes(original)

    assert_same(state, STATE)


KERNEL_ENTRY = "w/yolo_block.0.tip.conv.weights.npy"
ABOUT = {"format": 1, "position": {"step": 1, "seed": 1, "epoch": 0, "batch": 0}}

#: What a file says that lies; each is whole, with its checksums.
LIES = {
    "a pickle": (
        {"bn.mean": npy(np.array([{}, {}], dtype=object), allow_pickle=True)},
        r"w/bn.mean.npy as object \(2,\), not \(2,\)",
    ),
    "a huge shape": (
        {"bn.mean": headed((1 << 40,))},
        r"w/bn.mean.npy as float32 \(1099511627776,\), not \(2,\)",
    ),
    "numbers that are no floats": (
        {"bn.mean": npy(np.int32([1, 2]))},
        r"w/bn.mean.npy as int32 \(2,\), not \(2,\)",
    ),
    "an array by column": (
        {"bn.mean": headed((2,), bytes(8), by_column=True)},
        r"w/bn.mean.npy as float32 \(2,\), not \(2,\)",
    ),
    "values that are not there": (
        {"bn.mean": headed((2,), bytes(7))},
        "w/bn.mean.npy of 7 bytes",
    ),
    "values beyond the last": (
        {"bn.mean": headed((2,), bytes(8 + ENTRY_BYTES))},
        "w/bn.mean.npy of 648 bytes",
    ),
    "a long header": (
        {"bn.mean": padded(LONGEST_HEADER_CHARS + 1)},
        r"Header info length \(257\) is large.+",
    ),
    "another version of the header": (
        {"bn.mean": npy(np.float32([1, 2]), version=(2, 0))},
        "w/bn.mean.npy of another version of numpy's format",
    ),
    "no weights of a variable": ({"bn.mean": None}, "no weights of bn.mean"),
    "an unknown variable": ({"other": npy(KERNEL)}, "an entry w/other.npy"),
    "a path": ({"../../x": npy(KERNEL)}, r"an entry w/../../x.npy"),
}


@pytest.mark.parametrize("kind", LIES)
def test_a_file_that_lies_is_refused(path, kind):
    changed, got = LIES[kind]
    contents = entries(path) | {f"w/{name}.npy": one for name, one in changed.items()}
    pack(path, {name: one for name, one in contents.items() if one is not None})

    with pytest.raises(
        TrainingFailed, match=f"state.npz: not a checkpoint; .+ got {got}; {DELETE}"
    ):
        read_state(path, SUBJECT)


def test_a_compressed_file_is_refused_whatever_it_unfolds_to(path):
    pack(path, entries(path), zipfile.ZIP_DEFLATED)

    with pytest.raises(
        TrainingFailed, match=r"not a checkpoint; .+ got compressed entries"
    ):
        read_state(path, SUBJECT)


def test_an_entry_longer_than_the_file_is_refused(path):
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo(KERNEL_ENTRY).file_size
    at = content.rindex(b"PK\x01\x02", 0, content.rindex(KERNEL_ENTRY.encode()))
    stated = struct.pack("<2I", size, size)
    assert content[at + 20 : at + 28] == stated
    path.write_bytes(
        content[: at + 20] + struct.pack("<2I", 1 << 31, 1 << 31) + content[at + 28 :]
    )

    with pytest.raises(
        TrainingFailed,
        match=r"not a checkpoint; .+ got entries of \d{10} bytes in \d{4};",
    ):
        read_state(path, SUBJECT)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_entry_that_stands_twice_is_refused(path):
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(KERNEL_ENTRY, npy(KERNEL))

    with pytest.raises(TrainingFailed, match="got an entry that stands twice"):
        read_state(path, SUBJECT)


def test_as_many_kinds_as_an_optimiser_has_are_read_and_more_are_not(path):
    kinds = {
        f"kind{place}": {"bn.mean": np.float32([1, 2])} for place in range(MOST_KINDS)
    }
    full = {kind: dict(STATE.weights) for kind in kinds}
    write_state(path, replace(STATE, optimiser=full))
    assert_same(read_state(path, SUBJECT), replace(STATE, optimiser=full))

    write_state(path, replace(STATE, optimiser={**full, "one_more": full["kind0"]}))
    with pytest.raises(
        TrainingFailed, match=r"not a checkpoint; .+ got too many entries"
    ):
        read_state(path, SUBJECT)


ABOUTS = {
    "no JSON": b"{",
    "no position": json.dumps({"format": 1}).encode(),
    "a step of text": json.dumps(
        {**ABOUT, "position": {**ABOUT["position"], "step": "1"}}
    ).encode(),
    "nothing": b"",
}


@pytest.mark.parametrize("kind", ABOUTS)
def test_a_file_that_says_nothing_of_itself_is_refused(path, kind):
    about = npy(np.frombuffer(ABOUTS[kind], np.uint8))
    pack(path, entries(path) | {"about.npy": about})

    with pytest.raises(TrainingFailed, match=NOT_ONE):
        read_state(path, SUBJECT)
    with pytest.raises(TrainingFailed, match=NOT_ONE):
        read_score(path, SUBJECT)


def test_a_header_of_the_longest_length_is_read(path):
    pack(path, entries(path) | {"w/bn.mean.npy": padded(LONGEST_HEADER_CHARS)})

    assert read_state(path, SUBJECT).weights["bn.mean"].tolist() == [0, 0]


def test_a_long_tale_about_itself_is_read_up_to_the_limit(path):
    contents = entries(path)
    spaces = MOST_ABOUT_BYTES - len(contents["about.npy"])
    contents["about.npy"] += b" " * spaces
    pack(path, contents)
    assert_same(read_state(path, SUBJECT), STATE)

    contents["about.npy"] += b" "
    pack(path, contents)
    with pytest.raises(
        TrainingFailed, match=rf"got {MOST_ABOUT_BYTES + 1} bytes about itself"
    ):
        read_state(path, SUBJECT)


def test_a_file_of_a_later_format_is_named(path):
    contents = entries(path)
    about = contents["about.npy"].replace(b'"format":1', b'"format":2')
    pack(path, contents | {"about.npy": about})

    with pytest.raises(
        TrainingFailed,
        match=rf"state.npz: format of the checkpoint; expected 1, got 2; {DELETE}$",
    ):
        read_state(path, SUBJECT)


ANEW = "train into another folder, or delete this one to start anew$"


@pytest.mark.parametrize("read", [read_state, read_score])
def test_a_checkpoint_of_another_recipe_is_refused(path, read):
    with pytest.raises(
        TrainingFailed,
        match=rf"state.npz: recipe of the checkpoint; expected sha256 {'0a' * 32}, "
        rf"got {'5e' * 32}; {ANEW}",
    ):
        read(path, replace(SUBJECT, recipe_sha256="0a" * 32))


@pytest.mark.parametrize(
    ("shapes", "what"),
    [
        (
            {**SUBJECT.shapes, "bn.mean": (3,)},
            r"bn.mean: .+ expected \(3,\), got \(2,\)",
        ),
        ({**SUBJECT.shapes, "bias": (3,)}, r"bias: .+ expected \(3,\), got nothing"),
        ({"bn.mean": (2,)}, r"yolo_.+: .+ expected nothing, got \(2, 3, 1, 1\)"),
    ],
)
def test_a_checkpoint_of_another_network_is_refused(path, shapes, what):
    pattern = rf"state.npz: {what}; {ANEW}"
    with pytest.raises(
        TrainingFailed,
        match=pattern.replace(".+ expected", "shape in the checkpoint; expected"),
    ):
        read_state(path, replace(SUBJECT, shapes=shapes))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"weights": {**STATE.weights, "bn.mean": np.float32([1])}},
            (
                r"^w/bn.mean: an array to keep; expected \(2,\) of floats, "
                r"got \(1,\) of float32; keep the state of the network's own "
                r"variables$"
            ),
        ),
        (
            {"optimiser": {"velocity": {"x": KERNEL}}},
            r"^o/velocity/x: an array to keep; expected nothing of floats, got \(2, 3",
        ),
        (
            {"weights": {**STATE.weights, "bn.mean": np.float16([1, 2])}},
            r"of floats, got \(2,\) of float16",
        ),
        (
            {"weights": {"bn.mean": STATE.weights["bn.mean"]}},
            r"^yolo_block.0.tip.conv.weights: weights to keep; .+, got nothing",
        ),
    ],
)
def test_what_could_not_be_read_back_is_not_written(path, changed, message):
    before = path.read_bytes()

    with pytest.raises(TrainingFailed, match=message):
        write_state(path, replace(STATE, **changed))
    assert path.read_bytes() == before


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path):
    (tmp_path / "state.npz").mkdir()

    with pytest.raises(
        TrainingFailed,
        match=re.escape(f"state.npz: cannot be read; got Is a directory; {DELETE}"),
    ):
        read_state(tmp_path / "state.npz", SUBJECT)


def test_a_file_that_lies_takes_no_memory(path, open_in_a_child):
    """An array of four terabytes, by its header."""
    pack(path, entries(path) | {"w/bn.mean.npy": headed((1 << 40,))})
    opened = open_in_a_child(
        path,
        "read_state(path, SUBJECT)",
        before="from harness.train.state_file import read_state\n"
        "from harness.train.saved_state import Subject\n"
        f"SUBJECT = {SUBJECT!r}",
    )

    assert "w/bn.mean.npy as float32 (1099511627776,), not (2,)" in opened.told
    assert opened.took_bytes < 50_000_000


def test_a_list_of_a_million_entries_takes_no_memory(path, open_in_a_child):
    name = b"w/x.npy"
    header = b"PK\x01\x02" + bytes(24) + struct.pack("<H", len(name)) + bytes(16) + name
    assert len(header) == 46 + len(name)
    count = 1_000_000
    end = (
        b"PK\x05\x06" + bytes(8) + struct.pack("<2I", count * len(header), 0) + bytes(2)
    )
    path.write_bytes(header * count + end)
    opened = open_in_a_child(
        path,
        "read_state(path, SUBJECT)",
        before="from harness.train.state_file import read_state\n"
        "from harness.train.saved_state import Subject\n"
        f"SUBJECT = {SUBJECT!r}",
    )

    assert "not a checkpoint" in opened.told
    assert "too many entries" in opened.told
    assert opened.took_bytes < 50_000_000
