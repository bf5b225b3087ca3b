import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.record_files import write_record
from harness.records import Record, Verdict

Zoo = Callable[..., Any]  # conftest's fixture
ROW = "yolov3-mobilenet_v1-coco-baseline-160"
RECORDS = Path(".zoo", "records", "demo")
ACCEPTED = Path("reports", "records", "demo")


def test_true_records_pass_the_gate(home: Path, zoo: Zoo) -> None:
    said = zoo("gate", "--zoo", "demo")

    assert said.code == 0
    assert said.out.splitlines() == ["2 rows: 2 reproduced", "gate: passed"]


def test_a_record_that_says_something_else_shuts_the_gate(home: Path, zoo: Zoo) -> None:
    path = home / RECORDS / f"{ROW}.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"reproduced"', '"higher"'), encoding="utf-8")
    said = zoo("gate", "--zoo", "demo")

    assert said.code == 1
    assert any(
        line.startswith("FAIL") and ROW in line for line in said.out.splitlines()
    )
    assert said.out.splitlines()[-1] == "gate: shut"


def test_altered_detections_shut_the_gate(home: Path, zoo: Zoo) -> None:
    first, second = sorted((home / RECORDS / "detections").iterdir())
    first.replace(second)

    assert zoo("gate", "--zoo", "demo").code == 1


def test_a_row_that_is_missing_is_incomplete(home: Path, zoo: Zoo) -> None:
    (home / RECORDS / f"{ROW}.json").unlink()
    said = zoo("gate", "--zoo", "demo")

    assert said.code == 3
    assert any(
        line.startswith("miss") and ROW in line for line in said.out.splitlines()
    )


def test_the_json_of_the_gate_goes_to_a_file_or_is_printed(
    home: Path, zoo: Zoo
) -> None:
    (home / RECORDS / f"{ROW}.json").unlink()
    written = zoo("gate", "--zoo", "demo", "--json", "gate.json")
    printed = zoo("gate", "--zoo", "demo", "--json", "-")

    told = json.loads(printed.out)
    assert (written.code, printed.code, told["exit_code"]) == (3, 3, 3)
    assert (home / "gate.json").read_text(encoding="utf-8") == printed.out
    assert written.out.splitlines()[-1] == "gate: shut"
    assert [one["row_id"] for one in told["findings"]] == [ROW]


def test_a_release_is_held_against_its_baseline(home: Path, zoo: Zoo) -> None:
    words = ("gate", "--zoo", "demo", "--baseline")

    assert zoo(*words, ".zoo/records").code == 0
    assert zoo(*words, "nowhere").code == 2


def test_without_records_the_gate_says_how_to_make_them(home: Path, zoo: Zoo) -> None:
    said = zoo("gate", "--zoo", "demo", "--records", "nowhere")

    assert said.code == 2
    assert said.err.startswith("zoo: records folder; expected a folder, got nothing")


def test_records_are_accepted_when_a_measurement_gives_them_again(
    home: Path, zoo: Zoo
) -> None:
    before = (home / RECORDS / f"{ROW}.json").read_bytes()
    said = zoo("accept", ROW, "--zoo", "demo", "--reason", "measured twice")

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
    words = ("accept", ROW, "--zoo", "demo", "--reason", "because", "--json")
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
    words = ("accept", ROW, "--zoo", "demo", "--reason", "r")
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
