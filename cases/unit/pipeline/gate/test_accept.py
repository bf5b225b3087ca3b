import datetime as dt
import hashlib
import logging
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from harness.errors import RecordInvalid, UsageError, ZooDataError
from harness.pipeline.gate import accept as accept_module
from harness.pipeline.gate.accept import Accepted, accept
from harness.pipeline.gate.gate import gate
from harness.pipeline.pages.document import check_pages, write_pages
from harness.report.pages import Values
from harness.values.datasets import KnownDataset
from harness.values.detections import Detections
from harness.values.records import Made, Verdict

PLAIN = "yolov3-mobilenet_v1-coco-prune_r578-608"
DOUBTED = "yolov3-resnet50_vd_dcn-coco-prune_sensity-320"

Folder = Any  # conftest.Folder; tests cannot import it
Moved = Callable[[float], Detections]


@pytest.fixture
def repeat(new_folder: Callable[[str], Folder]) -> Folder:
    return new_folder("repeat")


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "accepted"


def run_accept(
    records: Folder,
    repeat: Folder,
    into: Path,
    row_ids: Sequence[str] = (PLAIN,),
    reason: str = "first release",
    by: str = "A. Person",
) -> tuple[Accepted, ...]:
    return accept(
        records.zoo,
        row_ids,
        records=records.path,
        repeat_records=repeat.path,
        into=into,
        reason=reason,
        by=by,
        today=dt.date(2030, 6, 15),
    )


def test_an_accepted_record_is_byte_for_byte_the_measured_one(
    green: Folder, repeat: Folder, into: Path
) -> None:
    (accepted,) = run_accept(green, repeat, into)
    measured = (green.path / f"{PLAIN}.json").read_bytes()

    assert accepted.path == into / f"{PLAIN}.json"
    assert accepted.path.read_bytes() == measured
    assert accepted.sha256 == hashlib.sha256(measured).hexdigest()
    assert accepted.left_out == ()


def test_the_reason_is_kept_beside_the_record(
    green: Folder, repeat: Folder, into: Path
) -> None:
    (accepted,) = run_accept(green, repeat, into, reason="  first\n release ")

    assert tomllib.loads((into / "accepted.toml").read_text()) == {
        "accepted": [
            {
                "row": PLAIN,
                "reason": "first release",
                "by": "A. Person",
                "sha256": accepted.sha256,
                "left_out": [],
            }
        ]
    }


def test_accepted_records_pass_the_gate_and_make_pages(
    green: Folder, repeat: Folder, into: Path, tmp_path: Path
) -> None:
    run_accept(green, repeat, into, [PLAIN, DOUBTED])
    report = gate(green.zoo, into, waivers=(), today=dt.date(2030, 6, 15))
    write_pages(green.zoo, into, tmp_path / "pages", Values.MEASURED)

    assert report.exit_code == 0
    assert check_pages(green.zoo, into, tmp_path / "pages", Values.MEASURED) == ""


def test_accepting_again_replaces_the_reason_and_keeps_the_others(
    green: Folder, repeat: Folder, into: Path
) -> None:
    run_accept(green, repeat, into, [DOUBTED, PLAIN], reason="first")
    run_accept(green, repeat, into, [PLAIN], reason="second")
    listed = tomllib.loads((into / "accepted.toml").read_text())["accepted"]

    assert [(one["row"], one["reason"]) for one in listed] == [
        (PLAIN, "second"),
        (DOUBTED, "first"),
    ]


def test_entries_of_older_versions_are_kept_as_they_are(
    green: Folder, repeat: Folder, into: Path
) -> None:
    older = {"row": DOUBTED, "reason": "r", "sha256": "a" * 64, "left_out": ["x.npz"]}
    into.mkdir()
    (into / "accepted.toml").write_text(tomli_w.dumps({"accepted": [older]}))

    run_accept(green, repeat, into, [PLAIN])

    listed = tomllib.loads((into / "accepted.toml").read_text())["accepted"]
    assert listed[1] == older


def test_a_row_named_twice_is_accepted_once(
    green: Folder, repeat: Folder, into: Path
) -> None:
    assert len(run_accept(green, repeat, into, [PLAIN, PLAIN])) == 1


def test_large_arrays_stay_out_and_are_named(
    green: Folder, repeat: Folder, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accept_module, "COMMITTED_BYTES", 10)
    (accepted,) = run_accept(green, repeat, into)
    record = green.read(PLAIN)

    assert accepted.left_out == (
        record.dataset.truth_file,
        record.measurements[0].detections_file,
    )
    assert sorted(path.name for path in into.iterdir()) == [
        "accepted.toml",
        f"{PLAIN}.json",
    ]


def test_an_honest_miss_may_be_accepted(
    green: Folder, repeat: Folder, into: Path, moved: Moved
) -> None:
    for folder in (green, repeat):
        folder.measure(PLAIN, {None: moved(7.0)})
    (accepted,) = run_accept(green, repeat, into)

    assert accepted.row_id == PLAIN


@pytest.mark.parametrize(
    "verdict",
    [
        Verdict.WRONG_ARCHIVE,
        Verdict.ERRORED,
        Verdict.UNREADABLE,
        Verdict.UNAVAILABLE,
        Verdict.NO_DATASET,
        Verdict.NO_DEVICE,
    ],
)
def test_what_measured_nothing_is_refused(
    green: Folder, repeat: Folder, into: Path, verdict: Verdict
) -> None:
    green.change(PLAIN, verdict=verdict, measurements=(), reason="it was so")

    with pytest.raises(
        RecordInvalid,
        match=f"{PLAIN}: no measurement of the claim; expected higher .* reproduced.*, "
        f"got {verdict}; it was so",
    ):
        run_accept(green, repeat, into)


def test_another_dataset_is_refused(
    green: Folder, repeat: Folder, into: Path, moved: Moved
) -> None:
    green.measure(PLAIN, {None: moved(3.0)}, differences=("3 images",))

    with pytest.raises(RecordInvalid, match=r"no measurement of the claim.*wrong_data"):
        run_accept(green, repeat, into)


def test_part_of_the_data_is_refused(
    green: Folder, repeat: Folder, into: Path, moved: Moved
) -> None:
    green.measure(PLAIN, {None: moved(3.0)}, limit=3)

    with pytest.raises(
        RecordInvalid,
        match="measured on part of the data; expected all images, got the first 3; "
        "measure without --limit",
    ):
        run_accept(green, repeat, into)


def test_an_ap_of_zero_is_refused(
    green: Folder, repeat: Folder, into: Path, moved: Moved
) -> None:
    for folder in (green, repeat):
        folder.measure(PLAIN, {None: moved(500.0)})

    with pytest.raises(
        RecordInvalid, match=r"box_ap at 608 px; expected above 0, got 0.0; a network"
    ):
        run_accept(green, repeat, into)


def test_what_the_gate_would_refuse_is_refused(
    green: Folder, repeat: Folder, into: Path
) -> None:
    green.change_run(PLAIN, detection_count=9)

    with pytest.raises(
        RecordInvalid, match=r"detections: .*detection_count is not .*4, got 9"
    ):
        run_accept(green, repeat, into)


def test_a_record_of_another_zoo_is_refused(
    green: Folder, repeat: Folder, into: Path
) -> None:
    green.change(PLAIN, zoo="demo")

    with pytest.raises(
        RecordInvalid, match="a record of another zoo; expected small, got demo"
    ):
        run_accept(green, repeat, into)


@pytest.mark.parametrize("which", ["records", "repeat"])
def test_a_row_without_a_record_is_refused(
    green: Folder, repeat: Folder, into: Path, which: str
) -> None:
    folder = green if which == "records" else repeat
    (folder.path / f"{PLAIN}.json").unlink()

    with pytest.raises(
        RecordInvalid, match=f"no record; expected .*{which}/{PLAIN}.json; measure the"
    ):
        run_accept(green, repeat, into)


def test_a_value_that_the_repeat_does_not_give_is_refused(
    green: Folder, repeat: Folder, into: Path, moved: Moved
) -> None:
    repeat.measure(PLAIN, {None: moved(2.0)})

    with pytest.raises(
        RecordInvalid,
        match=r"the repeat gives another box_ap at 608 px; expected \d+\.\d+, got \d+",
    ):
        run_accept(green, repeat, into)


def test_other_detections_of_the_same_score_are_a_repeat(
    green: Folder, repeat: Folder, into: Path, moved: Moved
) -> None:
    found = moved(3.0)
    nearly = replace(found, scores=found.scores * 0.999)
    repeat.measure(PLAIN, {None: nearly})

    assert run_accept(green, repeat, into)


def test_a_replay_is_no_repeat(green: Folder, repeat: Folder, into: Path) -> None:
    repeat.change_run(PLAIN, replayed=True)

    with pytest.raises(
        RecordInvalid,
        match=r"the repeat at 608 px was replayed from the store; expected detections "
        r"computed again; measure .* --fresh",
    ):
        run_accept(green, repeat, into)


def test_every_run_must_be_repeated(
    green: Folder, repeat: Folder, into: Path, moved: Moved
) -> None:
    repeat.measure(DOUBTED, {None: moved(7.0)})

    with pytest.raises(RecordInvalid, match="the run at 608 px was not repeated"):
        run_accept(green, repeat, into, [DOUBTED])


def test_a_folder_is_not_its_own_repeat(green: Folder, into: Path) -> None:
    with pytest.raises(UsageError, match="the repeat is the same folder as the"):
        run_accept(green, green, into)


def test_one_refusal_keeps_every_row_out(
    green: Folder, repeat: Folder, into: Path
) -> None:
    green.change_run(DOUBTED, detection_count=9)

    with pytest.raises(RecordInvalid):
        run_accept(green, repeat, into, [PLAIN, DOUBTED])
    assert not into.exists()


@pytest.mark.parametrize(
    ("row_ids", "got"), [([], "none"), ([PLAIN, "yolov9"], "yolov9")]
)
def test_the_rows_must_be_named(
    green: Folder, repeat: Folder, into: Path, row_ids: list[str], got: str
) -> None:
    with pytest.raises(
        UsageError, match=f"rows to accept; expected ids of small, got {got}; `zoo list"
    ):
        run_accept(green, repeat, into, row_ids)


def test_a_reason_must_be_given(green: Folder, repeat: Folder, into: Path) -> None:
    with pytest.raises(UsageError, match="--reason; expected why the numbers are"):
        run_accept(green, repeat, into, reason=" \n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[", "not readable as TOML; expected TOML in UTF-8, got "),
        ("accepted = 3", r"field accepted; expected blocks `\[\[...\]\]`, got 3"),
        ("other = 1", "unknown field; expected accepted, got other"),
        ("", r"no accepted record; expected blocks `\[\[accepted\]\]`, got none"),
        ("accepted = []", "no accepted record; expected "),
        ("[[accepted]]", r"accepted 1 \(no row\): field row; expected a text, got "),
        (
            f"[[accepted]]\nrow = 'a'\nsha256 = '{'0' * 64}'\n[[accepted]]\nrow = 'b'",
            r"accepted 2 \(b\): field sha256; expected 64 hexadecimal digits, got noth",
        ),
        (
            f"[[accepted]]\nrow = 'a'\nsha256 = '{'0' * 64}'\nraeson = ''",
            r"accepted 1 \(a\): unknown field; expected row, reason, .* got raeson",
        ),
    ],
)
def test_a_malformed_list_of_reasons_is_not_overwritten(
    green: Folder, repeat: Folder, into: Path, text: str, message: str
) -> None:
    into.mkdir()
    (into / "accepted.toml").write_text(text)

    with pytest.raises(ZooDataError, match=rf"accepted: accepted\.toml: {message}"):
        run_accept(green, repeat, into)
    assert [path.name for path in into.iterdir()] == ["accepted.toml"]


def test_somebody_must_accept(green: Folder, repeat: Folder, into: Path) -> None:
    with pytest.raises(UsageError, match="--by; expected who accepts the numbers"):
        run_accept(green, repeat, into, by=" ")


def test_day_and_commit_are_left_out_where_a_repeat_is_compared(
    green: Folder, repeat: Folder, into: Path
) -> None:
    other = Made(date="2029-01-01", harness="0.1", commit="unknown")
    repeat.change(PLAIN, made=other)

    assert run_accept(green, repeat, into)


def test_a_folder_named_two_ways_is_not_its_own_repeat(
    green: Folder, into: Path
) -> None:
    link = green.path.with_name("link")
    link.symlink_to(green.path)
    again = replace(green, path=link / ".." / green.path.name)

    for other in (replace(green, path=link), again):
        with pytest.raises(
            UsageError,
            match=r"same folder .*; expected the records of a second run, got .*; "
            r"measure again with --fresh --records OTHER",
        ):
            run_accept(green, other, into)


def test_a_record_on_another_dataset_than_the_known_one_is_refused(
    green: Folder, repeat: Folder, into: Path
) -> None:
    def run(known: KnownDataset) -> None:
        accept(
            green.zoo,
            [PLAIN],
            records=green.path,
            repeat_records=repeat.path,
            into=into,
            reason="r",
            by="b",
            today=dt.date(2030, 6, 15),
            known_datasets={"coco": known},
        )

    with pytest.raises(
        RecordInvalid, match=r"^yolov3.*dataset: .*image_count is not the published one"
    ):
        run(KnownDataset(image_count=5000))
    assert not into.exists()
    run(KnownDataset(image_count=3))


def test_a_day_after_today_is_refused(
    green: Folder, repeat: Folder, into: Path
) -> None:
    late = Made(date="2030-06-17", harness="1.2.3", commit="c" * 40)
    green.change(PLAIN, made=late)

    with pytest.raises(RecordInvalid, match=r"made: .*the day it was made on"):
        run_accept(green, repeat, into)


def test_every_array_of_a_record_is_promoted_byte_for_byte(
    green: Folder, repeat: Folder, into: Path
) -> None:
    run_accept(green, repeat, into, [DOUBTED])
    record = green.read(DOUBTED)
    names = [record.dataset.truth_file] + [
        one.detections_file for one in record.measurements
    ]

    assert len(set(names)) == 3
    for name in names:
        assert (into / name).read_bytes() == (green.path / name).read_bytes()


@pytest.mark.parametrize(("spare_bytes", "is_left_out"), [(0, False), (-1, True)])
def test_an_array_of_the_committed_size_is_still_committed(
    green: Folder,
    repeat: Folder,
    into: Path,
    monkeypatch: pytest.MonkeyPatch,
    spare_bytes: int,
    is_left_out: bool,
) -> None:
    record = green.read(PLAIN)
    names = [record.dataset.truth_file, record.measurements[0].detections_file]
    sizes = {name: (green.path / name).stat().st_size for name in names}
    largest = max(names, key=lambda name: sizes[name])
    limit_bytes = sizes[largest] + spare_bytes
    monkeypatch.setattr(accept_module, "COMMITTED_BYTES", limit_bytes)
    (accepted,) = run_accept(green, repeat, into)

    assert accepted.left_out == ((largest,) if is_left_out else ())
    listed = tomllib.loads((into / "accepted.toml").read_text())["accepted"]
    assert listed[0]["left_out"] == list(accepted.left_out)


def test_a_repeat_without_the_metric_is_none(
    green: Folder, repeat: Folder, into: Path
) -> None:
    repeat.change_run(PLAIN, scores_pct={}, detections_sha256="0" * 64)

    with pytest.raises(
        RecordInvalid, match=r"another box_ap at 608 px; expected [\d.]+"
    ):
        run_accept(green, repeat, into)


@pytest.mark.parametrize(("difference_pct", "is_same"), [(9e-10, True), (2e-9, False)])
def test_a_repeat_may_differ_by_the_order_of_a_float_sum_alone(
    green: Folder, repeat: Folder, into: Path, difference_pct: float, is_same: bool
) -> None:
    scores = dict(green.read(PLAIN).measurements[0].scores_pct)
    scores["box_ap"] += difference_pct
    repeat.change_run(PLAIN, scores_pct=scores, detections_sha256="0" * 64)

    if is_same:
        assert run_accept(green, repeat, into)
    else:
        with pytest.raises(RecordInvalid, match="the repeat gives another box_ap"):
            run_accept(green, repeat, into)


def test_a_traceback_of_an_earlier_run_is_not_promoted(
    green: Folder, repeat: Folder, into: Path
) -> None:
    for folder in (green, repeat):
        (folder.path / "errors").mkdir()
        (folder.path / "errors" / f"{PLAIN}.txt").write_text("Traceback: secret")
    run_accept(green, repeat, into)

    assert not (into / "errors").exists()
    assert not any(
        b"secret" in path.read_bytes() for path in into.rglob("*") if path.is_file()
    )


def test_what_is_accepted_is_logged(
    green: Folder, repeat: Folder, into: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger=accept_module.__name__)
    run_accept(green, repeat, into)

    assert caplog.messages == [f"{PLAIN}: accepted; nothing left out"]
