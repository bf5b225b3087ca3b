import gzip
import importlib.util
import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ORACLE = Path(__file__).parents[2] / "oracle"
MADE = ORACLE / "made"
ARCHIVE = "tiny_yolov3_mobilenet_v1_prune578.tar.gz"
VARIABLES = {
    ARCHIVE: 241,
    "tiny_yolov3_r34.tar.gz": 291,
    "tiny_yolov3_r50vd_dcn_prune578.tar.gz": 387,
    "tiny_yolov3_r50vd_dcn_obj365.tar.gz": 387,
    "tiny_blazeface_original.tar.gz": 198,
    "tiny_blazeface_lite.tar.gz": 228,
    "tiny_blazeface_nas.tar.gz": 138,
    "layout_training_checkpoint.tar.gz": 391,
}  # archive -> variables  # zoo-spec 2
GOLDENS = (
    "tiny_golden.npz",
    "postprocess.npz",
    "tiny_r34.npz",
    "tiny_r50vd_dcn.npz",
    "tiny_r50vd_dcn_obj365.npz",
    "faces_golden.npz",
    "faces_postprocess.npz",
    "layout_golden.npz",
)


def load_script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ORACLE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_script(name: str, *arguments: str, **environ: str):
    return subprocess.run(
        [sys.executable, "-B", str(ORACLE / name), *arguments],
        env={"HOME": os.devnull, "PATH": "", **environ},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("golden", GOLDENS)
def test_a_golden_says_what_made_it(golden):
    with np.load(MADE / golden) as arrays:
        about = json.loads(str(arrays["about"]))

    assert about["paddle"] == "1.8.5"
    assert (ORACLE / about["script"]).is_file()
    assert isinstance(about["seed"], int)


@pytest.mark.parametrize(("archive", "variables"), VARIABLES.items())
def test_an_archive_has_the_published_layout(archive, variables):
    with tarfile.open(MADE / archive) as tar:
        top, *files = tar.getmembers()

    assert (top.name, top.isdir()) == (archive.partition(".")[0], True)
    assert len(files) == variables
    assert all(Path(entry.name).parent == Path(top.name) for entry in files)
    assert all(entry.isfile() and entry.mtime == 0 for entry in files)


@pytest.mark.parametrize("archive", sorted(one.name for one in MADE.glob("*.tar.gz")))
def test_the_compressed_archives_are_not_dated_or_named(archive):
    header = (MADE / archive).read_bytes()[:10]

    assert header[:4] == b"\x1f\x8b\x08\x00"  # no file name
    assert header[4:8] == bytes(4)  # no time


@pytest.mark.parametrize(("name", "opened"), [("x.tar", "r:"), ("x.tar.gz", "r:gz")])
def test_a_folder_is_packed_the_same_whenever_and_wherever(tmp_path, name, opened):
    pack_folder = load_script("stable_files").pack_folder
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "b").write_bytes(b"2")
    (tmp_path / "content" / "a").write_bytes(b"1")
    for place in ("here", "there"):
        (tmp_path / place).mkdir()
        pack_folder(tmp_path / "content", tmp_path / place / name)
        os.utime(tmp_path / "content" / "a", (0, 0))

    with tarfile.open(tmp_path / "here" / name, opened) as tar:
        assert tar.getnames() == ["x", "x/a", "x/b"]
    here, there = (tmp_path / one / name for one in ("here", "there"))
    assert here.read_bytes() == there.read_bytes()


def test_without_the_old_python_the_door_says_what_to_install(tmp_path):
    done = run_script("in_old_python.py", "--venv", str(tmp_path / "venv"))

    assert done.returncode == 3
    assert "CPython 3.7 is missing; expected python3.7 on PATH" in done.stderr
    assert "got nothing by that name; install it (pyenv install 3.7)" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_a_python_of_another_version_is_not_taken_for_the_old_one(tmp_path):
    done = run_script(
        "in_old_python.py", "--venv", str(tmp_path / "v"), ZOO_PYTHON37=sys.executable
    )

    assert done.returncode == 3
    assert f"got {sys.executable}; install it" in done.stderr


def test_the_goldens_are_made_by_the_old_python_only():
    done = run_script("make_goldens.py")

    assert done.returncode == 2
    assert "the old runtime needs CPython 3.7; install it" in done.stderr


def compare_arrays(
    folder: Path, before: dict[str, np.ndarray], after: dict[str, np.ndarray]
):
    for name, arrays in (("before", before), ("after", after)):
        (folder / name).mkdir()
        np.savez(folder / name / "golden.npz", **arrays)
    return load_script("golden_check").compare_file(
        "golden.npz", folder / "before", folder / "after"
    )


@pytest.mark.parametrize(
    ("after", "is_equal", "text"),
    [
        (np.array([1.0, 2.0], "f4"), True, "identical bytes"),
        (np.array([1.0, 2.0001], "f4"), True, "equal within 5e-05"),
        (np.array([1.0, 2.001], "f4"), False, "differs by 0.0005 of its maximum"),
        (np.array([1.0, np.nan], "f4"), False, "differs by nan of its maximum"),
        (np.array([1.0, 2.0], "f8"), False, "expected float32 (2,), got float64 (2,)"),
        (np.array([1.0], "f4"), False, "expected float32 (2,), got float32 (1,)"),
    ],
)
def test_the_check_allows_last_places_and_nothing_more(tmp_path, after, is_equal, text):
    before = np.array([1.0, 2.0], "f4")

    found = compare_arrays(tmp_path, {"head": before}, {"head": after})

    assert found.is_equal is is_equal
    assert text in found.text


def test_the_check_holds_whole_numbers_to_equality(tmp_path):
    before, after = np.array([200], "u1"), np.array([201], "u1")

    found = compare_arrays(tmp_path, {"images": before}, {"images": after})

    assert not found.is_equal
    assert "images: values differ" in found.text


def test_detections_that_alone_differ_fail_the_check(tmp_path):
    head = np.array([1.0], "f4")
    rows = np.array([[0.0, 0.9], [1.0, 0.8]], "f4")

    found = compare_arrays(
        tmp_path,
        {"head": head, "detections": rows},
        {"head": head, "detections": rows[::-1]},
    )

    assert not found.is_equal
    assert "detections: values differ, and nothing else does" in found.text


def test_detections_are_left_out_where_the_heads_moved(tmp_path):
    rows = np.array([[0.0, 0.9], [1.0, 0.8]], "f4")

    found = compare_arrays(
        tmp_path,
        {"head": np.array([1.0], "f4"), "detections": rows},
        {"head": np.array([1.00001], "f4"), "detections": rows[::-1]},
    )

    assert found.is_equal
    assert "detections not compared" in found.text


def compare_archives(
    folder: Path, edit: Callable[[str, bytes], bytes | None], archive: str = ARCHIVE
):
    with (
        tarfile.open(MADE / archive) as old,
        tarfile.open(folder / archive, "w:gz") as new,
    ):
        for entry in old:
            stored = old.extractfile(entry)
            content = edit(Path(entry.name).name, stored.read() if stored else b"")
            if content is not None:
                entry.size = len(content)
                new.addfile(entry, io.BytesIO(content))
    return load_script("golden_check").compare_file(archive, MADE, folder)


def with_largest_value_times(
    factor: float, variable: str = "conv1_bn_mean"
) -> Callable[[str, bytes], bytes]:
    def edit(name: str, content: bytes) -> bytes:
        if name != variable:
            return content
        start = 20 + int.from_bytes(content[16:20], "little")  # zoo-spec 3.2
        values = np.frombuffer(content[start:], "<f4").copy()
        values[np.abs(values).argmax()] *= factor
        return content[:start] + values.tobytes()

    return edit


@pytest.mark.parametrize(
    ("archive", "variable"),
    [
        (ARCHIVE, "conv1_bn_mean"),
        ("tiny_yolov3_r34.tar.gz", "bn_conv1_mean"),
        ("layout_training_checkpoint.tar.gz", "conv2_1_sep_bn_mean"),
        ("tiny_blazeface_nas.tar.gz", "conv2d_20.b_0"),
    ],
)
def test_a_weight_may_round_the_other_way(tmp_path, archive, variable):
    edit = with_largest_value_times(1 + 2.0**-8, variable)

    found = compare_archives(tmp_path, edit, archive)

    assert found.is_equal
    assert f"1 of {VARIABLES[archive] + 1} members differ by one rounding" in found.text


def test_a_weight_may_not_move_further(tmp_path):
    found = compare_archives(tmp_path, with_largest_value_times(1 + 2.0**-6))

    assert not found.is_equal
    assert "conv1_bn_mean: differs by 0.016 of its maximum" in found.text


def test_the_check_looks_into_an_archive_that_was_packed_otherwise(tmp_path):
    name = "tiny_blazeface_nas.tar.gz"
    content = gzip.decompress((MADE / name).read_bytes())
    (tmp_path / name).write_bytes(gzip.compress(content, 1, mtime=7))

    found = load_script("golden_check").compare_file(name, MADE, tmp_path)

    assert found.is_equal
    assert "0 of 139 members differ by one rounding" in found.text


def test_the_check_names_a_missing_member(tmp_path):
    found = compare_archives(
        tmp_path, lambda name, content: None if name == "conv1_bn_mean" else content
    )

    assert not found.is_equal
    assert "members on one side only" in found.text
    assert "conv1_bn_mean" in found.text


def test_the_check_names_a_member_of_another_shape(tmp_path):
    found = compare_archives(
        tmp_path,
        lambda name, content: content[:-4] if name == "conv1_bn_mean" else content,
    )

    assert not found.is_equal
    assert "conv1_bn_mean: another shape or type" in found.text


def compare_members(folder: Path, edit: Callable[[bytes], bytes]):
    name = "layout_combined_file.tar.gz"
    with (
        tarfile.open(MADE / name) as old,
        tarfile.open(folder / name, "w:gz") as new,
    ):
        for entry in old:
            stored = old.extractfile(entry)
            content = edit(stored.read()) if stored else b""
            entry.size = len(content)
            new.addfile(entry, io.BytesIO(content))
    return load_script("golden_check").compare_file(name, MADE, folder)


def test_the_check_looks_at_what_is_packed_and_not_at_the_packing(tmp_path):
    found = compare_members(tmp_path, lambda content: content)

    assert found.is_equal
    assert "identical members" in found.text


def test_the_check_holds_copied_values_to_equality(tmp_path):
    found = compare_members(
        tmp_path, lambda content: content[:-1] + bytes([content[-1] ^ 1])
    )

    assert not found.is_equal
    assert "layout_combined_file/parameters: other bytes" in found.text


@pytest.mark.parametrize("path", sorted(MADE.glob("layout_*.tar.gz")))
def test_no_archive_names_a_folder_of_the_machine_that_made_it(path):
    with tarfile.open(path) as tar:
        members = [tar.extractfile(one).read() for one in tar if one.isfile()]

    assert not any(b".py" in one or b"op_callstack" in one for one in members)


def test_the_committed_data_stay_small():
    files = [one for one in MADE.iterdir() if one.is_file()]

    assert sum(one.stat().st_size for one in files) < 3_000_000


def test_a_golden_is_packed_the_same_whenever_and_wherever(tmp_path):
    write_npz = load_script("stable_files").write_npz
    arrays = {"b": np.zeros(3, "f4"), "a": np.ones(2, "u1")}
    for place in ("here", "there"):
        (tmp_path / place).mkdir()
        write_npz(tmp_path / place / "x.npz", arrays, {"script": "x.py"})

    here, there = (tmp_path / one / "x.npz" for one in ("here", "there"))
    assert here.read_bytes() == there.read_bytes()
    with np.load(here) as found:
        assert sorted(found) == ["a", "about", "b"]
        assert found["a"].tolist() == [1, 1]


def test_the_check_fails_on_a_golden_that_is_not_committed(tmp_path):
    found = load_script("golden_check").compare_file("new.npz", tmp_path, tmp_path)

    assert not found.is_equal
    assert "new.npz: not committed; run with --write" in found.text
