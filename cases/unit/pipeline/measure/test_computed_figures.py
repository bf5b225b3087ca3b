import pytest

from harness.pipeline.measure.computed_figures import structure_record
from harness.registry.zoo import open_zoo
from harness.values.records import Verdict
from harness.values.rows import Zoo

ROW = "yolov3-mobilenet_v1-coco-prune_r578-608"
FACE = "blazeface-nas2-widerface-baseline-640"


@pytest.fixture(scope="module")
def march(request: pytest.FixtureRequest) -> Zoo:
    return open_zoo("march-2020", home=request.config.rootpath)


def test_the_record_of_a_row_has_all_of_its_figures(march: Zoo) -> None:
    record = structure_record(march, march.row(ROW))

    assert record.verdict is Verdict.REPRODUCED
    assert [one.metric for one in record.figures] == ["gflops", "size_mb"]
    assert record.elements == 8_016_992  # zoo-spec 4.2
    assert record.variables > 100
    assert record.gflops_true == pytest.approx(float(record.figures[0].computed), 0.01)
    assert (record.zoo, record.row_id) == ("march-2020", ROW)
    assert record.reason == ""


def test_every_figure_that_has_a_network_is_reproduced(march: Zoo) -> None:
    records = [structure_record(march, row) for row in march.rows]
    verdicts = {one.verdict for record in records for one in record.figures}

    assert verdicts == {Verdict.REPRODUCED}
    assert sum(len(record.figures) for record in records) >= 60


def test_a_row_without_a_network_is_unreadable_by_name(march: Zoo) -> None:
    record = structure_record(march, march.row(FACE))

    assert record.verdict is Verdict.UNREADABLE
    assert record.figures == ()
    assert (record.zoo, record.row_id) == ("march-2020", FACE)
    assert record.reason == (
        "no network blazeface-nas2 in this version; its figures were not computed"
    )
