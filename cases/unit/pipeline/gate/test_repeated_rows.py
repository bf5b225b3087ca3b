from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness.files.record_files import read_records
from harness.pipeline.gate import repeated_rows
from harness.pipeline.gate.repeated_rows import repeat_rows
from harness.pipeline.measure.settings import Settings
from harness.pipeline.measure.watcher import Watcher
from harness.values.records import Record, Verdict
from harness.values.rows import Row, Zoo

Asked = list[tuple[list[str], Settings]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """What is asked to be measured, in place of measuring it."""
    asked: Asked = []

    def measure_rows(
        zoo: Zoo, rows: Sequence[Row], settings: Settings, *, watcher: Watcher
    ) -> list[Record]:
        asked.append(([row.row_id for row in rows], settings))
        return [
            Record(
                zoo=zoo.name, row_id=row.row_id, verdict=Verdict.ERRORED, reason="once"
            )
            for row in rows
        ]

    monkeypatch.setattr(repeated_rows, "measure_rows", measure_rows)
    return asked


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        cache=tmp_path / "cache", records=tmp_path / "records", data_root=None
    )


def test_rows_of_a_dataset_are_measured_together_and_afresh(
    session_zoo: Zoo, settings: Settings, asked: Asked
) -> None:
    ids = [row.row_id for row in session_zoo.rows]
    repeat_rows(session_zoo, ids[::-1], settings, watcher=Watcher())

    assert asked == [(ids, replace(settings, fresh=True))]
    assert set(read_records(settings.records)) == set(ids)


def test_every_dataset_has_a_pass_of_its_own(
    session_zoo: Zoo, settings: Settings, asked: Asked
) -> None:
    first, second = session_zoo.rows
    zoo = replace(session_zoo, rows=(first, replace(second, dataset="voc")))
    ids = [row.row_id for row in zoo.rows]
    repeat_rows(zoo, ids, settings, watcher=Watcher())

    assert [together for together, _ in asked] == [[one] for one in ids]


def test_a_row_of_no_zoo_is_left_to_who_judges(
    session_zoo: Zoo, settings: Settings, asked: Asked
) -> None:
    repeat_rows(session_zoo, ["nothing"], settings, watcher=Watcher())

    assert asked == []
    assert read_records(settings.records) == {}
