from dataclasses import replace
from pathlib import Path

import pytest

from harness.registry.lint.corrected import (
    corrected_claims,
    corrected_size,
    corrected_url,
    network_of,
)
from harness.registry.zoo import open_zoo
from harness.values.rows import Zoo

P1 = "yolov3-resnet50_vd_dcn-coco-prune_sensity-320"
R34 = "yolov3-resnet34-coco-quant_aware-608"


@pytest.fixture
def january(repository: Path) -> Zoo:
    return open_zoo("january-2020", home=repository)


@pytest.fixture
def march(repository: Path) -> Zoo:
    return open_zoo("march-2020", home=repository)


def test_a_row_is_read_as_its_errata_correct_it(january: Zoo) -> None:
    row = january.row(P1)

    assert corrected_size(january, row) == 608
    assert corrected_url(january, row).endswith("/prune/yolov3_r50vd_dcn_prune1x.tar")


def test_a_claim_is_read_as_its_erratum_corrects_it(march: Zoo) -> None:
    claims = {one.metric: one for one in corrected_claims(march, march.row(R34))}

    assert claims["delta"].printed == "-1.0"
    assert claims["box_ap"].printed == "35.2"
    assert march.printed(R34, "delta") == "-1.1"


def test_an_erratum_of_other_printed_text_corrects_nothing(march: Zoo) -> None:
    errata = tuple(replace(one, printed="-1.2") for one in march.errata)
    doubted = replace(march, errata=errata)
    claims = {one.metric: one for one in corrected_claims(doubted, march.row(R34))}

    assert claims["delta"].printed == "-1.1"


def test_rows_of_one_network_differ_in_size_alone(march: Zoo) -> None:
    large, small = (march.row(R34.replace("608", px)) for px in ("608", "320"))

    assert network_of(large) == network_of(small)
    assert network_of(large) != network_of(
        march.row("yolov3-resnet34-coco-baseline-608")
    )
