from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.report import notes
from harness.report.words import CHINESE, ENGLISH, Words
from harness.values.records import Record, Verdict
from harness.values.rows import Zoo


def test_an_environment_is_told_once_for_all_its_rows(
    erratum_record: Record, plain_record: Record
) -> None:
    records = {one.row_id: one for one in (erratum_record, plain_record)}
    heading, text = notes.environments(records, ENGLISH)

    assert heading == "## Test environment"
    assert text == (
        "- 2 rows: PaddlePaddle 2.6.2, Python 3.11.9, numpy 1.26.4; device cpu "
        "(a processor, threads: 2), float32, graph optimiser on; images by "
        "opencv-python-headless 4.11.0.86; scored by pycocotools 2.0.11; "
        "zoo-harness 1.0"
    )


def test_two_environments_are_told_apart(
    erratum_record: Record, plain_record: Record
) -> None:
    assert plain_record.environment is not None
    other = replace(
        plain_record, environment=replace(plain_record.environment, device="gpu")
    )
    records = {one.row_id: one for one in (erratum_record, other)}
    _, text = notes.environments(records, ENGLISH)

    assert text.count("- 1 row: ") == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (ENGLISH, "1 row: torch 2.14.1 (CUDA 13.0; TF32 off), Python 3.11.9, numpy"),
        (CHINESE, "torch 2.14.1（CUDA 13.0；TF32 off），Python 3.11.9，numpy"),
    ],
)
def test_another_runtime_stands_where_paddle_would(
    plain_record: Record, words: Words, told: str
) -> None:
    assert plain_record.environment is not None
    environment = replace(
        plain_record.environment,
        paddle="none",
        runtime="torch 2.14.1",
        libraries="CUDA 13.0",
        arithmetic="TF32 off",
    )
    record = replace(plain_record, environment=environment)
    _, text = notes.environments({record.row_id: record}, words)

    assert told in text
    assert "PaddlePaddle" not in text


def test_no_record_has_no_environment() -> None:
    assert list(notes.environments({}, CHINESE)) == ["## 测试环境", "尚无实测记录。"]


def test_errata_are_told_with_their_evidence(zoo: Zoo) -> None:
    blocks = list(notes.errata(zoo, ENGLISH))

    assert blocks[:2] == ["## Errata", "### E1"]
    assert blocks[2] == (
        "- `input_px`: printed `320`, should be `608`. "
        "Rows: `yolov3-resnet50_vd_dcn-coco-prune_sensity-320`.\n"
        "- Changes the run: measured both as printed and as corrected.\n"
        "- Evidence: every later edition prints 608\n"
        "- The size alone is wrong."
    )
    assert "Does not change what is measured." in blocks[4]
    assert "Rows: a spelling." in blocks[6]


def test_a_zoo_without_errata_has_no_such_section(zoo: Zoo) -> None:
    assert list(notes.errata(replace(zoo, errata=()), ENGLISH)) == []


def test_a_published_dataset_is_called_so(plain_record: Record) -> None:
    _, text = notes.datasets({plain_record.row_id: plain_record}, ENGLISH)

    assert text == (
        "- `coco`: 5000 images, 36781 annotations, fingerprint `coco-print`; 1 row\n"
        "  - is the dataset of the published numbers"
    )


def test_the_differences_of_a_dataset_are_listed(plain_record: Record) -> None:
    assert plain_record.dataset is not None
    differing = replace(
        plain_record.dataset, differences=("12 images instead of 5000",), limit=None
    )
    record = replace(plain_record, dataset=differing)
    _, text = notes.datasets({record.row_id: record}, ENGLISH)

    assert "  - 12 images instead of 5000" in text
    assert "published numbers" not in text


def test_a_limited_dataset_says_how_many_images(plain_record: Record) -> None:
    assert plain_record.dataset is not None
    record = replace(plain_record, dataset=replace(plain_record.dataset, limit=7))
    _, text = notes.datasets({record.row_id: record}, ENGLISH)

    assert "only the first 7 images" in text
    assert "published numbers" not in text


def test_the_archive_really_used_names_its_server(plain_record: Record) -> None:
    records = {"one": plain_record, "another": plain_record}
    heading, table = notes.archives(records, ENGLISH)

    assert heading == "## Archives"
    assert len(table.splitlines()) == 3
    assert [cell.strip() for cell in table.splitlines()[2].split("|")[1:-1]] == [
        "m1",
        "https://mirror.example/m1.tar",
        "1234",
        f"`{'a' * 64}`",
        "separate_files",
        "prune_r578",
    ]


def test_sections_without_content_are_left_out(zoo: Zoo) -> None:
    assert list(notes.datasets({}, ENGLISH)) == []
    assert list(notes.archives({}, ENGLISH)) == []
    assert list(notes.rows(zoo, {}, ENGLISH)) == []


def test_a_plainly_reproduced_row_needs_no_note(zoo: Zoo, plain_record: Record) -> None:
    assert list(notes.rows(zoo, {plain_record.row_id: plain_record}, ENGLISH)) == []


def test_a_row_with_something_to_say_says_it(zoo: Zoo, erratum_record: Record) -> None:
    heading, text = notes.rows(zoo, {erratum_record.row_id: erratum_record}, ENGLISH)

    assert heading == "## Notes"
    assert text == (
        "- `yolov3-resnet50_vd_dcn-coco-prune_sensity-320` (reproduced with erratum): "
        "reproduced at 608"
    )


def test_reason_and_notes_stay_on_one_line(
    zoo: Zoo, unmeasured: Callable[[str, Verdict, str], Record]
) -> None:
    row = zoo.rows[1]
    record = replace(
        unmeasured(row.row_id, Verdict.ERRORED, "it broke\n  twice"), notes=("a note",)
    )
    _, text = notes.rows(zoo, {row.row_id: record}, CHINESE)

    assert text == f"- `{row.row_id}`（运行出错）：it broke twice；a note"
