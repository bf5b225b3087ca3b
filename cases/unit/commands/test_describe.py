import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Zoo = Callable[..., Any]  # conftest's fixture

ROW = "yolov3-mobilenet_v1-coco-prune_r578-608"


def test_a_row_is_described_beside_what_was_published(zoo: Zoo) -> None:
    said = zoo("describe", ROW, "--zoo", "march-2020")

    assert said.code == 0
    assert "parameters                            8016992" in said.out
    assert "gflops     6.27     6.266" in said.out
    assert "size_mb    31.30    31.305" in said.out
    assert said.out.count("reproduced") == 2
    lines = [line.split("  ")[0] for line in said.out.splitlines()]
    assert lines == [
        "figure",
        "parameters",
        "variables",
        "GFLOPs, as published",
        "GFLOPs, with deformable convolutions",
        "folder, as published (MiB)",
        "files (KB)",
        "int8, an estimate (MB)",
        "",
        "published",
        "gflops",
        "size_mb",
    ]


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
    assert (
        "no row 'a-row' in january-2020; expected the id of a row, got none" in said.err
    )


QUANT = Path(__file__).parents[2] / "oracle" / "quant"
FACES = "blazeface-nas-widerface-quant_post-640"  # the demo's network is as wide


@pytest.fixture
def post() -> Path:
    return next(QUANT.glob("blazeface_post_*.tar.gz"))


def test_an_archive_is_described_convolution_by_convolution(
    zoo: Zoo, post: Path
) -> None:
    said = zoo("describe", FACES, "--archive", str(post))

    assert said.code == 0
    assert "8 bits: 30 convolutions, 27 activations" in said.out
    lines = [line.split() for line in said.out.splitlines()]
    (first,) = (line for line in lines if line[:1] == ["conv1_weights"])
    assert first[1] == "image"
    assert first[-3:] == ["-127", "to", "127"]


def test_the_json_of_an_archive_holds_every_scale(zoo: Zoo, post: Path) -> None:
    said = zoo("describe", FACES, "--archive", str(post), "--json")

    told = json.loads(said.out)
    assert told["row"] == FACES
    assert told["quantisation"].startswith("a program with integer weights")
    first = told["convolutions"][0]
    assert len(first["weight_scales"]) == first["channels"] == 12
    assert first["activation_scale"] == 1.035967230796814


def test_an_archive_that_is_not_the_rows_is_named(zoo: Zoo, post: Path) -> None:
    said = zoo("describe", FACES.replace("nas", "lite"), "--archive", str(post))

    assert said.code != 0
    assert f"{post.name}: " in said.err
    assert "variables have" in said.err


def test_an_archive_that_is_not_there_is_a_usage_error(
    zoo: Zoo, tmp_path: Path
) -> None:
    said = zoo("describe", FACES, "--archive", str(tmp_path / "none.tar"))

    assert said.code == 2
    assert "no archive" in said.err


def test_a_float_archive_has_no_convolution_to_describe(zoo: Zoo) -> None:
    archive = QUANT.parent / "made" / "layout_blazeface_nas_program_weights.tar.gz"
    row = "blazeface-nas-widerface-baseline-640"

    said = zoo("describe", row, "--zoo", "march-2020", "--archive", str(archive))
    as_json = zoo(
        "describe", row, "--zoo", "march-2020", "--archive", str(archive), "--json"
    )

    assert "quantisation    none" in said.out
    assert "convolution" not in said.out
    assert json.loads(as_json.out)["convolutions"] == []


def test_convolutions_in_float_are_described_as_such(
    zoo: Zoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.model.quantised.described import DescribedConv
    from harness.pipeline.archives import described_archive

    found = described_archive.DescribedArchive(
        layout="program",
        shape_plan="none",
        quantisation="some",
        convolutions=(DescribedConv(weights="yolo_output", channels=3),),
        notes=(),
        ignored_files=(),
    )
    monkeypatch.setattr(described_archive, "describe_archive", lambda *_: found)

    said = zoo("describe", FACES, "--archive", ".")

    assert ["yolo_output", "float"] in [line.split() for line in said.out.splitlines()]


def test_an_archive_is_printed_line_by_line(
    zoo: Zoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.model.quantised.described import DescribedConv
    from harness.pipeline.archives import described_archive

    description = described_archive.DescribedArchive(
        layout="program",
        shape_plan="none",
        quantisation=None,
        convolutions=(
            DescribedConv(
                weights="conv1",
                channels=2,
                activation="image",
                activation_scale=1.25,
                weight_scales=(0.5, 0.25, 0.75),
                integers=(-127, 126),
            ),
        ),
        notes=("one", "two"),
        ignored_files=("a", "b", "c"),
    )
    monkeypatch.setattr(described_archive, "describe_archive", lambda *_: description)

    said = zoo("describe", FACES, "--archive", ".")

    assert [" ".join(line.split()) for line in said.out.splitlines()] == [
        "archive read",
        "layout program",
        "shapes none",
        "quantisation none",
        "note one",
        "note two",
        "files not used 3",
        "",
        "convolution reads activation scale weight scales integers",
        "conv1 image 1.25 0.25 to 0.75 -127 to 126",
    ]
