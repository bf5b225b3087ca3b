import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.detections import ImageDetections, join_images
from harness.errors import RecordInvalid
from harness.record_files import (
    read_detections,
    read_record,
    read_records,
    read_truth,
    record_from_json,
    record_paths,
    record_to_json,
    write_detections,
    write_record,
    write_truth,
)
from harness.records import (
    ArchiveUsed,
    DatasetUsed,
    Environment,
    Judgement,
    Measurement,
    Record,
    Verdict,
)
from harness.truth import CocoTruth

RECORD = Record(
    zoo="demo",
    row_id="yolov3-mobilenet_v1-coco-baseline-96",
    verdict=Verdict.REPRODUCED,
    reason="",
    measurements=(
        Measurement(
            input_px=96,
            erratum=None,
            scores_pct={"box_ap": 1 / 3, "ap50": 50.0},
            judgements=(
                Judgement(
                    metric="box_ap",
                    printed="0.3",
                    measured_pct=1 / 3,
                    difference_pct=1 / 3 - 0.3,
                    tolerance_pct="0.10",
                    verdict=Verdict.REPRODUCED,
                    budget="rounding 0.05 + device 0.05",
                ),
            ),
            verdict=Verdict.REPRODUCED,
            detections_sha256="0" * 64,
            detections_file="detections/0.npz",
            detection_count=3,
            store_key="k",
            replayed=False,
            detect_wall_s=1.5,
            detect_cpu_s=2.5,
            score_wall_s=0.5,
        ),
    ),
    archive=ArchiveUsed(
        name="a",
        source="https://example.org/a.tar",
        sha256="1" * 64,
        size_bytes=10,
        layout="separate_files",
        shape_plan="none",
        ignored_files=("learning_rate",),
    ),
    dataset=DatasetUsed(
        name="coco",
        fingerprint="f",
        image_count=2,
        annotation_count=3,
        truth_sha256="2" * 64,
        truth_file="truth/2.npz",
        differences=("12 图像",),
    ),
    protocol={"resize": "cubic"},
    environment=Environment(
        harness="0.1",
        python="3.11",
        paddle="2.6.2",
        numpy="1.26",
        decoder="d",
        metric_engine="m",
        device="cpu",
        device_model="x",
        threads=2,
        precision="float32",
        graph_optimiser="on",
    ),
    notes=("n",),
)
PLAIN = Record(zoo="z", row_id="r", verdict=Verdict.UNAVAILABLE, reason="gone")


@pytest.fixture
def detections():
    one = ImageDetections(
        classes=np.int32([0, 1]),
        scores=np.float32([0.5, 0.25]),
        boxes_xyxy=np.float32([[0, 1, 2, 3], [4, 5, 6, 7]]),
    )
    return join_images([7], [one])


@pytest.fixture
def truth():
    return CocoTruth(
        image_ids=np.int64([7]),
        category_ids=np.int64([1]),
        box_image_ids=np.int64([7]),
        box_category_ids=np.int64([1]),
        boxes_xywh=np.float64([[0, 1, 2, 3]]),
        areas_px2=np.float64([6]),
        is_crowd=np.bool_([False]),
    )


@pytest.mark.parametrize("record", [RECORD, PLAIN], ids=["measured", "not measured"])
def test_a_record_is_read_back_as_it_was(record):
    assert record_from_json(record_to_json(record)) == record


def test_equal_records_are_equal_bytes_whatever_the_order_of_their_maps():
    (measurement,) = RECORD.measurements
    turned = dict(reversed(measurement.scores_pct.items()))
    other = replace(RECORD, measurements=(replace(measurement, scores_pct=turned),))

    text = record_to_json(RECORD)

    assert record_to_json(other) == text
    assert text.endswith("}\n")
    assert "12 图像" in text
    assert "0.3333333333333333" in text  # unrounded


def changed(*path, value):
    data = json.loads(record_to_json(RECORD))
    inner = data
    for step in path[:-1]:
        inner = inner[step]
    if value is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return json.dumps(data)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON; got .+"),
        ("[]", "record format; expected 1; measure the row again with this version"),
        (changed("format", value=2), "record format; expected 1, got 2"),
        (
            changed("verdict", value="fine"),
            r"verdict: unknown word; expected reproduced \| .*, got 'fine'",
        ),
        (
            changed("zoo", value=None),
            "fields of Record; expected zoo too, got none of them",
        ),
        (
            changed("mood", value="good"),
            "fields of Record; expected no others, got also mood",
        ),
        (changed("zoo", value=3), "zoo: type; expected str, got 3"),
        (
            changed("archive", "size_bytes", value="10"),
            "archive: size_bytes: type; expected int, got '10'",
        ),
        (
            changed("archive", "size_bytes", value=True),
            "archive: size_bytes: type; expected int, got True",
        ),
        (
            changed("measurements", 0, "replayed", value=1),
            "measurements: replayed: type; expected bool, got 1",
        ),
        (
            changed("measurements", 0, "scores_pct", "box_ap", value="30"),
            "measurements: scores_pct: type; expected number, got '30'",
        ),
        (
            changed("measurements", 0, "scores_pct", "box_ap", value=float("nan")),
            "measurements: scores_pct: number; expected a finite one, got nan",
        ),
        (
            changed("measurements", 0, "detect_wall_s", value=float("inf")),
            "measurements: detect_wall_s: number; expected a finite one, got inf",
        ),
        (changed("measurements", value={}), "measurements: type; expected list"),
        (changed("protocol", value=[]), "protocol: type; expected dict"),
        (changed("environment", value="mine"), "environment: type; expected dict"),
    ],
)
def test_a_malformed_record_names_the_field(text, message):
    with pytest.raises(RecordInvalid, match=f"^{message}"):
        record_from_json(text)


def test_a_number_that_is_not_finite_is_not_written():
    (measurement,) = RECORD.measurements
    broken = replace(measurement, detect_wall_s=float("nan"))

    with pytest.raises(ValueError, match="not JSON compliant"):
        record_to_json(replace(RECORD, measurements=(broken,)))


def test_a_whole_number_will_do_for_a_number():
    record = record_from_json(changed("measurements", 0, "detect_wall_s", value=2))

    assert record.measurements[0].detect_wall_s == 2.0


def test_a_folder_gives_its_records_by_row(tmp_path):
    for record in (RECORD, PLAIN):
        write_record(tmp_path, record)
    (tmp_path / "detections").mkdir()

    assert read_records(tmp_path) == {RECORD.row_id: RECORD, "r": PLAIN}
    assert [one.name for one in record_paths(tmp_path)] == [
        "r.json",
        f"{RECORD.row_id}.json",
    ]


def test_what_macos_adds_is_no_record(tmp_path):
    (tmp_path / "._a.json").write_bytes(b"\0\5\x16\7")

    assert record_paths(tmp_path) == []


def test_a_missing_folder_holds_no_records(tmp_path):
    assert read_records(tmp_path / "nowhere") == {}


def test_a_record_under_another_rows_name_is_refused(tmp_path):
    write_record(tmp_path, PLAIN).rename(tmp_path / "s.json")

    with pytest.raises(RecordInvalid, match=r"s.json: row_id; expected s, got r$"):
        read_record(tmp_path / "s.json")


def test_a_record_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "r.json").write_bytes(b"\xff\xfe")

    with pytest.raises(RecordInvalid, match=r"r.json: not UTF-8 text; got .+"):
        read_record(tmp_path / "r.json")


def test_detections_are_kept_under_their_digest(tmp_path, detections):
    name = write_detections(tmp_path, detections)

    assert name == f"detections/{detections.sha256()}.npz"
    assert read_detections(tmp_path, name).sha256() == detections.sha256()


def test_truth_is_kept_under_its_digest(tmp_path, truth):
    name = write_truth(tmp_path, truth)

    assert name == f"truth/{truth.sha256()}.npz"
    assert read_truth(tmp_path, name).sha256() == truth.sha256()


def test_what_is_there_already_is_not_written_again(tmp_path, detections):
    path = tmp_path / write_detections(tmp_path, detections)
    before = path.stat().st_mtime_ns

    write_detections(tmp_path, detections)

    assert path.stat().st_mtime_ns == before


def test_altered_values_are_refused(tmp_path, detections):
    name = write_detections(tmp_path, detections)
    better = replace(detections, scores=detections.scores + np.float32(0.1))
    with (tmp_path / name).open("wb") as file:
        np.savez_compressed(file, **better.arrays())

    with pytest.raises(
        RecordInvalid,
        match=f"{name}: the values were altered; expected sha256 "
        f"{detections.sha256()}, got {better.sha256()}$",
    ):
        read_detections(tmp_path, name)


@pytest.mark.parametrize("name", ["../secret.npz", "detections/../../secret.npz"])
def test_a_path_out_of_the_folder_is_refused(tmp_path, name):
    with pytest.raises(RecordInvalid, match=r"path leaves the records folder; got .+"):
        read_detections(tmp_path / "records", name)


def test_an_absolute_path_is_refused(tmp_path, detections):
    name = write_detections(tmp_path / "other", detections)

    with pytest.raises(RecordInvalid, match="path leaves the records folder"):
        read_detections(tmp_path / "records", str(tmp_path / "other" / name))


def test_a_missing_file_says_what_to_copy(tmp_path):
    with pytest.raises(
        RecordInvalid, match=r"x.npz: no such file; copy the records folder whole$"
    ):
        read_detections(tmp_path, "detections/x.npz")


def single_array(path):
    with path.open("wb") as file:
        np.save(file, np.float32([1]))


def pickled(path):
    with path.open("wb") as file:
        np.savez(file, scores=np.array([{}], dtype=object))


MALFORMED = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_bytes(b"hello"),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-30]),
    "a single array": single_array,
    "pickled": pickled,
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_file_is_refused(tmp_path, detections, kind):
    name = write_detections(tmp_path, detections)
    MALFORMED[kind](tmp_path / name)

    with pytest.raises(
        RecordInvalid, match=f"{name}: not the arrays of a record; got .+"
    ):
        read_detections(tmp_path, name)


@given(place=st.integers(0, 10_000), byte=st.integers(0, 255))
@settings(
    deadline=None,
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_one_wrong_byte_is_refused_or_changes_no_value(
    tmp_path, detections, place, byte
):
    name = write_detections(tmp_path, detections)
    path = tmp_path / name
    original = path.read_bytes()
    content = bytearray(original)
    content[place % len(content)] = byte
    path.write_bytes(content)

    try:
        digest = read_detections(tmp_path, name).sha256()
    except RecordInvalid:
        digest = detections.sha256()
    finally:
        path.write_bytes(original)

    assert digest == detections.sha256()
