"""What expected/README.md says of a zoo of one's own, done from an empty folder."""

import re
import shutil
from pathlib import Path

import pytest

from harness.dataset.drawn.coco_scenes import write_coco_scenes
from harness.files.record_files import read_record
from harness.registry.lint.zoo import lint_zoo
from harness.registry.location import find_home
from harness.registry.sources import NOT_TABLES

ROW = "yolov3-mobilenet_v1-coco-baseline-160-spring"
TAR = "cases/rows/demo/archives/PaddleSlim/demo_yolov3_mobilenet_v1.tar"
#: A file of the text: its name at the start of a paragraph, then its content.
FILE = re.compile(r"(?ms)^`mine/([\w.]+)`[^\n]*(?:\n[^\n]+)*?\n\n```\w+\n(.*?)^```")


@pytest.fixture
def empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Path:
    """An empty folder, but for the zoo that the text describes."""
    text = (request.config.rootpath / "expected" / "README.md").read_text("utf-8")
    (tmp_path / "mine").mkdir()
    for name, content in FILE.findall(text):
        (tmp_path / "mine" / name).write_text(content, encoding="utf-8")
    for twin in ("DATA_ROOT", "CACHE", "RECORDS", "MIRROR", "OFFLINE"):
        monkeypatch.delenv(f"ZOO_{twin}", raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_file_of_a_zoo_has_an_example_that_is_right(empty: Path) -> None:
    by_command = {"archives.lock.toml"}  # `zoo fetch --pin` writes it
    files = {path.name for path in (empty / "mine").iterdir()}

    assert files == {"coco.toml", "expected.csv", *NOT_TABLES} - by_command
    assert lint_zoo("mine", find_home()) == ()


def test_a_row_of_ones_own_is_measured_from_an_empty_folder(
    empty: Path, pytester: pytest.Pytester, request: pytest.FixtureRequest
) -> None:
    served = empty / "mirror" / "zoo" / "spring" / "best.tar"
    served.parent.mkdir(parents=True)
    shutil.copyfile(request.config.rootpath / TAR, served)
    write_coco_scenes(empty / "data", seed=1, count=8)
    result = pytester.runpytest_subprocess(
        *("-p", "harness.plugin.early", "--zoo", str(empty / "mine"), "-k", "spring"),
        *("--mirror", str(empty / "mirror"), "--data-root", str(empty / "data")),
        *("--records", str(empty / "records")),
    )

    result.stdout.fnmatch_lines([f"{ROW}  160  box_ap  *  61.2 *", "1 row: 1 *"])
    record = read_record(empty / "records" / "mine" / f"{ROW}.json")
    (run,) = record.measurements
    assert record.verdict in {"reproduced", "lower", "higher"}
    assert 40 < run.scores_pct["box_ap"] < 90
    assert record.dataset is not None
    assert record.dataset.image_count == 8
