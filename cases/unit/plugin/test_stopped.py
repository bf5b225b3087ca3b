"""A pytest of its own that is really signalled while it measures, and started again."""

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.dataset.drawn.coco_scenes import write_coco_scenes
from harness.files.record_files import read_record
from harness.plugin.stopped import UnderWay
from harness.registry.zoo import open_zoo
from harness.values.records import Record
from testing.zoos import claim_aps, copy_tables

LARGE, SMALL = (f"yolov3-mobilenet_v1-coco-baseline-{px}" for px in (224, 160))
SCENES = 24  # three batches of one part
#: The process signals itself inside the fourth batch that a network is given.
CONFTEST = """
import os
from harness.model.boxes.object_finding import ObjectDetector

pytest_plugins = ["harness.pytest_zoo"]

right, seen = ObjectDetector.detect, []


def detect(self, images_rgb, sizes_hw):
    seen.append(len(images_rgb))
    if len(seen) == 4 and "STOP_BY" in os.environ:
        os.kill(os.getpid(), int(os.environ["STOP_BY"]))
    return right(self, images_rgb, sizes_hw)


ObjectDetector.detect = detect


def pytest_unconfigure():
    print("looked at", sum(seen), "images")
"""
Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(
    pytester: pytest.Pytester,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """Run the two rows of a small zoo in a process of its own, signalled or not."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    for twin in ("DATA_ROOT", "CACHE", "RECORDS", "MIRROR", "OFFLINE"):
        monkeypatch.delenv(f"ZOO_{twin}", raising=False)
    demo = open_zoo("demo", home=request.config.rootpath)
    tables = [demo.root / "baseline_coco.toml"]
    claim_aps(
        copy_tables(tables, pytester.path / "mine"), {LARGE: "50.0", SMALL: "50.0"}
    )
    cases = request.config.rootpath / "cases" / "zoo"
    shutil.copy(cases / "test_published_ap.py", pytester.path)
    write_coco_scenes(pytester.path / "data", seed=1, count=SCENES)
    pytester.makeconftest(CONFTEST)
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider\n")
    words = ("--zoo=mine", "--data-root=data", "--offline", "test_published_ap.py")

    def start(*more: str, stop_by: int | None = None) -> pytest.RunResult:
        if stop_by is None:
            monkeypatch.delenv("STOP_BY", raising=False)
        else:
            monkeypatch.setenv("STOP_BY", str(int(stop_by)))
        mirror = f"--mirror={demo.root / 'archives'}"
        return pytester.runpytest_subprocess(mirror, *words, *more)

    return start


def records_in(folder: Path) -> tuple[Record, Record]:
    large, small = (
        read_record(folder / "mine" / f"{one}.json") for one in (LARGE, SMALL)
    )
    return large, small


def test_a_run_that_ctrl_c_stopped_goes_on_to_equal_results(
    pytester: pytest.Pytester, run: Run
) -> None:
    kept = ("--zoo-cache=cache", "--records=kept")
    stopped = run(*kept, stop_by=signal.SIGINT)

    assert stopped.ret == pytest.ExitCode.INTERRUPTED
    stopped.stdout.fnmatch_lines(
        [
            "*= stopped =*",
            f"{LARGE}: 16 of 24 images are kept",
            f"{SMALL}: 8 of 24 images are kept",
            "0 of 2 rows were measured, 2 were under way, 0 not begun",
            "the same command goes on from there",
            "looked at 32 images",
        ]
    )
    assert not list(pytester.path.rglob("*.zoo-new"))

    went_on = run(*kept)
    went_on.stdout.fnmatch_lines(["looked at 24 images"])
    unbroken = run("--zoo-cache=other", "--records=others")
    unbroken.stdout.fnmatch_lines(["looked at 48 images"])
    for one, other in zip(
        records_in(pytester.path / "kept"),
        records_in(pytester.path / "others"),
        strict=True,
    ):
        (run_of_one,), (run_of_other,) = one.measurements, other.measurements
        assert run_of_one.detections_sha256 == run_of_other.detections_sha256
        assert run_of_one.scores_pct == run_of_other.scores_pct
        assert (one.verdict, one.reason) == (other.verdict, other.reason)


def test_sigterm_stops_as_ctrl_c_does_and_fresh_is_told(
    pytester: pytest.Pytester, run: Run
) -> None:
    stopped = run("--fresh", stop_by=signal.SIGTERM)

    assert stopped.ret == pytest.ExitCode.INTERRUPTED
    stopped.stdout.fnmatch_lines(
        [
            f"{LARGE}: 16 of 24 images are kept",
            f"{SMALL}: 8 of 24 images are kept",
            "without --fresh, the same command goes on from there",
        ]
    )
    assert len(list(pytester.path.rglob("begun-00000.npz"))) == 2


def test_the_summary_counts_rows_that_were_measured_and_not_begun() -> None:
    way = UnderWay(row_ids=("a", "b", "c", "d"), fresh=False, kept={"b": (8, 200)})

    assert way.text(["a"]) == (
        "b: 8 of 200 images are kept\n"
        "1 of 4 rows were measured, 1 were under way, 2 not begun\n"
        "the same command goes on from there"
    )


def test_a_training_under_way_is_told_and_is_no_measured_row() -> None:
    way = UnderWay(row_ids=("a", "b"), fresh=False, measured={"a"})
    way.training += ["a-retrained", "b-retrained"]
    way.kept["b-retrained"] = (8, 200)  # trained, and being measured

    assert way.text([]) == (
        "b-retrained: 8 of 200 images are kept\n"
        "a-retrained: its training is kept to the last whole step\n"
        "1 of 2 rows were measured, 0 were under way, 1 not begun\n"
        "the same command goes on from there"
    )


def test_a_session_of_trainings_alone_counts_no_rows() -> None:
    way = UnderWay(row_ids=(), fresh=False, training=["a-retrained"])

    assert way.text([]) == (
        "a-retrained: its training is kept to the last whole step\n"
        "the same command goes on from there"
    )


# Folders that take no file.


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (
            "--zoo-cache",
            "the cache cannot be written; * another --zoo-cache (ZOO_CACHE)",
        ),
        (
            "--records",
            "the records folder cannot be written; * another --records (ZOO_RECORDS)",
        ),
    ],
)
def test_a_folder_that_takes_no_file_is_a_usage_error_of_one_sentence(
    pytester: pytest.Pytester, run: Run, option: str, told: str
) -> None:
    (pytester.path / "file").write_bytes(b"in the place of the folder")
    refused = run(f"{option}=file")

    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = (one for one in refused.errlines if one)
    pytest.LineMatcher([line]).fnmatch_lines([f"ERROR: */file*: {told}"])
    assert not (pytester.path / ".zoo" / "records" / "mine" / f"{LARGE}.json").exists()


@pytest.mark.parametrize("name", ["file", "nowhere"])
def test_a_data_root_that_is_no_folder_is_a_usage_error(
    pytester: pytest.Pytester, run: Run, name: str
) -> None:
    (pytester.path / "file").write_bytes(b"in the place of the folder")
    refused = run(f"--data-root={name}")

    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    refused.stderr.fnmatch_lines([f"ERROR: data root */{name}; expected a folder *"])


def test_a_disk_that_fills_up_is_one_sentence_per_row_and_no_traceback(
    pytester: pytest.Pytester, run: Run
) -> None:
    full = (
        "import errno, os\n"
        "from harness.files import record_files\n"
        "def full(file, **arrays):\n"
        "    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))\n"
        "class numpy:\n"
        "    def __getattr__(self, name):\n"
        "        import numpy\n"
        "        return full if name.startswith('savez') else getattr(numpy, name)\n"
        "record_files.np = numpy()\n"
    )
    pytester.makeconftest(CONFTEST + full)
    ended = run("--records=kept", "--zoo-cache=cache")

    ended.assert_outcomes(failed=2)
    told = "errored: <records>: the records folder cannot be written; expected *"
    ended.stdout.fnmatch_lines([told])
    ended.stdout.no_fnmatch_line("*Traceback*")
    ended.stdout.no_fnmatch_line("*.py:*: OSError*")
    for record in records_in(pytester.path / "kept"):
        assert record.reason.startswith("<records>: the records folder cannot be ")
        assert str(pytester.path) not in json.dumps(record.reason)
    assert not [one for one in (pytester.path / "kept").rglob("*") if "npz" in one.name]
