import json
from collections.abc import Callable
from typing import Any

Zoo = Callable[..., Any]  # conftest's fixture

ROW = "yolov3-mobilenet_v1-coco-prune_r578-608"


def test_a_row_is_described_beside_what_was_published(zoo: Zoo) -> None:
    said = zoo("describe", ROW, "--zoo", "march-2020")

    assert said.code == 0
    assert "parameters                            8016992" in said.out
    assert "gflops     6.27     6.266" in said.out
    assert "size_mb    31.30    31.305" in said.out
    assert said.out.count("reproduced") == 2


def test_a_row_without_published_figures_is_described_as_well(zoo: Zoo) -> None:
    said = zoo("describe", ROW)

    assert said.code == 0
    assert "GFLOPs, as published                  6.27" in said.out
    assert "printed" not in said.out


def test_the_json_holds_unrounded_numbers(zoo: Zoo) -> None:
    said = zoo("describe", ROW, "--zoo", "march-2020", "--json")

    told = json.loads(said.out)
    assert told["elements"] == 8_016_992
    assert told["folder_mib"] == 31.3046875
    assert [one["metric"] for one in told["figures"]] == ["gflops", "size_mb"]
    assert told["verdict"] == "reproduced"


def test_a_network_that_is_not_built_is_incomplete(zoo: Zoo) -> None:
    row = "blazeface-nas2-widerface-baseline-640"
    said = zoo("describe", row, "--zoo", "march-2020")
    as_json = zoo("describe", row, "--zoo", "march-2020", "--json")

    assert (said.code, as_json.code) == (3, 3)
    assert said.out.startswith("no network blazeface-nas2 in this version")
    assert json.loads(as_json.out)["verdict"] == "unreadable"


def test_an_unknown_row_is_a_usage_error(zoo: Zoo) -> None:
    said = zoo("describe", "a-row")

    assert said.code == 2
    assert "no row 'a-row' in january-2020; expected an id that" in said.err
