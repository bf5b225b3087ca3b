import logging
from pathlib import Path
from typing import Any

import pytest

from harness.errors import UsageError
from harness.pipeline.gate import records_folder
from harness.pipeline.gate.finding import Rule
from harness.pipeline.gate.records_folder import (
    demand_records,
    folder_of_zoo,
    read_folder,
)

PLAIN = "yolov3-mobilenet_v1-coco-prune_r578-608"
DOUBTED = "yolov3-resnet50_vd_dcn-coco-prune_sensity-320"
Folder = Any  # conftest.Folder; tests cannot import it


def test_a_folder_of_zoos_and_a_zoo_s_own_folder_are_both_understood(
    tmp_path: Path,
) -> None:
    own = tmp_path / "records" / "small"
    own.mkdir(parents=True)

    assert folder_of_zoo(tmp_path / "records", "small") == own
    assert folder_of_zoo(own, "small") == own


def test_a_folder_of_the_zoo_s_name_that_holds_one_is_the_first_form(
    tmp_path: Path,
) -> None:
    below = tmp_path / "small" / "small"
    below.mkdir(parents=True)

    assert folder_of_zoo(tmp_path / "small", "small") == below


def test_a_folder_of_another_name_is_no_zoo_s_own(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()

    assert folder_of_zoo(tmp_path / "other", "small") == tmp_path / "other" / "small"


def test_a_folder_that_is_not_there_is_told_in_the_first_form(tmp_path: Path) -> None:
    missing = tmp_path / "small"

    assert folder_of_zoo(missing, "small") == missing / "small"


def test_a_folder_that_was_asked_for_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    assert demand_records(tmp_path) == tmp_path
    with pytest.raises(
        UsageError,
        match=r"^records folder; expected a folder, got nothing at .*file; measure",
    ):
        demand_records(tmp_path / "file")


def test_what_can_be_read_is_returned_beside_what_cannot(
    green: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger=records_folder.__name__)
    (green.path / f"{PLAIN}.json").write_text("{")
    findings, records = read_folder(green.path, Rule.BASELINE_RECORD)

    assert list(records) == [DOUBTED]
    ((rule, row_id),) = [(one.rule, one.row_id) for one in findings]
    assert (rule, row_id) == (Rule.BASELINE_RECORD, PLAIN)
    assert caplog.messages == [f"{green.path}: 1 records, 1 unreadable"]
