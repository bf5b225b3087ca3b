from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.errors import UsageError
from harness.files import record_files
from harness.files.record_files import read_structures
from harness.pipeline.measure import computed_figures
from harness.plugin.structure import (
    computing,
    end_figure,
    hand_over,
    keep_figure,
    records_of,
    table_of,
)
from harness.registry.zoo import open_zoo
from harness.values.records import Figure, StructureRecord, Verdict
from harness.values.rows import Claim

ROW = "yolov3-mobilenet_v1-coco-prune_r578-608"
CLAIM = Claim(row_id=ROW, metric="gflops", printed="6.27")
UNKNOWN = Claim(row_id=ROW, metric="size_mb", printed="31.30")


def record_of(verdict: Verdict) -> StructureRecord:
    figure = Figure(
        metric="gflops",
        printed="6.27",
        computed=6.5,
        difference=0.23,
        tolerance="0.005",
        basis="half",
        is_estimate=False,
        verdict=verdict,
    )
    return StructureRecord(
        zoo="march-2020", row_id=ROW, verdict=verdict, reason="why", figures=(figure,)
    )


def test_a_figure_that_is_the_printed_one_ends_nothing():
    end_figure(CLAIM, record_of(Verdict.REPRODUCED))


def test_another_figure_fails_with_both_numbers():
    with pytest.raises(pytest.fail.Exception) as failure:
        end_figure(CLAIM, record_of(Verdict.HIGHER))

    assert failure.value.pytrace is False
    assert str(failure.value) == (
        f"higher: {ROW}: gflops; expected 6.27 within 0.005 (half), got 6.5"
    )


def test_a_figure_that_was_not_computed_fails_with_the_reason_of_its_row():
    with pytest.raises(pytest.fail.Exception, match=r"^unreadable: why$") as failure:
        end_figure(UNKNOWN, record_of(Verdict.UNREADABLE))

    assert failure.value.pytrace is False


def test_a_figure_comes_back_from_the_report_of_its_call_alone():
    item = SimpleNamespace(stash=pytest.Stash(), user_properties=[])
    setup, call = SimpleNamespace(when="setup"), SimpleNamespace(when="call")
    hand_over(item, call)
    assert records_of([call]) == {}

    record = record_of(Verdict.HIGHER)
    keep_figure(item, CLAIM, record)
    hand_over(item, setup)
    hand_over(item, call)

    assert records_of([setup]) == {}
    assert records_of([setup, object(), call]) == {(ROW, "gflops"): record}
    assert item.user_properties == [
        ("published", "6.27"),
        ("measured", 6.5),
        ("difference", 0.23),
        ("tolerance", "0.005"),
        ("verdict", "higher"),
    ]


def test_a_figure_that_was_not_computed_has_the_verdict_of_its_row():
    item = SimpleNamespace(stash=pytest.Stash(), user_properties=[])

    keep_figure(item, UNKNOWN, record_of(Verdict.UNREADABLE))

    assert item.user_properties == [("published", "31.30"), ("verdict", "unreadable")]


def test_the_table_has_the_figures_that_were_computed_alone(repository: Path):
    zoo = open_zoo("march-2020", home=repository)
    record = record_of(Verdict.REPRODUCED)

    text = table_of(zoo, {(ROW, "gflops"): record})

    assert "gflops" in text
    assert "size_mb" not in text


def test_the_figures_of_a_row_are_computed_and_written_once(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
):
    zoo = open_zoo("march-2020", home=repository)
    computed = []

    def compute(zoo: object, row: object) -> StructureRecord:
        computed.append(row)
        return record_of(Verdict.REPRODUCED)

    monkeypatch.setattr(computed_figures, "structure_record", compute)
    of_claim = computing(zoo, tmp_path)

    assert of_claim(CLAIM) == of_claim(UNKNOWN) == record_of(Verdict.REPRODUCED)
    assert computed == [zoo.row(ROW)]
    assert read_structures(tmp_path) == {ROW: record_of(Verdict.REPRODUCED)}


def test_figures_that_cannot_be_written_fail_in_one_sentence(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: object) -> None:
        raise UsageError("the records folder cannot be written")

    monkeypatch.setattr(record_files, "write_structure", refuse)
    of_claim = computing(open_zoo("march-2020", home=repository), tmp_path)

    with pytest.raises(
        pytest.fail.Exception, match=r"^errored: the records folder cannot be written$"
    ) as failure:
        of_claim(CLAIM)
    assert failure.value.pytrace is False


@pytest.fixture
def repository(request: pytest.FixtureRequest) -> Path:
    return request.config.rootpath
