import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import DetectionsInvalid
from harness.formats import coco_results
from harness.values.detections import Results
from harness.values.truth import CocoTruth

GOOD = {"image_id": 7, "category_id": 9, "bbox": [1, 2.5, 3, 4], "score": 0.5}
finite = st.floats(allow_nan=False, allow_infinity=False)
sides = st.floats(min_value=0, allow_infinity=False)


def truth() -> CocoTruth:
    return CocoTruth(
        image_ids=np.array([7, 3], np.int64),
        category_ids=np.array([4, 9], np.int64),
        box_image_ids=np.array([7], np.int64),
        box_category_ids=np.array([9], np.int64),
        boxes_xywh=np.array([[1, 2, 3, 4]], np.float64),
        areas_px2=np.array([12.0]),
        is_crowd=np.array([False]),
    )


def read(tmp_path: Path, content: str | bytes) -> Results:
    path = tmp_path / "found.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return coco_results.read(path, truth())


def test_entries_become_arrays_in_the_order_of_the_file(tmp_path: Path) -> None:
    other = {"image_id": 3, "category_id": 4, "bbox": [0, 0, 0, 0], "score": 1}
    found = read(tmp_path, json.dumps([GOOD, other]))

    assert found.image_ids.tolist() == [7, 3]
    assert found.classes.tolist() == [1, 0]
    assert found.boxes.tolist() == [[1, 2.5, 3, 4], [0, 0, 0, 0]]
    assert found.scores.tolist() == [0.5, 1]
    assert found.evaluated_ids.tolist() == [7, 3]
    found.check()


def test_other_keys_are_passed_over(tmp_path: Path) -> None:
    more = {**GOOD, "segmentation": [[1, 2, 3, 4, 5, 6]], "area": None, "id": "x"}

    assert read(tmp_path, json.dumps([more])).sha256() == (
        read(tmp_path, json.dumps([GOOD])).sha256()
    )


def test_an_empty_list_is_no_detections_of_all_images(tmp_path: Path) -> None:
    found = read(tmp_path, "[]")

    assert len(found.scores) == 0
    assert found.boxes.shape == (0, 4)
    assert found.evaluated_ids.tolist() == [7, 3]


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\n \n"])
def test_what_stands_before_the_list_is_no_fault(tmp_path: Path, mark: bytes) -> None:
    assert len(read(tmp_path, mark + json.dumps([GOOD]).encode()).scores) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image_id": 8}, r"image_id; expected one of the 2 that the truth lists"),
        ({"image_id": "7"}, r'image_id; expected an integer, got "7"'),
        ({"image_id": 7.5}, r"image_id; expected an integer, got 7\.5; write the id"),
        ({"image_id": 8.0}, "image_id; expected one of the 2 .*, got 8; score against"),
        ({"image_id": True}, "image_id; expected an integer, got true"),
        ({"image_id": 10**30}, "image_id; expected one of the 2"),
        ({"category_id": 5}, "category_id; expected one of the 2 .*, got 5"),
        ({"category_id": 10}, "category_id; expected one of the 2 .*, got 10"),
        ({"category_id": None}, "category_id; expected an integer, got null"),
        ({"score": True}, "score; expected a finite number, got true"),
        ({"bbox": [1, True, 3, 4]}, "bbox; expected .*got .1, true, 3, 4"),
        ({"score": float("nan")}, "score; expected a finite number, got NaN"),
        ({"score": float("inf")}, "score; expected a finite number, got Infinity"),
        ({"score": "0.5"}, 'score; expected a finite number, got "0.5"'),
        ({"score": False}, "score; expected a finite number, got false"),
        (
            {"score": 10**400},
            r"score; expected a finite number, got 10+\.\.\. and 321 more char",
        ),
        ({"bbox": [1, 2, 3]}, r"bbox; expected \[x, y, width, height\], finite"),
        ({"bbox": [1, 2, 3, 4, 5]}, "bbox; expected .*, got .1, 2, 3, 4, 5."),
        ({"bbox": {"x": 1}}, r"bbox; expected .*, got {\"x\": 1}"),
        ({"bbox": [1, 2, 3, "4"]}, "bbox; expected .*finite numbers"),
        ({"bbox": [1, float("-inf"), 3, 4]}, "bbox; expected .*got .1, -Infinity"),
        ({"bbox": [1, 2, -3, 4]}, "bbox; expected sides of 0 or more, got .1, 2, -3"),
        ({"bbox": [1, 2, 3, -0.1]}, "bbox; expected sides of 0 or more"),
    ],
)
def test_a_bad_entry_is_refused_by_file_and_number(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    content = json.dumps([GOOD, {**GOOD, **change}, GOOD])

    with pytest.raises(
        DetectionsInvalid, match=rf"found\.json: entry at index 1: {message}"
    ):
        read(tmp_path, content)


@pytest.mark.parametrize("key", GOOD)
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    short = {name: value for name, value in GOOD.items() if name != key}

    with pytest.raises(
        DetectionsInvalid, match=f"index 0: key {key} is missing; got only "
    ):
        read(tmp_path, json.dumps([short]))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "[{]",
            r"not JSON; expected a list, \[\] where .*, got Expecting property name",
        ),
        ("", r"an empty file; expected a list, \[\] where nothing was found; write"),
        (" \n", r"an empty file; expected a list, \[\] where nothing was found; write"),
        (b"[\xb9\xb7]", "not UTF-8 text; got .* byte 0xb9 .*; write the list of "),
        ("3", "not a COCO result list; expected a list, got 3; write the list"),
        ("[" + 5000 * "9" + "]", "a number with thousands of digits; got .*; write"),
        ("[3]", "entry at index 0: entry; expected an object, got 3"),
        (
            "[" * 100_000,
            "nested deeper than can be read; expected a list of flat objec",
        ),
    ],
)
def test_a_file_that_is_no_result_list_is_refused(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    with pytest.raises(DetectionsInvalid, match=rf"found\.json: {message}"):
        read(tmp_path, content)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        DetectionsInvalid,
        match=r"none\.json: cannot be read; got No such file.*; give a COCO",
    ):
        coco_results.read(tmp_path / "none.json", truth())


@settings(max_examples=50)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from([7, 3]),
            st.integers(0, 1),
            finite,
            st.tuples(finite, finite, sides, sides),
        )
    )
)
def test_what_is_written_is_read_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Any]
) -> None:
    results = Results(
        evaluated_ids=truth().image_ids,
        image_ids=np.array([row[0] for row in rows], np.int64),
        classes=np.array([row[1] for row in rows], np.int32),
        scores=np.array([row[2] for row in rows], np.float64),
        boxes=np.array([row[3] for row in rows], np.float64).reshape(-1, 4),
    )
    path = tmp_path_factory.mktemp("written") / "found.json"
    coco_results.write(results, truth(), path)

    assert coco_results.read(path, truth()).sha256() == results.sha256()
    assert all(set(one) == set(GOOD) for one in json.loads(path.read_bytes()))


def test_a_class_without_a_category_is_not_written(tmp_path: Path) -> None:
    results = Results(
        evaluated_ids=truth().image_ids,
        image_ids=np.array([7], np.int64),
        classes=np.array([2], np.int32),
        scores=np.array([0.5]),
        boxes=np.zeros((1, 4)),
    )

    with pytest.raises(DetectionsInvalid, match="classes; expected 0 to 1, got 2"):
        coco_results.write(results, truth(), tmp_path / "found.json")
    assert not list(tmp_path.iterdir())


# --- forms that other tools write --------------------------------------------------


def test_whole_floats_are_ids(tmp_path: Path) -> None:
    floats = {**GOOD, "image_id": 7.0, "category_id": 9.0}

    found = read(tmp_path, json.dumps([floats]))

    assert found.sha256() == read(tmp_path, json.dumps([GOOD])).sha256()


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            {"info": {}, "annotations": [GOOD]},
            r'with annotations, info; write .* json\.dump\(data\["annotations"\], fi',
        ),
        ({"results": [GOOD]}, r'json\.dump\(data\["results"\], file\)'),
        (
            {"annotations": [{"bbox": [1, 2, 3, 4]}]},
            "its annotations have no score: this is a truth file, for --truth; results",
        ),
        ({"annotations": []}, "got an object with annotations; write the list of"),
        ({}, "got an object with no key; write the list of"),
        ({"x" * 5000: 1}, r"x+\.\.\. and \d+ more characters; write the list"),
    ],
)
def test_an_object_is_told_where_its_list_is(
    tmp_path: Path, document: dict[str, Any], message: str
) -> None:
    with pytest.raises(DetectionsInvalid, match=f"not a COCO result list.*{message}"):
        read(tmp_path, json.dumps(document))


def test_an_extra_key_may_be_nested_but_not_without_end(tmp_path: Path) -> None:
    def nested(depth: int) -> str:
        return json.dumps([GOOD])[:-2] + f', "more": {"[" * depth + "]" * depth}}}]'

    assert len(read(tmp_path, nested(200)).scores) == 1
    with pytest.raises(
        DetectionsInvalid, match=r"nested deeper than can be read; .*; le"
    ):
        read(tmp_path, nested(100_000))


def test_an_unpaired_surrogate_in_an_extra_key_does_no_harm(tmp_path: Path) -> None:
    content = json.dumps([{**GOOD, "file_name": "\ud800\0.jpg"}])

    assert len(read(tmp_path, content).scores) == 1


def many_categories(ids: list[int]) -> CocoTruth:
    made = truth()
    return replace(
        made,
        category_ids=np.array(ids, np.int64),
        box_category_ids=np.array(ids[-1:], np.int64),
    )


@pytest.mark.parametrize(
    ("truth_ids", "given", "message"),
    [
        (
            [1, 2, 4, 90],
            [0, 3],
            "from 0 to 3, write .* ids: 0 is 1, 1 is 2, 2 is 4, ..",
        ),
        (
            [1, 2, 4, 90],
            [1, 3],
            "from 1 to 4, write .* ids: 1 is 1, 2 is 2, 3 is 4, ..",
        ),
        ([0, 1], [1, 2], "from 1 to 2, write the categories' own ids: 1 is 0, 2 is 1$"),
        ([1, 2, 4, 90], [3, 5], "got 3; score against the annotations that it was"),
        ([1, 2, 4, 90], [3, 10**4000], "got 3; score against the annotations"),
    ],
)
def test_categories_that_are_places_in_a_list_are_told(
    tmp_path: Path, truth_ids: list[int], given: list[int], message: str
) -> None:
    path = tmp_path / "found.json"
    entries = [{**GOOD, "category_id": one} for one in given]
    path.write_text(json.dumps(entries))

    with pytest.raises(DetectionsInvalid, match=f"category_id; .*{message}"):
        coco_results.read(path, many_categories(truth_ids))


def test_image_ids_beyond_a_sign_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(
        DetectionsInvalid, match=r"image_id; .* got 9223372036854775813"
    ):
        read(tmp_path, json.dumps([{**GOOD, "image_id": 2**63 + 5}]))


@pytest.mark.parametrize("target", ["nowhere", "found.json"])
def test_a_link_that_leads_nowhere_is_named(tmp_path: Path, target: str) -> None:
    (tmp_path / "found.json").symlink_to(target)

    with pytest.raises(DetectionsInvalid, match=r"found\.json: cannot be read; got "):
        coco_results.read(tmp_path / "found.json", truth())


def test_a_folder_and_a_name_that_is_too_long_are_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / ("x" * 300), tmp_path / "a\0b"):
        with pytest.raises(
            DetectionsInvalid, match=r"cannot be read; got .*; give a CO"
        ):
            coco_results.read(path, truth())
