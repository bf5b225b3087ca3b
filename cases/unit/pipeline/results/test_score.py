import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from harness.errors import DetectionsInvalid, RecordInvalid, UsageError
from harness.evaluate.coco import ap as coco_ap
from harness.files.record_files import read_detections, read_record, read_truth
from harness.formats import coco_results
from harness.pipeline.gate.gate import gate
from harness.pipeline.results import score as score_module
from harness.pipeline.results.score import SCORED, Claimed, Scored, score_file
from harness.values.datasets import KnownDataset
from harness.values.detections import Results
from harness.values.records import Verdict
from harness.values.rows import Claim, Zoo
from harness.values.truth import FaceTruth

PLAIN = "yolov3-mobilenet_v1-coco-prune_r578-608"


@pytest.fixture
def truth(green: Any) -> Any:
    """The truth that the folder of true records was scored against."""
    (path,) = (green.path / "truth").iterdir()
    return read_truth(green.path, f"truth/{path.name}")


@pytest.fixture
def file(tmp_path: Path, moved: Any, truth: Any) -> Path:
    """A result file of those images, made elsewhere."""
    path = tmp_path / "their net.v2.json"
    coco_results.write(coco_results.to_results(moved(3.0)), truth, path)
    return path


@pytest.fixture
def claimed(session_zoo: Zoo) -> Claimed:
    return Claimed(
        zoo=session_zoo, row=session_zoo.row(PLAIN), known=KnownDataset(image_count=3)
    )


def claiming(claimed: Claimed, printed: str) -> Claimed:
    claims = {PLAIN: (Claim(row_id=PLAIN, metric="box_ap", printed=printed),)}
    return replace(claimed, zoo=replace(claimed.zoo, claims=claims))


def score(file: Path, truth: Any, tmp_path: Path, **changes: Any) -> Scored:
    options: dict[str, Any] = {"records": tmp_path / "out", "name": "theirs"}
    return score_file("coco", file, truth, **options | changes)


def test_what_nobody_claimed_is_scored_and_not_judged(
    file: Path, truth: Any, moved: Any, tmp_path: Path
) -> None:
    made = score(file, truth, tmp_path)
    (run,) = made.record.measurements

    assert (made.record.zoo, made.record.row_id) == (SCORED, "theirs")
    assert made.record.verdict is run.verdict is Verdict.NOT_JUDGED
    assert made.record.reason == "no claim to judge by"
    assert run.judgements == ()
    assert dict(run.scores_pct) == dict(coco_ap.score(moved(3.0), truth))
    assert made.record.notes == (
        "detections made elsewhere, read from their net.v2.json",
    )


def test_the_record_and_what_it_was_scored_from_are_kept(
    file: Path, truth: Any, tmp_path: Path
) -> None:
    made = score(file, truth, tmp_path)
    (run,) = made.record.measurements
    assert made.record.dataset is not None

    assert made.path == tmp_path / "out" / "theirs.json"
    assert read_record(made.path) == made.record
    found = read_detections(made.path.parent, run.detections_file)
    assert isinstance(found, Results)
    assert found.sha256() == made.results.sha256() == run.detections_sha256
    kept = read_truth(made.path.parent, made.record.dataset.truth_file)
    assert kept.sha256() == truth.sha256()


def test_the_seconds_of_a_score_are_those_between_its_start_and_end(
    file: Path, truth: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(perf_counter=iter([10.0, 12.5]).__next__)
    monkeypatch.setattr(score_module, "time", clock)

    assert score(file, truth, tmp_path).record.measurements[0].score_wall_s == 2.5


def test_a_record_is_named_for_the_file_unless_told(
    file: Path, truth: Any, tmp_path: Path
) -> None:
    plain = file.rename(file.with_name("net.v2.json"))

    assert score(plain, truth, tmp_path, name="").record.row_id == "net.v2"


@pytest.mark.parametrize("name", ["their net", "../up", ".hidden", "a/b", "x" * 201])
def test_a_name_that_names_no_file_is_refused(
    file: Path, truth: Any, tmp_path: Path, name: str
) -> None:
    with pytest.raises(
        UsageError, match=r"name of the record; expected up to 200 le.*give --name NAME"
    ):
        score(file, truth, tmp_path, name=name)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("shift", "verdict"),
    [("0", Verdict.REPRODUCED), ("1", Verdict.LOWER), ("-1", Verdict.HIGHER)],
)
def test_a_row_s_claim_judges_as_it_judges_us(
    file: Path, truth: Any, tmp_path: Path, claimed: Claimed, shift: str, verdict: Any
) -> None:
    (claim,) = claimed.zoo.claims[PLAIN]
    held = claiming(claimed, str(Decimal(claim.printed) + Decimal(shift)))
    made = score(file, truth, tmp_path, claimed=held)
    (run,) = made.record.measurements

    assert made.record.verdict is run.verdict is verdict
    assert (made.record.zoo, made.record.row_id) == ("small", PLAIN)
    assert run.input_px == 608
    assert run.judgements[0].budget == "rounding 0.05 + device kernels 0.05"


def test_annotations_that_are_not_the_published_ones_are_told(
    file: Path, truth: Any, tmp_path: Path, claimed: Claimed
) -> None:
    held = replace(claimed, known=KnownDataset(image_count=5000, annotation_count=4))
    made = score(file, truth, tmp_path, claimed=held)

    assert made.record.verdict is Verdict.WRONG_DATASET
    assert made.record.reason.endswith("image_count: published 5000, here 3")
    assert made.record.measurements


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({"annotation_count": 5}, "annotation_count: published 5, here 4"),
        ({"truth_sha256": "f" * 64}, f"truth_sha256: published {'f' * 64}, here "),
        ({"fingerprint": "f" * 64}, None),  # of images, which were not looked at
    ],
)
def test_each_fact_of_the_annotations_is_compared(
    file: Path, truth: Any, tmp_path: Path, claimed: Claimed, known: Any, told: Any
) -> None:
    held = replace(claimed, known=KnownDataset(**known))
    used = score(file, truth, tmp_path, claimed=held).record.dataset

    assert used is not None
    assert len(used.differences) == (0 if told is None else 1)
    assert all(one.startswith(told) for one in used.differences)


def test_a_row_of_another_dataset_is_refused(
    file: Path, truth: Any, tmp_path: Path, claimed: Claimed
) -> None:
    held = replace(claimed, row=replace(claimed.row, dataset="voc"))

    with pytest.raises(UsageError, match=f"dataset of {PLAIN}; expected voc, got coco"):
        score(file, truth, tmp_path, claimed=held)


def test_a_claim_that_the_metric_does_not_give_is_told(
    tmp_path: Path, claimed: Claimed
) -> None:
    faces = replace(claimed.row, dataset="widerface")
    claims = {PLAIN: (Claim(row_id=PLAIN, metric="easy", printed="50.0"),)}
    zoo = replace(claimed.zoo, rows=(faces,), claims=claims)
    held = replace(claimed, row=faces, zoo=zoo)
    none_easy = FaceTruth(
        image_ids=np.array([0]),
        image_names=np.array(["0--Parade/a"]),
        box_image_ids=np.array([0]),
        boxes_xywh=np.array([[1.0, 2, 30, 40]]),
        is_easy=np.array([False]),
        is_medium=np.array([False]),
        is_hard=np.array([True]),
    )
    folder = tmp_path / "faces" / "0--Parade"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_text("0--Parade/a.jpg\n1\n1.0 2.0 30.0 40.0 0.900\n")

    with pytest.raises(
        RecordInvalid, match=f"no score easy to judge {PLAIN} by; got hard"
    ):
        score_file(
            "widerface", folder.parent, none_easy, records=tmp_path / "o", claimed=held
        )


def test_a_measurement_of_the_row_s_own_archive_is_not_replaced(
    file: Path, truth: Any, green: Any, tmp_path: Path, claimed: Claimed
) -> None:
    before = green.read(PLAIN)

    with pytest.raises(
        UsageError,
        match=rf"{PLAIN}\.json is of a measurement of the row's own archive; "
        "expected a folder without it; give another --records DIR",
    ):
        score(file, truth, tmp_path, claimed=claimed, records=green.path)
    assert green.read(PLAIN) == before


def test_a_score_of_before_is_replaced(
    file: Path, truth: Any, tmp_path: Path, claimed: Claimed
) -> None:
    first = score(file, truth, tmp_path, claimed=claimed)

    assert score(file, truth, tmp_path, claimed=claimed).path == first.path


def test_the_gate_does_not_take_it_for_a_measurement_of_the_archive(
    file: Path, truth: Any, tmp_path: Path, claimed: Claimed
) -> None:
    made = score(file, truth, tmp_path, claimed=claimed)
    report = gate(
        claimed.zoo,
        made.path.parent,
        waivers=(),
        today=np.datetime64("2030-01-01").item(),
    )

    assert any("numbers of no archive" in one.message for one in report.findings)


def test_malformed_detections_leave_nothing_behind(
    file: Path, truth: Any, tmp_path: Path
) -> None:
    entries = json.loads(file.read_text())
    entries[1]["bbox"][2] = -1
    file.write_text(json.dumps(entries))

    with pytest.raises(
        DetectionsInvalid, match=r"their net\.v2\.json: entry at index 1: bbox"
    ):
        score(file, truth, tmp_path)
    assert not (tmp_path / "out").exists()


def test_no_dataset_at_all_is_told_as_nothing() -> None:
    with pytest.raises(UsageError, match=r"dataset; expected .*, got nothing;"):
        score_module.demand_scorable("")


def test_a_dataset_without_a_format_is_refused(
    file: Path, truth: Any, tmp_path: Path
) -> None:
    with pytest.raises(
        UsageError, match="dataset; expected coco or voc or widerface, got 'kitti'"
    ):
        score_file("kitti", file, truth, records=tmp_path)


@pytest.mark.parametrize("engine", ["pycocotools", "ultrafast-pycocotools"])
def test_the_engine_that_was_asked_for_is_recorded(
    file: Path, truth: Any, tmp_path: Path, engine: str
) -> None:
    made = score(file, truth, tmp_path, coco_engine=engine)
    assert made.record.environment is not None

    assert made.record.environment.metric_engine.startswith(f"{engine} ")
