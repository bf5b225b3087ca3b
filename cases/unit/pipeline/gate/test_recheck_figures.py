import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from harness.files.record_files import read_structures, write_structure
from harness.pipeline.gate.finding import Rule
from harness.pipeline.gate.gate import gate
from harness.pipeline.gate.recheck_figures import recheck_structures
from harness.pipeline.measure.computed_figures import structure_record
from harness.registry.zoo import open_zoo
from harness.values.records import Verdict
from harness.values.rows import Zoo

ROW = "yolov3-mobilenet_v1-coco-prune_r578-608"
FACE = "blazeface-nas2-widerface-baseline-640"


@pytest.fixture(scope="module")
def march(request: pytest.FixtureRequest) -> Zoo:
    return open_zoo("march-2020", home=request.config.rootpath)


@pytest.fixture
def small(march: Zoo) -> Zoo:
    """One row of the later edition alone."""
    return replace(march, rows=(march.row(ROW),), claims={ROW: march.claims[ROW]})


def test_a_record_is_read_back_as_it_was_written(march: Zoo, tmp_path: Path) -> None:
    record = structure_record(march, march.row(ROW))
    write_structure(tmp_path, record)

    assert read_structures(tmp_path) == {ROW: record}


def test_the_gate_passes_what_it_computes_again(small: Zoo, tmp_path: Path) -> None:
    write_structure(tmp_path, structure_record(small, small.rows[0]))

    assert list(recheck_structures(small, tmp_path)) == []


def test_the_gate_refuses_an_altered_figure(small: Zoo, tmp_path: Path) -> None:
    record = structure_record(small, small.rows[0])
    first, *others = record.figures
    altered = replace(first, computed=6.27)
    write_structure(tmp_path, replace(record, figures=(altered, *others)))
    (finding,) = recheck_structures(small, tmp_path)

    assert finding.rule is Rule.STRUCTURE
    assert finding.fails
    assert "the figures are not those that are computed now" in finding.message
    assert "got reproduced (gflops 6.27 against 6.27" in finding.message


def test_the_gate_refuses_a_changed_claim(small: Zoo, tmp_path: Path) -> None:
    write_structure(tmp_path, structure_record(small, small.rows[0]))
    claims = tuple(
        replace(one, printed="6.28") if one.metric == "gflops" else one
        for one in small.claims[ROW]
    )
    (finding,) = recheck_structures(replace(small, claims={ROW: claims}), tmp_path)

    assert "expected lower (gflops" in finding.message


def test_figures_that_miss_keep_the_gate_shut(small: Zoo, tmp_path: Path) -> None:
    claims = tuple(
        replace(one, printed="6.28") if one.metric == "gflops" else one
        for one in small.claims[ROW]
    )
    spoilt = replace(small, claims={ROW: claims})
    write_structure(tmp_path, structure_record(spoilt, small.rows[0]))
    (finding,) = recheck_structures(spoilt, tmp_path)

    assert finding.fails
    assert finding.verdict == "lower"
    assert "a figure is not the printed one; expected reproduced" in finding.message


def test_figures_without_a_record_are_missing(small: Zoo, tmp_path: Path) -> None:
    (finding,) = recheck_structures(small, tmp_path)

    assert not finding.fails
    assert finding.message == (
        f"figures were not computed; expected structure/{ROW}.json, got no record; "
        "run pytest -m structure --zoo march-2020"
    )


def test_a_record_of_no_row_is_refused(small: Zoo, march: Zoo, tmp_path: Path) -> None:
    write_structure(tmp_path, structure_record(small, small.rows[0]))
    write_structure(tmp_path, structure_record(march, march.row(FACE)))
    (finding,) = recheck_structures(small, tmp_path)

    assert finding.row_id == FACE
    assert "figures of no row that has any" in finding.message


def test_a_record_that_cannot_be_read_is_refused(small: Zoo, tmp_path: Path) -> None:
    path = write_structure(tmp_path, structure_record(small, small.rows[0]))
    path.write_text("{", encoding="utf-8")
    (finding,) = recheck_structures(small, tmp_path)

    assert finding.rule is Rule.STRUCTURE
    assert "not JSON" in finding.message


def test_the_gate_as_a_whole_asks_for_figures(small: Zoo, tmp_path: Path) -> None:
    report = gate(
        small, tmp_path, waivers=(), today=dt.date(2026, 1, 1), known_datasets={}
    )

    assert [one.rule for one in report.findings] == [Rule.NO_RECORD, Rule.NO_RECORD]
    assert report.exit_code == 3


def test_each_finding_says_what_is_expected_and_what_to_do(
    small: Zoo, march: Zoo, tmp_path: Path
) -> None:
    record = structure_record(small, small.rows[0])
    write_structure(tmp_path, replace(record, verdict=Verdict.LOWER, figures=()))
    write_structure(tmp_path, structure_record(march, march.row(FACE)))
    foreign, altered = recheck_structures(small, tmp_path)

    assert foreign.message == (
        f"{FACE}: figures of no row that has any; expected one of the 1 rows of "
        "march-2020 with a figure; remove the record, or add the claim"
    )
    assert altered.message.startswith(
        f"{ROW}: the figures are not those that are computed now; expected reproduced "
        "(gflops 6."
    )
    assert altered.message.endswith(
        ", got lower (no figure); run pytest -m structure --zoo march-2020"
    )


def test_a_row_without_a_network_fails_by_its_reason_and_can_be_waived(
    march: Zoo, tmp_path: Path
) -> None:
    face = replace(march, rows=(march.row(FACE),), claims={FACE: march.claims[FACE]})
    write_structure(tmp_path, structure_record(face, face.rows[0]))
    (finding,) = recheck_structures(face, tmp_path)

    assert (finding.rule, finding.fails, finding.verdict) == (
        Rule.STRUCTURE,
        True,
        "unreadable",
    )
    assert finding.message == (
        f"{FACE}: no network blazeface-nas2 in this version; its figures were not "
        "computed; expected reproduced, got unreadable (no figure); mend it, or waive "
        "it in expected/waivers.toml"
    )


def test_figures_that_are_missing_can_be_waived_as_not_measured(
    small: Zoo, tmp_path: Path
) -> None:
    (finding,) = recheck_structures(small, tmp_path)

    assert (finding.rule, finding.verdict) == (Rule.NO_RECORD, "not_measured")
