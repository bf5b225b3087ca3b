from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import ZooDataError
from harness.files.record_files import read_records
from harness.pipeline.demo.old_quantised import QUANTISED, copy_folder, old_scores_pct
from harness.registry.location import accepted_records
from harness.registry.zoo import open_zoo


@pytest.mark.parametrize("archive", QUANTISED)
def test_every_quantised_archive_of_the_demo_is_the_old_runtimes(
    request: pytest.FixtureRequest, tmp_path: Path, archive: str
) -> None:
    home = request.config.rootpath
    rows = [row for row in open_zoo("demo", home=home).rows if row.archive == archive]

    copy_folder(home, archive, tmp_path / "made")

    assert rows
    assert all(row.strategy.startswith("quant_") for row in rows)
    assert any((tmp_path / "made").iterdir())


def test_the_claims_of_quantised_rows_are_what_1_8_5_measured(
    request: pytest.FixtureRequest,
) -> None:
    home = request.config.rootpath
    demo = open_zoo("demo", home=home)
    rows = [row for row in demo.rows if row.archive in QUANTISED]

    assert len(rows) == 6
    for row in rows:
        said = old_scores_pct(home, row)
        for claim in demo.ap_claims(row.row_id):
            assert claim.printed == f"{said[claim.metric]:.1f}"


def test_a_size_that_1_8_5_did_not_measure_is_refused(
    request: pytest.FixtureRequest,
) -> None:
    home = request.config.rootpath
    row = open_zoo("demo", home=home).row("yolov3-mobilenet_v1-coco-quant_post-224")

    with pytest.raises(
        ZooDataError, match=r"yolov3_post\.json: ap_pct; expected 96, got 224, 160"
    ):
        old_scores_pct(home, replace(row, input_px=96))


def test_accepted_numbers_are_within_a_twentieth_of_what_1_8_5_measured(
    request: pytest.FixtureRequest,
) -> None:
    home = request.config.rootpath
    records = read_records(accepted_records(home, "demo"))
    rows = [one for one in open_zoo("demo", home=home).rows if one.archive in QUANTISED]

    for row in rows:
        (run,) = records[row.row_id].measurements
        for metric, said in old_scores_pct(home, row).items():
            assert run.scores_pct[metric] == pytest.approx(said, abs=0.05), row.row_id
