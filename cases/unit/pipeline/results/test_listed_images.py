from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import DetectionsInvalid, UsageError
from harness.pipeline.results.opened_truth import truth_of_listed
from harness.values.truth import FaceTruth

TRUTH = FaceTruth(
    image_ids=np.arange(3),
    image_names=np.array(["0--A/a_1", "0--A/a_2", "9--B/b.c_1"]),
    box_image_ids=np.array([0, 2, 2]),
    boxes_xywh=np.arange(12.0).reshape(3, 4),
    is_easy=np.array([True, False, True]),
    is_medium=np.array([True, True, False]),
    is_hard=np.array([False, True, True]),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "some.txt"


@pytest.mark.parametrize(
    "text",
    [
        "9--B/b.c_1\n0--A/a_1\n",
        "./0--A/a_1.txt\r\n\r\n9--B\\b.c_1.jpg",
        "\ufeff0--A/a_1.jpg\n9--B/b.c_1\n9--B/b.c_1\n",
    ],
)
def test_listed_images_keep_the_truth_s_order_and_ids(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8", newline="")
    truth = truth_of_listed(file, TRUTH)

    assert truth.image_names.tolist() == ["0--A/a_1", "9--B/b.c_1"]
    assert truth.image_ids.tolist() == [0, 2]
    assert truth.box_image_ids.tolist() == [0, 2, 2]
    assert truth.boxes_xywh.tolist() == TRUTH.boxes_xywh.tolist()
    assert truth.is_easy.tolist() == [True, False, True]
    assert truth.is_medium.tolist() == [True, True, False]
    assert truth.is_hard.tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no image is listed; write one name a line"),
        (b"\n \n", "no image is listed; write one name a line"),
        (
            b"0--A/a_1\n0--A/a_3\n",
            "line 2; expected one of the 3 .*, got '0--A/a_3'; wr",
        ),
        (b"\xb9\xb7", "not UTF-8 text; got .*; write it again as UTF-8"),
        (b"x" * 5000, "line 1; .* got 'x{80}'; write one name a line"),
    ],
)
def test_a_list_that_is_none_is_refused(
    file: Path, content: bytes, message: str
) -> None:
    file.write_bytes(content)

    with pytest.raises(DetectionsInvalid, match=rf"some\.txt: {message}"):
        truth_of_listed(file, TRUTH)


def test_a_list_that_is_not_there_is_named(file: Path) -> None:
    with pytest.raises(
        DetectionsInvalid, match=r"some\.txt: cannot be read; got No su"
    ):
        truth_of_listed(file, TRUTH)


def test_only_faces_are_listed(file: Path) -> None:
    other: Any = object()
    with pytest.raises(
        UsageError, match="--images; expected none: it is a choice of wi"
    ):
        truth_of_listed(file, other)
