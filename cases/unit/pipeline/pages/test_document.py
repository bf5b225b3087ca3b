from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import RecordInvalid
from harness.files.precision_files import precision_folder, write_speed
from harness.files.record_files import write_record
from harness.files.retrained_files import retrained_folder
from harness.pipeline.pages.document import (
    check_pages,
    write_pages,
)
from harness.report.pages import Values
from harness.values.records import SpeedRecord, Verdict
from harness.values.rows import Zoo

Folder = Any  # conftest.Folder; tests cannot import it
PLAIN = "yolov3-mobilenet_v1-coco-prune_r578-608"


@pytest.fixture
def output(green: Folder, tmp_path: Path) -> Path:
    write_pages(green.zoo, green.path, tmp_path / "pages", Values.MEASURED)
    return tmp_path / "pages"


def test_both_pages_are_written_and_current(green: Folder, output: Path) -> None:
    assert sorted(path.name for path in output.iterdir()) == [
        "MODEL_ZOO.md",
        "MODEL_ZOO_en.md",
    ]
    assert check_pages(green.zoo, green.path, output, Values.MEASURED) == ""


def test_the_paths_written_are_returned(green: Folder, tmp_path: Path) -> None:
    written = write_pages(green.zoo, green.path, tmp_path / "p", Values.PUBLISHED)

    assert written == (
        tmp_path / "p" / "MODEL_ZOO.md",
        tmp_path / "p" / "MODEL_ZOO_en.md",
    )
    assert "2 rows" not in written[1].read_text(encoding="utf-8")


def test_writing_twice_gives_the_same_bytes(green: Folder, output: Path) -> None:
    before = {path.name: path.read_bytes() for path in output.iterdir()}
    write_pages(green.zoo, green.path, output, Values.MEASURED)

    assert {path.name: path.read_bytes() for path in output.iterdir()} == before
    assert all(b"\r" not in text for text in before.values())


def test_a_new_verdict_makes_the_pages_stale(green: Folder, output: Path) -> None:
    (green.path / f"{PLAIN}.json").unlink()
    lines = check_pages(green.zoo, green.path, output, Values.MEASURED).splitlines()

    assert "--- MODEL_ZOO_en.md (as it is)" in lines
    assert "+++ MODEL_ZOO_en.md (as it should be)" in lines
    assert "-**2 rows = 1 reproduced + 1 reproduced with erratum**" in lines
    assert "+**2 rows = 1 reproduced with erratum + 1 not measured (no record)**" in (
        lines
    )


@pytest.mark.parametrize(
    ("spoil", "shown"),
    [
        (lambda page: page.replace(b"\n", b"\r\n"), "\\r\n"),
        (lambda page: page[:-1], " (no newline at end)\n"),
        (lambda page: b"\xef\xbb\xbf" + page, "-\ufeff<!--"),
        (lambda page: b"\xff" + page, "-\\xff<!--"),
        (lambda page: page + b"\n", "\n-\n"),
        (lambda _: b"", "+# "),
    ],
    ids=["crlf", "no last newline", "bom", "not utf-8", "one line more", "empty"],
)
def test_one_byte_makes_a_page_stale(
    green: Folder, output: Path, spoil: Any, shown: str
) -> None:
    page = output / "MODEL_ZOO.md"
    page.write_bytes(spoil(page.read_bytes()))

    assert shown in check_pages(green.zoo, green.path, output, Values.MEASURED)


def test_checking_writes_nothing(green: Folder, tmp_path: Path) -> None:
    difference = check_pages(green.zoo, green.path, tmp_path / "none", Values.PUBLISHED)

    assert difference.startswith("--- /dev/null\n+++ MODEL_ZOO.md (as it should be)\n")
    assert not (tmp_path / "none").exists()


def test_no_records_make_pages_all_the_same(session_zoo: Zoo, tmp_path: Path) -> None:
    missing = tmp_path / "none"
    (page, _) = write_pages(session_zoo, missing, tmp_path / "p", Values.MEASURED)

    assert "**2 行 = 2 未测量（无记录）**" in page.read_text(encoding="utf-8")


def test_a_record_of_no_row_is_refused_with_its_folder(
    green: Folder, tmp_path: Path
) -> None:
    green.change(PLAIN, zoo="demo")

    with pytest.raises(RecordInvalid, match=r"records: the record of .* another zoo"):
        write_pages(green.zoo, green.path, tmp_path / "p", Values.MEASURED)
    assert not (tmp_path / "p").exists()


def test_records_of_another_precision_get_their_section(
    green: Folder, tmp_path: Path
) -> None:
    record = green.read(PLAIN)
    apart = precision_folder(green.path, "bf16")
    write_record(apart, replace(record, verdict=Verdict.NOT_JUDGED))
    write_speed(
        apart,
        SpeedRecord(
            zoo="small",
            row_id=PLAIN,
            precision="bf16",
            instructions=("amx_bf16",),
            device_model="a processor",
            threads=2,
            input_px=608,
            ms=50.0,
            float32_ms=100.0,
        ),
    )
    write_pages(green.zoo, green.path, tmp_path / "p", Values.MEASURED)
    page = (tmp_path / "p" / "MODEL_ZOO_en.md").read_text(encoding="utf-8")

    assert "## What a deployment would get" in page
    assert "50.00" in page
    assert "**2 rows = 1 reproduced + 1 reproduced with erratum**" in page


def test_records_of_retrained_rows_get_their_section(
    green: Folder, tmp_path: Path
) -> None:
    record = green.read(PLAIN)
    used = replace(record.archive, source="trained by small/m1, seed 7")
    write_record(retrained_folder(green.path), replace(record, archive=used))
    write_pages(green.zoo, green.path, tmp_path / "p", Values.MEASURED)
    page = (tmp_path / "p" / "MODEL_ZOO_en.md").read_text(encoding="utf-8")

    assert "## Trained again" in page
    assert "trained by small/m1, seed 7" in page
    assert "**2 rows = 1 reproduced + 1 reproduced with erratum**" in page


def test_a_traceback_beside_the_records_reaches_no_page(
    green: Folder, tmp_path: Path
) -> None:
    (green.path / "errors").mkdir()
    (green.path / "errors" / f"{PLAIN}.txt").write_text("Traceback: secret")
    (green.path / "errors" / f"{PLAIN}.json").write_text("{")
    written = write_pages(green.zoo, green.path, tmp_path / "pages", Values.MEASURED)

    assert not any("secret" in path.read_text("utf-8") for path in written)
    assert sorted(written) == sorted((tmp_path / "pages").iterdir())
