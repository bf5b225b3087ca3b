"""The quantised archives that the old runtime wrote, and what it said of them."""

import hashlib
import importlib.util
import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ORACLE = Path(__file__).parents[2] / "oracle"
QUANT = ORACLE / "quant"
FILES = {
    "yolov3_aware_files": 286,
    "yolov3_aware_all_float": 2,
    "yolov3_frozen_files": 241 + 1 + 45 + 47,
    "yolov3_post_files": 241 + 1 + 48 + 50,
    "blazeface_aware_files": 165,
    "blazeface_aware_training": 165 + 2 * 27,
    "blazeface_aware_export": 4,
    "blazeface_frozen_int8": 138 + 1 + 27 + 30,
    "blazeface_post_files": 138 + 1 + 27 + 30,
}  # archive -> files  # zoo-spec 2.7
COUNTS = {
    "yolov3_mobilenet_v1": (286, 47, 45),
    "yolov3_resnet34": (342, 57, 51),
    "yolov3_resnet50_vd_dcn": (459, 75, 72),
    "yolov3_mobilenet_v1_all": (289, 50, 48),
    "yolov3_resnet34_all": (345, 60, 54),
    "yolov3_resnet50_vd_dcn_all": (462, 78, 75),
    "blazeface_original": (237, 42, 39),
    "blazeface_lite": (265, 48, 37),
    "blazeface_nas": (165, 30, 27),
}  # network -> files of an aware checkpoint, quantised convs, scales  # zoo-spec 2.7
QUANTISED = {
    "yolov3_aware": (47, 45),
    "yolov3_aware_all": (50, 48),
    "yolov3_frozen": (47, 45),
    "yolov3_post": (50, 48),
    "blazeface_aware": (30, 27),
    "blazeface_frozen": (30, 27),
    "blazeface_post": (30, 27),
}  # result -> quantised convs, activations


def load_script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ORACLE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read_members(name: str) -> dict[str, bytes]:
    """Read the files of an archive by their path below its top folder."""
    with tarfile.open(QUANT / f"{name}.tar.gz") as tar:
        stored = {one.name: tar.extractfile(one) for one in tar if one.isfile()}
        return {
            path.partition("/")[2]: content.read() for path, content in stored.items()
        }


def values_of(content: bytes, kind: str = "<f4") -> np.ndarray:
    start = 20 + int.from_bytes(content[16:20], "little")  # zoo-spec 3.2
    return np.frombuffer(content[start:], kind)


def read_result(stem: str) -> dict:
    return json.loads((QUANT / f"{stem}.json").read_text(encoding="utf-8"))


def test_the_committed_archives_stay_small():
    assert sum(one.stat().st_size for one in QUANT.iterdir()) < 4_000_000


def test_every_archive_is_listed_here():
    archives = {one.name.partition(".")[0] for one in QUANT.glob("*.tar.gz")}

    assert archives == set(FILES)


@pytest.mark.parametrize(("name", "files"), FILES.items())
def test_an_archive_has_one_top_folder_and_its_files(name, files):
    with tarfile.open(QUANT / f"{name}.tar.gz") as tar:
        top, *rest = tar.getmembers()

    assert (top.name, top.isdir()) == (name, True)
    assert all(entry.name.startswith(f"{name}/") for entry in rest)
    assert all(entry.mtime == 0 for entry in rest)
    assert sum(entry.isfile() for entry in rest) == files


@pytest.mark.parametrize("name", FILES)
def test_no_archive_names_a_folder_of_the_machine_that_made_it(name):
    contents = read_members(name).values()

    assert not any(b".py" in one or b"op_callstack" in one for one in contents)


@pytest.mark.parametrize(("network", "counts"), COUNTS.items())
def test_the_names_of_the_scales_are_as_many_as_known(network, counts):
    names = read_result("scale_names")["networks"]

    found = names[network]

    convs = [conv for readers in found["scales"].values() for conv in readers]
    assert (found["files"], len(convs), len(found["scales"])) == counts
    assert len(set(convs)) == len(convs)
    assert not set(convs) & set(found["float_convs"])


@pytest.mark.parametrize("stem", QUANTISED)
def test_a_result_says_what_made_it_and_what_it_reached(stem):
    result = read_result(stem)

    assert result["about"]["paddle"] == "1.8.5"
    assert (ORACLE / result["about"]["script"]).is_file()
    assert all(
        0 < ap_pct < 100 for one in result["ap_pct"].values() for ap_pct in one.values()
    )


@pytest.mark.parametrize(("stem", "counts"), QUANTISED.items())
def test_a_result_has_every_quantised_convolution(stem, counts):
    convs = [one for one in read_result(stem)["convolutions"] if len(one) > 1]

    assert (len(convs), len({one["activation"] for one in convs})) == counts
    with np.load(QUANT / f"{stem}.npz") as arrays:
        for one in convs:
            integers = arrays[f"integers.{one['activation']}"]
            assert integers.dtype == np.int8
            assert integers.min() >= -127
            scales = arrays[f"channel_scales.{one['weights']}"]
            assert (scales > 0).all()


@pytest.mark.parametrize("stem", ["yolov3_aware", "blazeface_aware"])
def test_the_scales_of_a_checkpoint_are_those_that_ran(stem):
    members = read_members(f"{stem}_files")

    for one in read_result(stem)["convolutions"]:
        if "activation" in one:
            (stored,) = values_of(members[f"{one['activation']}.scale"])
            assert float(stored) == one["activation_scale"]
            assert 0.01 < stored < 1000  # not the first value, 0.001


@pytest.mark.parametrize(
    ("stem", "layout", "suffix", "kind"),
    [
        ("yolov3_frozen", "files", "", "<f4"),
        ("yolov3_post", "files", "", "<f4"),
        ("blazeface_frozen", "int8", ".int8", "i1"),
        ("blazeface_post", "files", "", "<f4"),
    ],
)
def test_frozen_weights_are_the_integers_that_ran(stem, layout, suffix, kind):
    members = read_members(f"{stem}_{layout}")

    for one in read_result(stem)["convolutions"]:
        if "activation" in one:
            stored = values_of(members[one["weights"] + suffix], kind)
            integers = stored.astype(np.int8)
            assert np.array_equal(stored, integers)
            digest = hashlib.sha256(integers.tobytes()).hexdigest()
            assert digest == one["integers_sha256"]


INTEGERS = {
    "aware": lambda weights, scales: np.rint(np.float32(127) / scales * weights),
    "frozen": lambda weights, scales: np.rint(weights / scales * np.float32(127)),
}  # the operator and ``convert`` round other products: at a near tie they differ


@pytest.mark.parametrize("kind", INTEGERS)
@pytest.mark.parametrize("model", ["yolov3", "blazeface"])
def test_the_integers_are_those_of_one_formula(model, kind):
    members = read_members(f"{model}_aware_files")

    with np.load(QUANT / f"{model}_{kind}.npz") as arrays:
        for one in read_result(f"{model}_{kind}")["convolutions"]:
            if "activation" in one:
                scales = arrays[f"channel_scales.{one['weights']}"][:, None]
                weights = values_of(members[one["weights"]]).reshape(len(scales), -1)
                integers = INTEGERS[kind](weights, scales).astype(np.int8)
                digest = hashlib.sha256(integers.tobytes()).hexdigest()
                assert digest == one["integers_sha256"]
                assert np.array_equal(scales[:, 0], np.abs(weights).max(axis=1))


@pytest.mark.parametrize("model", ["yolov3", "blazeface"])
def test_freezing_keeps_the_scales(model):
    aware, frozen = (
        [
            (one["weights"], one.get("activation"), one.get("activation_scale"))
            for one in read_result(f"{model}_{kind}")["convolutions"]
        ]
        for kind in ("aware", "frozen")
    )

    assert aware == frozen


def test_the_training_checkpoint_is_the_evaluation_one_and_its_averages():
    files, training = (
        read_members(f"blazeface_aware_{one}") for one in ("files", "training")
    )

    more = sorted(set(training) - set(files))

    assert {name: training[name] for name in files} == files
    assert {name.partition("_")[0] for name in more} == {"state", "accum"}


@pytest.mark.parametrize("member", ["__model__", "__params__"])
def test_the_export_has_the_program_before_and_after_freezing(member):
    members = read_members("blazeface_aware_export")

    assert sorted(members) == [
        f"{folder}/{name}"
        for folder in ("float", "int")
        for name in ("__model__", "__params__")
    ]
    assert members[f"float/{member}"] != members[f"int/{member}"]


def compare(folder: Path, name: str, edit: Callable[[str, bytes], bytes | None]):
    with (
        tarfile.open(QUANT / name) as old,
        tarfile.open(folder / name, "w:gz") as new,
    ):
        for entry in old:
            stored = old.extractfile(entry)
            content = edit(Path(entry.name).name, stored.read() if stored else b"")
            if content is not None:
                entry.size = len(content)
                new.addfile(entry, io.BytesIO(content))
    return check_script().compare_file(name, QUANT, folder)


def check_script() -> ModuleType:
    sys.path.insert(0, str(ORACLE))
    try:
        return load_script("quant_check")
    finally:
        sys.path.remove(str(ORACLE))


def times(factor: float, variable: str) -> Callable[[str, bytes], bytes]:
    def edit(name: str, content: bytes) -> bytes:
        if name != variable:
            return content
        start = 20 + int.from_bytes(content[16:20], "little")  # zoo-spec 3.2
        moved = values_of(content) * np.float32(factor)
        return content[:start] + moved.tobytes()

    return edit


@pytest.mark.parametrize(
    ("factor", "is_equal", "text"),
    [(1.01, True, "close enough"), (1.05, False, "image.scale: values differ")],
)
def test_the_check_allows_what_another_processor_does(tmp_path, factor, is_equal, text):
    edit = times(factor, "image.scale")

    found = compare(tmp_path, "blazeface_aware_files.tar.gz", edit)

    assert found.is_equal is is_equal
    assert text in found.text


@pytest.mark.parametrize(
    ("factor", "is_equal", "text"),
    [(1.0, True, "close enough"), (1.5, False, "accum_*: values differ")],
)
def test_the_check_lets_numbers_change_and_not_values(tmp_path, factor, is_equal, text):
    name = "blazeface_aware_training"
    contents = read_members(name)
    moved = {f"accum_{k}": f"accum_{26 - k}" for k in range(27)}  # the other way round

    found = compare(
        tmp_path,
        f"{name}.tar.gz",
        lambda member, content: (
            times(factor, member)(member, contents[moved[member]])
            if member in moved
            else content
        ),
    )

    assert found.is_equal is is_equal
    assert text in found.text


def test_the_check_looks_at_the_size_of_a_program(tmp_path):
    found = compare(
        tmp_path,
        "blazeface_aware_export.tar.gz",
        lambda name, content: content[:-1] if name == "__model__" else content,
    )

    assert not found.is_equal
    assert "float/__model__: expected" in found.text


def test_the_check_names_a_missing_scale(tmp_path):
    found = compare(
        tmp_path,
        "blazeface_aware_files.tar.gz",
        lambda name, content: None if name == "image.scale" else content,
    )

    assert not found.is_equal
    assert "members on one side only" in found.text
    assert "image.scale" in found.text


@pytest.mark.parametrize(
    ("moved_pct", "is_equal", "text"),
    [(0.5, True, "close enough"), (2.0, False, "hard at own: expected 9")],
)
def test_the_check_holds_the_ap(tmp_path, moved_pct, is_equal, text):
    content = read_result("blazeface_post")
    content["ap_pct"]["own"]["hard"] += moved_pct
    name = "blazeface_post.json"
    (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")

    found = check_script().compare_file(name, QUANT, tmp_path)

    assert found.is_equal is is_equal
    assert text in found.text


def test_the_check_holds_the_names_of_the_scales(tmp_path):
    content = read_result("scale_names")
    content["networks"]["blazeface_nas"]["scales"]["image.scale"] = ["conv2_weights"]
    name = "scale_names.json"
    (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")

    found = check_script().compare_file(name, QUANT, tmp_path)

    assert not found.is_equal
    assert "other names" in found.text


def test_the_check_names_an_array_that_is_gone(tmp_path):
    name = "blazeface_post.npz"
    with np.load(QUANT / name) as arrays:
        np.savez(tmp_path / name, **{key: arrays[key] for key in arrays.files[1:]})

    found = check_script().compare_file(name, QUANT, tmp_path)

    assert not found.is_equal
    assert "on one side only" in found.text


def test_the_check_fails_on_a_file_that_is_not_committed(tmp_path):
    found = check_script().compare_file("new.npz", tmp_path, tmp_path)

    assert not found.is_equal
    assert "new.npz: not committed; run with --quant --write" in found.text


def test_the_check_finds_committed_files_identical():
    name = "blazeface_post.npz"

    found = check_script().compare_file(name, QUANT, QUANT)

    assert found.is_equal
    assert found.text == f"{name}: identical bytes"


@pytest.mark.parametrize(
    "arguments",
    [["--quant", "--wrong"], ["--quant", "a", "b"], ["--full-quant"]],
)
def test_the_door_makes_nothing_for_what_it_does_not_know(capsys, arguments):
    code = load_script("quant_steps").run(arguments, environment_of=None)

    assert code == 2
    assert "expected --quant, --quant --write, --quant DIR" in capsys.readouterr().err


def test_the_door_says_which_python_is_missing(tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            "-B",
            str(ORACLE / "in_old_python.py"),
            "--venv",
            str(tmp_path / "venv"),
            "--",
            "--quant",
        ],
        env={"HOME": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 3
    assert "CPython 3.7 is missing" in done.stderr
