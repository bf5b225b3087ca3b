import copy
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.dataset.coco_annotations import (
    parse_annotations,
    parse_category_names,
    parse_truth,
)
from harness.errors import DatasetInvalid

ANNOTATION = {
    "id": 5,
    "image_id": 1,
    "category_id": 90,
    "bbox": [1.25, 2, 3, 4],
    "area": 7.5,
    "iscrowd": 0,
}
IMAGE = {"id": 1, "file_name": "a.jpg", "width": 10, "height": 20}


def data_with(**replaced: Any) -> dict[str, Any]:
    data = {
        "images": [IMAGE],
        "categories": [{"id": 90}, {"id": 3}],
        "annotations": [ANNOTATION],
    }
    return copy.deepcopy({**data, **replaced})


def test_values_are_taken_as_they_stand() -> None:
    found = parse_annotations(json.dumps(data_with()))

    assert [(one.image_id, one.file_name) for one in found.images] == [(1, "a.jpg")]
    assert (found.images[0].width_px, found.images[0].height_px) == (10, 20)
    assert found.truth.boxes_xywh.tolist() == [[1.25, 2, 3, 4]]
    assert found.truth.areas_px2.tolist() == [7.5]
    assert found.truth.is_crowd.tolist() == [False]
    assert found.truth.box_category_ids.tolist() == [90]


def test_classes_are_the_category_ids_in_ascending_order() -> None:
    assert parse_annotations(json.dumps(data_with())).truth.category_ids.tolist() == [
        3,
        90,
    ]


def test_a_file_without_annotations_has_empty_truth() -> None:
    truth = parse_annotations(json.dumps(data_with(annotations=[]))).truth

    assert truth.boxes_xywh.shape == (0, 4)
    assert truth.image_ids.tolist() == [1]


@pytest.mark.parametrize("text", ["{", "", "[" * 100_000, f'{{"a": {"9" * 5000}}}'])
def test_what_is_not_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(DatasetInvalid, match="not JSON; got "):
        parse_annotations(text)


@pytest.mark.parametrize("text", [b"\xff\xfe\x00", '{"a": "类别"}'.encode("gbk")])
def test_another_encoding_is_told(text: bytes) -> None:
    with pytest.raises(
        DatasetInvalid,
        match=r"not UTF-8 text; got .*; save it again in the encoding UT",
    ):
        parse_annotations(text)


def test_scoring_needs_neither_names_nor_sizes_of_images() -> None:
    data = data_with(images=[{"id": 1}])

    truth = parse_truth(json.dumps(data))

    assert truth.sha256() == parse_annotations(json.dumps(data_with())).truth.sha256()
    with pytest.raises(DatasetInvalid, match="image 1: field file_name is missing"):
        parse_annotations(json.dumps(data))
    with pytest.raises(DatasetInvalid, match="images; expected at least one"):
        parse_truth(json.dumps(data_with(images=[])))


def test_whole_floats_are_ids() -> None:
    floats = data_with(
        images=[{**IMAGE, "id": 1.0}],
        annotations=[{**ANNOTATION, "image_id": 1.0, "category_id": 90.0}],
    )

    truth = parse_truth(json.dumps(floats))

    assert truth.sha256() == parse_truth(json.dumps(data_with())).sha256()
    with pytest.raises(DatasetInvalid, match=r"id; expected an integer, got 1\.5"):
        parse_truth(json.dumps(data_with(images=[{"id": 1.5}])))


@pytest.mark.parametrize("beyond", [2**63, 2**64 - 1])
def test_an_id_beyond_64_bits_with_a_sign_is_named(beyond: int) -> None:
    with pytest.raises(
        DatasetInvalid,
        match=rf"id; expected .* below 2\*\*63, got {beyond}; number anew from 1, here",
    ):
        parse_truth(json.dumps(data_with(images=[{"id": beyond}])))
    largest = data_with(images=[{"id": 1}, {"id": 2**63 - 1}])
    assert parse_truth(json.dumps(largest)).image_ids.tolist() == [1, 2**63 - 1]


def test_categories_have_their_names_or_their_ids() -> None:
    categories = [
        {"id": 3, "name": "cat"},
        {"id": 4},
        {"id": 5, "name": "twice"},
        {"id": 6, "name": "twice"},
        {"id": 7, "name": "a\ud800\x1b"},
    ]

    names = parse_category_names(json.dumps(data_with(categories=categories)))

    assert names == {3: "cat", 4: "4", 5: "5", 6: "6", 7: r"a\ud800\x1b"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "not a COCO annotation file; expected an object, got list"),
        ({"images": []}, "images; expected at least one, got none"),
        ({"image": []}, "field images is missing; got only image"),
        (data_with(images={}), "images; expected a list, got dict"),
        (data_with(annotations=[3]), "annotations[0]; expected an object, got 3"),
        (data_with(images=[]), "images; expected at least one, got none"),
        (
            data_with(images=[IMAGE, IMAGE]),
            "image at index 1: id 1 is listed twice; got also at index 0",
        ),
        (
            data_with(categories=[{"id": 3}, {"id": 3}]),
            "category at index 1: id 3 is listed twice",
        ),
        (
            data_with(annotations=[ANNOTATION, ANNOTATION]),
            "annotation at index 1: id 5 is listed twice",
        ),
        (data_with(categories=[{}]), "category at index 0: field id is missing"),
    ],
)
def test_a_malformed_file_is_refused(data: Any, message: str) -> None:
    with pytest.raises(DatasetInvalid, match=re.escape(message)):
        parse_annotations(json.dumps(data))


@pytest.mark.parametrize("field", sorted(IMAGE))
def test_every_field_of_an_image_is_needed(field: str) -> None:
    image = {key: value for key, value in IMAGE.items() if key != field}

    with pytest.raises(DatasetInvalid, match=f"field {field} is missing"):
        parse_annotations(json.dumps(data_with(images=[image])))


@pytest.mark.parametrize("field", sorted(ANNOTATION))
def test_every_field_of_an_annotation_is_needed(field: str) -> None:
    annotation = {key: value for key, value in ANNOTATION.items() if key != field}

    with pytest.raises(DatasetInvalid, match=f"field {field} is missing; got only "):
        parse_annotations(json.dumps(data_with(annotations=[annotation])))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("id", "1", "image at index 0: id; expected an integer, got '1'"),
        ("width", 0, "image 1: width; expected 1 px or more, got 0"),
        ("height", -2, "image 1: height; expected 1 px or more, got -2"),
        ("height", 2.5, "image 1: height; expected an integer, got 2.5"),
        ("file_name", "", "image 1: file_name; expected a name, got nothing"),
        ("file_name", 3, "image 1: file_name; expected a name, got 3"),
        ("file_name", "../a.jpg", "file_name; expected a name inside the image folder"),
        ("file_name", "/etc/a.jpg", "expected a name inside the image folder, got '/"),
    ],
)
def test_a_malformed_image_is_refused(field: str, value: Any, message: str) -> None:
    data = data_with(images=[{**IMAGE, field: value}])

    with pytest.raises(DatasetInvalid, match=re.escape(message)):
        parse_annotations(json.dumps(data))


BOX = "annotation 5: bbox; expected [x, y, width, height], finite, sides 0 or more"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("id", True, "annotation at index 0: id; expected an integer, got True"),
        ("id", 2**63, "annotation at index 0: id; expected an integer"),
        ("image_id", 2, "annotation 5: image_id; expected one of the 1 listed, got 2"),
        ("image_id", "1", "annotation 5: image_id; expected an integer, got '1'"),
        ("category_id", 4, "category_id; expected one of the 2 listed, got 4"),
        ("bbox", [1, 2, 3], f"{BOX}, got [1, 2, 3]"),
        ("bbox", None, f"{BOX}, got None"),
        ("bbox", [1, 2, -3, 4], f"{BOX}, got [1, 2, -3, 4]"),
        ("bbox", [float("nan"), 2, 3, 4], f"{BOX}, got [nan, 2, 3, 4]"),
        ("bbox", [1, 2, float("inf"), 4], f"{BOX}, got [1, 2, inf, 4]"),
        ("bbox", [1, 2, "3", 4], f"{BOX}, got [1, 2, '3', 4]"),
        ("bbox", [10**400, 2, 3, 4], BOX),
        ("bbox", [1, True, 3, 4], f"{BOX}, got [1, True, 3, 4]"),
        ("area", True, "annotation 5: area; expected finite, 0 or more, got True"),
        ("area", -1, "annotation 5: area; expected finite, 0 or more, got -1"),
        ("area", float("nan"), "annotation 5: area; expected finite, 0 or more"),
        ("area", None, "annotation 5: area; expected finite, 0 or more, got None"),
        ("iscrowd", 2, "annotation 5: iscrowd; expected 0 or 1, got 2"),
        ("iscrowd", None, "annotation 5: iscrowd; expected 0 or 1, got None"),
    ],
)
def test_a_malformed_annotation_is_refused(
    field: str, value: Any, message: str
) -> None:
    data = data_with(annotations=[{**ANNOTATION, field: value}])

    with pytest.raises(DatasetInvalid, match=re.escape(message)):
        parse_annotations(json.dumps(data))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner)
    ),
    max_leaves=6,
)


@given(
    part=st.sampled_from(["images", "annotations", "categories"]),
    field=st.sampled_from(sorted({*IMAGE, *ANNOTATION})),
    value=json_values,
)
def test_any_value_anywhere_is_read_or_refused(
    part: str, field: str, value: Any
) -> None:
    data = data_with()
    data[part][0][field] = value

    try:
        parse_annotations(json.dumps(data))
    except DatasetInvalid as error:
        assert error.where or error.got is not None  # noqa: PT017
