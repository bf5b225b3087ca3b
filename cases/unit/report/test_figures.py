import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from harness.errors import RecordInvalid
from harness.report.figures import (
    check_structures,
    count_figures,
    figure_cell,
    figures_text,
)
from harness.report.pages import Values, render_pages
from harness.report.words import CHINESE, ENGLISH
from harness.values.records import Figure, StructureRecord, Verdict
from harness.values.rows import Claim, Zoo

P1 = "yolov3-resnet50_vd_dcn-coco-prune_sensity-320"
P2 = "yolov3-mobilenet_v1-coco-prune_r578-608"


def figure(metric: str, printed: str, computed: float, verdict: Verdict) -> Figure:
    return Figure(
        metric=metric,
        printed=printed,
        computed=computed,
        difference=computed - float(printed),
        tolerance="0.02",
        basis="a test",
        is_estimate=metric.startswith("int8_"),
        verdict=verdict,
    )


@pytest.fixture
def published(zoo: Zoo) -> Zoo:
    """The small zoo with figures: two of one row, an int8 size of the other."""
    table, *others = zoo.tables
    columns = (*table.columns, "GFLOPs", "MB")
    wide = replace(
        table,
        columns=columns,
        align=(*table.align, "center", "center"),
        metric_columns={**table.metric_columns, "GFLOPs": "gflops", "MB": "size_mb"},
    )
    more = {
        P1: (Claim(row_id=P1, metric="int8_size_mb", printed="66"),),
        P2: (
            Claim(row_id=P2, metric="gflops", printed="6.27"),
            Claim(row_id=P2, metric="size_mb", printed="31.30"),
        ),
    }
    claims = {one: (*zoo.claims[one], *more.get(one, ())) for one in zoo.claims}
    return replace(zoo, tables=(wide, *others), claims=claims)


@pytest.fixture
def structures() -> Mapping[str, StructureRecord]:
    return {
        P1: StructureRecord(
            zoo="small",
            row_id=P1,
            verdict=Verdict.REPRODUCED,
            reason="",
            figures=(figure("int8_size_mb", "66", 65.85, Verdict.REPRODUCED),),
        ),
        P2: StructureRecord(
            zoo="small",
            row_id=P2,
            verdict=Verdict.HIGHER,
            reason="",
            figures=(
                figure("gflops", "6.27", 6.266, Verdict.REPRODUCED),
                figure("size_mb", "31.30", 31.4, Verdict.HIGHER),
            ),
        ),
    }


def test_a_figure_is_shown_with_difference_and_verdict(
    published: Zoo, structures: Mapping[str, StructureRecord]
) -> None:
    row, record = published.row(P2), structures[P2]

    cells = [
        figure_cell(published, row, metric, record, ENGLISH)
        for metric in ("gflops", "size_mb")
    ]

    assert cells == ["6.27 (0.00, reproduced)", "31.40 (+0.10, higher)"]


def test_an_estimate_is_called_one(
    published: Zoo, structures: Mapping[str, StructureRecord]
) -> None:
    row, record = published.row(P1), structures[P1]

    english = figure_cell(published, row, "size_mb", record, ENGLISH)
    chinese = figure_cell(published, row, "size_mb", record, CHINESE)

    assert english == "about 65.8 (-0.15, reproduced)"
    assert chinese == "约 65.8（-0.15，已复现）"


def test_a_figure_that_is_not_printed_is_an_empty_cell(published: Zoo) -> None:
    assert figure_cell(published, published.row(P1), "gflops", None, ENGLISH) == ""


def test_a_figure_without_a_number_says_why(published: Zoo) -> None:
    record = StructureRecord(
        zoo="small", row_id=P2, verdict=Verdict.UNREADABLE, reason="no network"
    )
    row = published.row(P2)

    assert figure_cell(published, row, "gflops", None, ENGLISH) == (
        "– not measured: no record"
    )
    assert figure_cell(published, row, "gflops", record, ENGLISH) == (
        "– not computed: no such network in this version"
    )


def test_the_counts_sum_to_the_published_figures(
    published: Zoo, structures: Mapping[str, StructureRecord]
) -> None:
    counts = count_figures(published, {P2: structures[P2]})

    assert sum(counts.values()) == 3
    assert counts["reproduced"] == counts["higher"] == counts["not_measured"] == 1


def test_a_page_shows_figures_and_their_count(
    published: Zoo, structures: Mapping[str, StructureRecord]
) -> None:
    pages = render_pages(published, {}, Values.MEASURED, structures)
    page = pages["MODEL_ZOO_en.md"]

    assert "**3 figures that need no data = 2 reproduced + 1 higher**" in page
    assert "| 6.27 (0.00, reproduced) |" in page
    assert "about 65.8 (-0.15, reproduced)" in page


def test_published_figures_are_printed_as_printed(published: Zoo) -> None:
    page = render_pages(published, {}, Values.PUBLISHED)["MODEL_ZOO_en.md"]

    assert "31.30" in page
    assert re.search(r"\| +66 +\|", page)
    assert "need no data" not in page


def test_a_zoo_without_figures_says_nothing_of_them(zoo: Zoo) -> None:
    page = render_pages(zoo, {}, Values.MEASURED)["MODEL_ZOO_en.md"]

    assert "need no data" not in page
    assert "GFLOPs" not in page


def test_the_short_table_ends_with_a_count(
    published: Zoo, structures: Mapping[str, StructureRecord]
) -> None:
    claims = published.structure_claims(P2)
    lines = figures_text([structures[P2]], claims).splitlines()

    assert lines[0].split() == [
        *("row", "figure", "computed", "printed", "difference", "tolerance", "verdict")
    ]
    assert lines[1].split()[1:] == [
        *("gflops", "6.266", "6.27", "0.00", "0.02", "reproduced")
    ]
    assert lines[-1] == "2 figures: 1 reproduced, 1 higher"


def test_a_record_of_another_zoo_is_refused(
    published: Zoo, structures: Mapping[str, StructureRecord]
) -> None:
    other = replace(structures[P2], zoo="large")

    with pytest.raises(
        RecordInvalid,
        match="expected one of the 2 rows of small with a figure, got a row of large; "
        "remove the record",
    ):
        check_structures(published, {P2: other})
    with pytest.raises(RecordInvalid, match="a structure record of nobody"):
        check_structures(published, {"nobody": structures[P2]})
