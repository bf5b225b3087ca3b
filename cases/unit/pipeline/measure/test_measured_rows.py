"""What becomes of rows on their way through a measurement; nothing is detected here."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.errors import ArchiveUnavailable, DatasetMissing, UsageError
from harness.files.record_files import read_records
from harness.pipeline.measure import measure as measure_module
from harness.pipeline.measure.detected_rows import SharedPass
from harness.pipeline.measure.measure import Measurer, measure_rows
from harness.pipeline.measure.settings import Settings
from harness.pipeline.measure.watcher import Watcher
from harness.values.records import Record, SpeedRecord, Verdict
from harness.values.rows import Row, Zoo

PLAIN = "yolov3-mobilenet_v1-coco-prune_r578-608"
DOUBTED = "yolov3-resnet50_vd_dcn-coco-prune_sensity-320"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        cache=tmp_path / "cache", records=tmp_path / "records", data_root=None
    )


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> dict[str, Any]:
    """The rooms below, which do nothing; what each was asked, and what it answers."""
    rooms: dict[str, Any] = {"passes": 0, "opened": [], "refuses": {}, "breaks": {}}

    def open_pass(zoo: Zoo, row: Row, settings: Settings, watcher: Watcher) -> Any:
        rooms["passes"] += 1
        found = SimpleNamespace(class_names=())
        return rooms.get("stops") or SharedPass(
            zoo=zoo,
            settings=settings,
            dataset=SimpleNamespace(labelled=found),  # type: ignore[arg-type]
            device=None,  # type: ignore[arg-type]
            environment=None,  # type: ignore[arg-type]
        )

    def open_row(zoo: Zoo, row: Row, settings: Settings, *, progress: Any) -> Any:
        rooms["opened"].append((row.row_id, progress))
        if row.row_id in rooms["refuses"]:
            raise rooms["refuses"][row.row_id]
        return SimpleNamespace(row=row, used=None)

    def detect_opened(
        shared: Any, opened: Sequence[Any], store: Any, watcher: Any
    ) -> list[Any]:
        rooms["store"] = store
        return [(SimpleNamespace(opened=one), one.row.row_id) for one in opened]

    def judge_row(shared: Any, row: Any, pairs: Sequence[Any]) -> Record:
        if row.row.row_id in rooms["breaks"]:
            raise rooms["breaks"][row.row.row_id]
        told = ", ".join(outcome for _, outcome in pairs)
        return Record(
            zoo=row.row.zoo,
            row_id=row.row.row_id,
            verdict=Verdict.NOT_JUDGED,
            reason=f"{settings.cache}: {told}",
        )

    for room in (open_pass, open_row, detect_opened, judge_row):
        monkeypatch.setattr(measure_module, room.__name__, room)
    return rooms


def test_rows_share_a_pass_and_each_is_judged_by_its_own_runs(
    session_zoo: Zoo, settings: Settings, rooms: dict[str, Any]
) -> None:
    rows = session_zoo.rows
    records = measure_rows(session_zoo, rows, settings)

    assert [one.row_id for one in records] == [DOUBTED, PLAIN]
    assert [one.reason for one in records] == [
        f"<cache>: {DOUBTED}",
        f"<cache>: {PLAIN}",
    ]
    assert rooms["passes"] == 1
    assert all(one.made is not None for one in records)
    assert records[0].made == records[1].made


def test_the_watcher_is_asked_for_each_archive(
    session_zoo: Zoo, settings: Settings, rooms: dict[str, Any]
) -> None:
    watcher = Watcher(fetching=lambda name: name)  # type: ignore[arg-type, return-value]
    measure_rows(session_zoo, session_zoo.rows, settings, watcher=watcher)

    assert rooms["opened"] == [(DOUBTED, "r50"), (PLAIN, "m1")]


def test_what_stops_the_pass_stops_every_row_before_an_archive_is_opened(
    session_zoo: Zoo, settings: Settings, rooms: dict[str, Any]
) -> None:
    rooms["stops"] = DatasetMissing("nothing there")
    records = measure_rows(session_zoo, session_zoo.rows, settings)

    assert [(one.verdict, one.reason) for one in records] == [
        (Verdict.NO_DATASET, "nothing there")
    ] * 2
    assert rooms["opened"] == []
    assert rooms["passes"] == 1


def test_a_row_without_a_network_asks_for_nothing(
    session_zoo: Zoo, settings: Settings, rooms: dict[str, Any]
) -> None:
    row = replace(session_zoo.row(PLAIN), backbone="resnet18")
    (record,) = measure_rows(session_zoo, [row], settings)

    assert record.verdict is Verdict.UNREADABLE
    assert (rooms["passes"], rooms["opened"]) == (0, [])


def test_a_row_that_a_precision_cannot_compute_asks_for_nothing(
    session_zoo: Zoo, settings: Settings, rooms: dict[str, Any]
) -> None:
    row = replace(session_zoo.row(PLAIN), strategy="quant_post")
    (record,) = measure_rows(session_zoo, [row], replace(settings, precision="bf16"))

    assert record.measurements == ()
    assert (rooms["passes"], rooms["opened"]) == (0, [])


def test_a_refusal_ends_its_row_alone_and_leaves_no_traceback(
    session_zoo: Zoo, settings: Settings, rooms: dict[str, Any]
) -> None:
    rooms["refuses"][DOUBTED] = ArchiveUnavailable("nobody serves it")
    refused, whole = measure_rows(
        session_zoo, session_zoo.rows, replace(settings, debug=True)
    )

    assert (refused.verdict, refused.reason) == (
        Verdict.UNAVAILABLE,
        "nobody serves it",
    )
    assert whole.verdict is Verdict.NOT_JUDGED
    assert not (settings.records / "errors").exists()


@pytest.mark.parametrize("where", ["refuses", "breaks"])
def test_an_unexpected_error_ends_its_row_and_its_traceback_is_named(
    session_zoo: Zoo, settings: Settings, rooms: dict[str, Any], where: str
) -> None:
    rooms[where][DOUBTED] = ZeroDivisionError("by zero")
    broken, whole = measure_rows(session_zoo, session_zoo.rows, settings)

    assert broken.verdict is Verdict.ERRORED
    assert broken.reason == (
        "ZeroDivisionError: by zero; its traceback is in "
        f"<records>/errors/{DOUBTED}.txt"
    )
    kept = (settings.records / "errors" / f"{DOUBTED}.txt").read_text()
    assert kept.startswith("Traceback (most recent call last):")
    assert f"raise rooms['{where}']" in kept.replace('"', "'")
    assert whole.verdict is Verdict.NOT_JUDGED


def test_an_unexpected_error_of_the_pass_is_kept_for_every_row(
    session_zoo: Zoo, settings: Settings, rooms: dict[str, Any]
) -> None:
    rooms["stops"] = ZeroDivisionError("by zero")
    measure_rows(session_zoo, session_zoo.rows, settings)

    kept = (settings.records / "errors").iterdir()
    assert sorted(one.stem for one in kept) == [PLAIN, DOUBTED]


@pytest.mark.parametrize("where", ["refuses", "breaks", "stops"])
def test_debugging_lets_an_unexpected_error_through(
    session_zoo: Zoo, settings: Settings, rooms: dict[str, Any], where: str
) -> None:
    error = ZeroDivisionError("by zero")
    rooms[where] = error if where == "stops" else {DOUBTED: error}

    with pytest.raises(ZeroDivisionError, match="by zero"):
        measure_rows(session_zoo, session_zoo.rows, replace(settings, debug=True))
    assert not (settings.records / "errors").exists()


def test_a_verdict_and_its_reason_are_logged_in_one_line(
    session_zoo: Zoo,
    settings: Settings,
    rooms: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger=measure_module.__name__)
    rooms["refuses"][PLAIN] = ArchiveUnavailable("line\nbreak")
    measure_rows(session_zoo, session_zoo.rows[1:], settings)

    assert caplog.messages == [rf"{PLAIN}: unavailable line\x0abreak"]


# Each row once.


def record_of(row_id: str, **changes: Any) -> Record:
    record = Record(zoo="small", row_id=row_id, verdict=Verdict.ERRORED, reason="once")
    return replace(record, **changes)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    asked: list[list[str]] = []

    def measure_rows(
        zoo: Zoo, rows: Sequence[Row], settings: Settings, *, watcher: Watcher
    ) -> list[Record]:
        asked.append([row.row_id for row in rows])
        return [record_of(row.row_id) for row in rows]

    monkeypatch.setattr(measure_module, "measure_rows", measure_rows)
    return asked


def test_selected_rows_of_a_dataset_are_measured_together_and_once(
    session_zoo: Zoo, settings: Settings, asked: list[list[str]]
) -> None:
    measurer = Measurer(zoo=session_zoo, selected=session_zoo.rows, settings=settings)
    first = measurer.measure(session_zoo.row(PLAIN))
    other = measurer.measure(session_zoo.row(DOUBTED))

    assert asked == [[DOUBTED, PLAIN]]
    assert (first.row_id, other.row_id) == (PLAIN, DOUBTED)
    assert measurer.measure(session_zoo.row(PLAIN)) is first
    assert read_records(settings.records) == {PLAIN: first, DOUBTED: other}


@pytest.mark.parametrize(
    "changes", [{"dataset": "voc"}, {"architecture": "blazeface"}], ids=str
)
def test_rows_of_another_dataset_or_decoder_wait_for_a_pass_of_their_own(
    session_zoo: Zoo,
    settings: Settings,
    asked: list[list[str]],
    changes: dict[str, str],
) -> None:
    first, second = session_zoo.rows
    rows = (first, replace(second, **changes))  # type: ignore[arg-type]
    measurer = Measurer(zoo=session_zoo, selected=rows, settings=settings)
    measurer.measure(first)

    assert asked == [[DOUBTED]]


def test_a_row_that_was_not_selected_is_measured_alone(
    session_zoo: Zoo, settings: Settings, asked: list[list[str]]
) -> None:
    first, second = session_zoo.rows
    measurer = Measurer(zoo=session_zoo, selected=[first], settings=settings)
    measurer.measure(second)
    measurer.measure(first)

    assert asked == [[PLAIN], [DOUBTED]]


def test_a_record_that_cannot_be_written_says_so_and_is_not_made_again(
    session_zoo: Zoo,
    settings: Settings,
    asked: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def write_record(folder: Path, record: Record) -> Path:
        raise UsageError(f"{folder}: the disk is full")

    monkeypatch.setattr(measure_module, "write_record", write_record)
    measurer = Measurer(
        zoo=session_zoo, selected=session_zoo.rows[:1], settings=settings
    )
    record = measurer.measure(session_zoo.rows[0])

    assert record.reason == "<records>: the disk is full"
    assert measurer.measure(session_zoo.rows[0]) is record
    assert asked == [[DOUBTED]]


@pytest.mark.parametrize(
    ("precision", "is_measured", "is_timed"),
    [("float32", True, False), ("bf16", True, True), ("bf16", False, False)],
)
def test_another_precision_is_timed_where_it_was_measured(
    session_zoo: Zoo,
    settings: Settings,
    true_records: Path,
    monkeypatch: pytest.MonkeyPatch,
    precision: str,
    is_measured: bool,
    is_timed: bool,
) -> None:
    row = session_zoo.row(PLAIN)
    record = read_records(true_records)[PLAIN]
    if not is_measured:
        record = replace(record, measurements=())
    speed = SpeedRecord(
        zoo="small",
        row_id=PLAIN,
        precision="bf16",
        instructions=(),
        device_model="m",
        threads=1,
        input_px=608,
        ms=1.0,
        float32_ms=2.0,
    )
    timed: list[object] = []

    def open_device(runtime: str, *, gpu: bool, precision: str) -> str:
        return f"{runtime} {precision} {gpu}"

    def time_row(row: Row, device: str) -> SpeedRecord:
        timed.append((row.row_id, device))
        return speed

    monkeypatch.setattr(measure_module, "measure_rows", lambda *_, **__: [record])
    monkeypatch.setattr(measure_module, "open_device", open_device)
    monkeypatch.setattr(measure_module, "time_row", time_row)
    asked = replace(settings, precision=precision, gpu=True)
    Measurer(zoo=session_zoo, selected=[row], settings=asked).measure(row)

    assert timed == ([(PLAIN, "paddle bf16 True")] if is_timed else [])
    assert bool(list(settings.records.rglob("speed/*.json"))) is is_timed


def test_what_is_written_and_what_is_kept_is_logged(
    session_zoo: Zoo,
    settings: Settings,
    asked: list[list[str]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, logger=measure_module.__name__)
    row = session_zoo.rows[0]
    measurer = Measurer(zoo=session_zoo, selected=[row], settings=settings)
    measurer.measure(row)
    measurer.measure(row)

    assert caplog.messages == [
        f"{DOUBTED}: record written to {settings.records / DOUBTED}.json",
        f"{DOUBTED}: record kept from an earlier pass",
    ]
    assert asked == [[DOUBTED]]


def test_without_an_archive_that_opens_nothing_is_detected(
    session_zoo: Zoo, settings: Settings, rooms: dict[str, Any]
) -> None:
    for row in session_zoo.rows:
        rooms["refuses"][row.row_id] = ArchiveUnavailable("nobody serves it")
    measure_rows(session_zoo, session_zoo.rows, settings)

    assert len(rooms["opened"]) == 2
    assert "store" not in rooms
