import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import RecordInvalid
from harness.files.record_files import (
    STRUCTURE,
    read_detections,
    read_kept,
    read_record,
    read_records,
    read_structures,
    read_truth,
    write_detections,
    write_record,
    write_structure,
    write_truth,
)
from harness.files.record_json import record_digest, record_from_json, record_to_json
from harness.files.record_paths import record_paths
from harness.values.detections import ImageDetections, Results, join_images
from harness.values.records import (
    ArchiveUsed,
    DatasetUsed,
    Environment,
    Judgement,
    Made,
    Measurement,
    Record,
    StructureRecord,
    Verdict,
)
from harness.values.truth import CocoTruth

COMMITTED = Path(__file__).parents[3] / "reports" / "records"

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
    made=Made(date="2020-01-31", harness="0.1", commit="unknown"),
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


def test_every_committed_record_is_written_back_to_its_bytes():
    read = [
        (path, read_kept(path, StructureRecord if is_figures else Record))
        for path in sorted(COMMITTED.rglob("*.json"))
        for is_figures in [path.parent.name == STRUCTURE]
    ]

    assert {type(one) for _, one in read} == {Record, StructureRecord}
    for path, record in read:
        assert record_to_json(record).encode() == path.read_bytes(), path


OTHER_RUNTIME = {
    "paddle": "none",
    "runtime": "torch 2.14.1, torchvision 0.29.1",
    "libraries": "CUDA 13.0, cuDNN 9.24.0",
    "arithmetic": "TF32 off",
}


def test_a_record_of_another_runtime_says_so_and_comes_back():
    environment = replace(RECORD.environment, **OTHER_RUNTIME)
    record = replace(RECORD, environment=environment)

    written = json.loads(record_to_json(record))["environment"]

    assert OTHER_RUNTIME.items() <= written.items()
    assert record_from_json(record_to_json(record)) == record


def test_a_record_of_paddle_has_no_field_of_another_runtime():
    written = json.loads(record_to_json(RECORD))["environment"]

    assert written.keys().isdisjoint({"runtime", "libraries", "arithmetic"})


@pytest.mark.parametrize("field", ["runtime", "libraries", "arithmetic"])
def test_an_empty_field_of_another_runtime_is_not_what_is_written(field):
    data = json.loads(record_to_json(RECORD))
    data["environment"][field] = ""

    with pytest.raises(
        RecordInvalid, match=f"fields of environment; expected no others, .*{field}"
    ):
        record_from_json(json.dumps(data))


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
        ("[]", "record format; expected 2; measure the row again with this version"),
        (changed("format", value=1), "record format; expected 2, got 1"),
        (
            changed("verdict", value="fine"),
            "field verdict; expected what this version writes, got Invalid enum value",
        ),
        (
            changed("zoo", value=None),
            "the record; expected what this version writes, got .*required field `zoo`",
        ),
        (
            changed("notes", value=None),  # has a default, and is written all the same
            "fields of the record; expected notes too, got none of them",
        ),
        (
            changed("mood", value="good"),
            "fields of the record; expected no others, got also mood",
        ),
        (
            changed("measurements", 0, "mood", value="good"),
            r"fields of measurements\[0\]; expected no others, got also mood",
        ),
        (
            changed("archive", "ignored_files", value=None),
            "fields of archive; expected ignored_files too, got none of them",
        ),
        (
            changed("zoo", value=3),
            "field zoo; expected str, got int; the record was ed",
        ),
        (
            changed("archive", "size_bytes", value="10"),
            r"field archive\.size_bytes; expected int, got str",
        ),
        (
            changed("archive", "size_bytes", value=True),
            r"field archive\.size_bytes; expected int, got bool",
        ),
        (
            changed("archive", "size_bytes", value=10.0),
            r"field archive\.size_bytes; expected int, got float",
        ),
        (
            changed("measurements", 0, "replayed", value=1),
            r"field measurements\[0\]\.replayed; expected bool, got int",
        ),
        (
            changed("measurements", 0, "scores_pct", "box_ap", value="30"),
            r"field measurements\[0\]\.scores_pct\[\.\.\.\]; expected float, got str",
        ),
        (
            changed("measurements", 0, "scores_pct", "box_ap", value=float("nan")),
            "not JSON; got Out of range float values",
        ),
        (
            changed("measurements", 0, "detect_wall_s", value=float("inf")),
            "not JSON; got Out of range float values",
        ),
        (
            changed("measurements", value={}),
            "field measurements; expected array, got ob",
        ),
        (changed("protocol", value=[]), "field protocol; expected object, got array"),
        (
            changed("environment", value="mine"),
            r"field environment; expected object \| null, got str",
        ),
    ],
)
def test_a_malformed_record_names_the_field(text, message):
    with pytest.raises(RecordInvalid, match=f"^{message}"):
        record_from_json(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "not a record; expected JSON, got JSON that is nested too dee"),
        ('{"a":' * 100_000, "not a record; expected JSON, got JSON that is nested too"),
        ("1" * 5000, "not JSON; got "),
        ('{"format": 2, "format": 2}', "field format; expected once, got twice"),
        ('{"format": 2, "zoo": "\\ud800"}', "not JSON; got .*surrogates"),
        ('{"format": true}', "record format; expected 2, got True"),
        (
            changed("measurements", 0, "scores_pct", "ap50", value=10**400),
            r"field measurements\[0\].scores_pct\[...\]; .*, got Number out of range",
        ),
        (
            changed("measurements", 0, "detect_wall_s", value=0).replace(
                '"detect_wall_s": 0', '"detect_wall_s": 1e999'
            ),
            "not JSON; got Out of range float values",
        ),
        (
            changed("measurements", 0, "scores_pct", "ap50", value=[None]),
            r"field measurements\[0\].scores_pct\[...\]; expected float, got array",
        ),
        (
            record_to_json(RECORD).replace(": 50.0", ": null"),
            r"field measurements\[0\].scores_pct\[...\]; expected float, got null",
        ),
        (
            changed("verdict", value="x" * 10_000),
            r"field verdict; .*, got Invalid enum value 'x+\.\.\. and 98\d\d",
        ),
        (
            changed("verdict", value="x - at `$.zoo`"),
            "field verdict; .*, got Invalid enum value 'x - at ",
        ),
        (
            record_to_json(RECORD).replace(
                '"measured_pct": 0.3', '"measured_pct": 0.4'
            ),
            'the digest is not that of the record; expected [0-9a-f]{64}, got "',
        ),
        (
            changed("measurements", 0, "judgements", 0, "measured_pct", value="x"),
            r"field measurements\[0\].judgements\[0\].measured_pct; expected float",
        ),
        (changed("digest", value=None), "the digest is not that .*, got null"),
        (changed("notes", value=["another"]), "the digest is not that of the record"),
    ],
    ids=range(16),
)
def test_what_no_measurement_writes_is_refused_without_a_traceback(text, message):
    with pytest.raises(RecordInvalid, match=f"^{message}"):
        record_from_json(text)


def test_the_digest_is_over_the_whole_record_and_of_nothing_else():
    data = json.loads(record_to_json(RECORD))

    assert data["digest"] == record_digest(RECORD)
    assert record_digest(replace(RECORD, notes=())) != record_digest(RECORD)
    assert record_from_json(json.dumps(data)) == RECORD  # however it is laid out


def test_two_measurements_are_compared_without_day_and_commit():
    later = Made(date="2021-01-31", harness="0.2", commit="0" * 40)

    assert replace(RECORD, made=later) == RECORD
    assert record_to_json(replace(RECORD, made=later)) != record_to_json(RECORD)


def test_a_record_is_read_up_to_a_size_and_no_further(tmp_path, monkeypatch):
    path = write_record(tmp_path, PLAIN)
    size_bytes = path.stat().st_size
    monkeypatch.setattr("harness.files.record_files.MOST_RECORD_BYTES", size_bytes)

    assert read_record(path) == PLAIN
    monkeypatch.setattr("harness.files.record_files.MOST_RECORD_BYTES", size_bytes - 1)
    with pytest.raises(RecordInvalid, match=r"r.json: size of a record; expected at"):
        read_record(path)


def test_a_folder_with_a_records_name_is_refused(tmp_path):
    (tmp_path / "r.json").mkdir()

    with pytest.raises(
        RecordInvalid, match=r"r.json: not a file that can be read; got"
    ):
        read_record(tmp_path / "r.json")


def test_arrays_are_read_up_to_a_size_and_no_further(tmp_path, detections, monkeypatch):
    name = write_detections(tmp_path, detections)
    monkeypatch.setattr("harness.files.record_files.MOST_ARRAY_BYTES", 10)

    with pytest.raises(RecordInvalid, match=r"size of the arrays, unfolded; expected"):
        read_detections(tmp_path, name)


@pytest.mark.parametrize(
    ("field", "array", "told"),
    [
        ("boxes_xywh", np.float64([[1, 2, 3]]), r"float64 \[N, 4\], got .*\[1, 3\]"),
        ("boxes_xywh", np.float32([[1, 2, 3, 4]]), r"float64 .*, got float32"),
        ("image_ids", np.int64([[7]]), r"int64 \[N\], got int64 \[1, 1\]"),
        ("is_crowd", np.int64([0]), r"bool_? .*, got int64"),
        ("image_ids", np.array(["7"]), r"int64 .*, got str"),
    ],
)
def test_arrays_of_another_kind_are_refused(tmp_path, truth, field, array, told):
    name = write_truth(tmp_path, replace(truth, **{field: array}))

    with pytest.raises(RecordInvalid, match=f"array {field}; expected {told}"):
        read_truth(tmp_path, name)


def test_a_number_that_is_not_finite_is_not_written():
    (measurement,) = RECORD.measurements
    broken = replace(measurement, detect_wall_s=float("nan"))

    with pytest.raises(ValueError, match="not JSON compliant"):
        record_to_json(replace(RECORD, measurements=(broken,)))


def test_a_whole_number_will_do_for_a_number():
    (measurement,) = RECORD.measurements
    whole = replace(RECORD, measurements=(replace(measurement, detect_wall_s=2.0),))
    text = record_to_json(whole).replace('"detect_wall_s": 2.0', '"detect_wall_s": 2')

    record = record_from_json(text)

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


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("notes.json", '{"who": "me", "what": "first run"}'),
        ("notes.json", '["a list"]'),
        (f"._{RECORD.row_id}.json", "\0\5\x16\7"),
        (".DS_Store.json", "{"),
    ],
)
def test_what_lies_beside_the_records_is_none_of_them(tmp_path, name, text):
    path = write_record(tmp_path, RECORD)
    (tmp_path / name).write_text(text, encoding="utf-8")

    assert record_paths(tmp_path) == [path]
    assert list(read_records(tmp_path)) == [RECORD.row_id]


@pytest.mark.parametrize(("more_bytes", "is_record"), [(0, False), (1, True)])
def test_a_file_is_looked_into_up_to_a_size(
    tmp_path, monkeypatch, more_bytes, is_record
):
    path = tmp_path / "notes.json"
    path.write_text("{}")
    size_bytes = path.stat().st_size - more_bytes
    monkeypatch.setattr("harness.files.record_paths.MOST_FOREIGN_BYTES", size_bytes)

    assert record_paths(tmp_path) == [path] * is_record


@pytest.mark.parametrize("text", ["{", '{"row_id": "notes"}', '{"format": 99}'])
def test_a_damaged_record_is_not_passed_over(tmp_path, text):
    (tmp_path / "notes.json").write_text(text, encoding="utf-8")

    with pytest.raises(RecordInvalid, match=r"notes\.json"):
        read_records(tmp_path)


def test_figures_are_kept_in_a_folder_of_their_own(tmp_path):
    record = StructureRecord(
        zoo="z", row_id="r", verdict=Verdict.REPRODUCED, reason="", gflops_true=20.5
    )
    write_record(tmp_path, PLAIN)

    assert write_structure(tmp_path, record) == tmp_path / STRUCTURE / "r.json"
    assert read_structures(tmp_path) == {"r": record}
    assert read_records(tmp_path) == {"r": PLAIN}


def test_a_missing_folder_holds_no_records(tmp_path):
    assert read_records(tmp_path / "nowhere") == {}
    assert read_structures(tmp_path / "nowhere") == {}


def test_a_record_under_another_rows_name_is_refused(tmp_path):
    write_record(tmp_path, PLAIN).rename(tmp_path / "s.json")

    with pytest.raises(
        RecordInvalid, match=r"s.json: row_id; expected s, got r; name the"
    ):
        read_record(tmp_path / "s.json")


def test_a_record_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "r.json").write_bytes(b"\xff\xfe")

    with pytest.raises(RecordInvalid, match=r"r.json: not UTF-8 text; got .+"):
        read_record(tmp_path / "r.json")


def test_detections_are_kept_under_their_digest(tmp_path, detections):
    name = write_detections(tmp_path, detections)

    assert name == f"detections/{detections.sha256()}.npz"
    assert read_detections(tmp_path, name).sha256() == detections.sha256()


def test_results_of_others_are_kept_unpacked_and_our_detections_packed(
    tmp_path, detections
):
    results = Results(
        evaluated_ids=np.int64([1]),
        image_ids=np.int64([1]),
        classes=np.int32([0]),
        scores=np.float64([0.5]),
        boxes=np.float64([[1, 2, 3, 4]]),
    )
    names = (write_detections(tmp_path, one) for one in (results, detections))

    assert [_packings(tmp_path / name) for name in names] == [
        {zipfile.ZIP_STORED},
        {zipfile.ZIP_DEFLATED},
    ]


def _packings(path):
    with zipfile.ZipFile(path) as archive:
        return {one.compress_type for one in archive.infolist()}


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
