import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.files.record_files import write_record
from harness.values.records import Record, Verdict

Zoo = Callable[..., Any]  # conftest's fixture
ROW = "yolov3-mobilenet_v1-coco-baseline-160"
RECORDS = Path(".zoo", "records", "demo")
ACCEPTED = Path("reports", "records", "demo")


def test_records_are_accepted_when_a_measurement_gives_them_again(
    home: Path, zoo: Zoo
) -> None:
    before = (home / RECORDS / f"{ROW}.json").read_bytes()
    said = zoo(
        "accept",
        *(ROW, "--zoo", "demo", "--by", "me", "--reason", "measured twice"),
    )

    assert (said.code, said.out) == (0, f"{ROW}: {home / ACCEPTED / ROW}.json\n")
    assert "detecting on coco: 8 of 8 images" in said.err
    assert (home / ACCEPTED / f"{ROW}.json").read_bytes() == before
    assert (home / RECORDS / f"{ROW}.json").read_bytes() == before
    assert "measured twice" in (home / ACCEPTED / "accepted.toml").read_text("utf-8")


@pytest.fixture
def kept_repeat(home: Path) -> Path:
    """A folder, like ``--records``, of a second measurement."""
    shutil.copytree(home / RECORDS, home / "again" / "demo")
    return home / "again"


def test_a_repeat_that_was_kept_is_not_measured_again(
    home: Path, zoo: Zoo, kept_repeat: Path
) -> None:
    words = (
        "accept",
        ROW,
        "--zoo",
        "demo",
        "--reason",
        "because",
        "--by",
        "me",
        "--json",
    )
    said = zoo(*words, "--repeat", kept_repeat)

    assert (said.code, said.err) == (0, "")
    assert json.loads(said.out) == [
        {"row": ROW, "path": str(home / ACCEPTED / f"{ROW}.json")}
    ]


@pytest.mark.parametrize("verdict", [Verdict.UNAVAILABLE, Verdict.ERRORED])
def test_what_was_not_measured_is_not_accepted(
    home: Path, zoo: Zoo, kept_repeat: Path, verdict: Verdict
) -> None:
    record = Record(zoo="demo", row_id=ROW, verdict=verdict, reason="because")
    write_record(home / RECORDS, record)
    words = ("accept", ROW, "--zoo", "demo", "--reason", "r", "--by", "me")
    said = zoo(*words, "--repeat", kept_repeat)

    assert said.code == 1
    assert said.err.startswith("zoo: ")
    assert not (home / ACCEPTED).exists()


def test_accepting_needs_a_row_and_a_reason(home: Path, zoo: Zoo) -> None:
    assert zoo("accept", "--zoo", "demo", "--reason", "r").code == 2
    assert zoo("accept", ROW, "--zoo", "demo").code == 2
    assert zoo("accept", "nothing", "--zoo", "demo", "--reason", "r").code == 2
    named = ("accept", ROW, "--zoo", "demo", "--reason", "r", "--coco-engine", "x")
    said = zoo(*named)
    assert said.code == 2
    assert "COCO engine; expected pycocotools or ultrafast-pycocotools, got" in said.err
    assert not (home / ACCEPTED).exists()
