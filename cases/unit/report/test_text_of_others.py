"""Hostile text, from each place that it can come from to each that shows it."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from email.message import Message
from pathlib import Path
from urllib.error import HTTPError

import pytest

from harness.artifact.archive.entry import safe_path
from harness.artifact.refusal import Refusal, refuse_archive
from harness.artifact.web.failure import Stopped, failure_of
from harness.artifact.web.redirect import next_address
from harness.commands import printing
from harness.dataset.image import read_rgb
from harness.errors import HarnessError, RecordInvalid
from harness.files.record_json import record_from_json, record_to_json
from harness.pipeline.measure.judged_row import refused_row, told
from harness.registry.importing.zoo_files import import_document
from harness.report.pages import Values, render_pages
from harness.report.summary import summarise, summary_text
from harness.values.records import Record, Verdict
from harness.values.rows import Archive, Zoo

HOSTILE = {
    "escape code": "\x1b[2J\x1b]0;owned\x07",
    "one-byte escape": "\x9b2J",
    "script": "<script>alert(1)</script>",
    "pipe": "a|b|c",
    "backticks": "`a` ```b",
    "link": "[x](javascript:alert(1))",
    "picture": "![x](http://h/seen.png)",
    "command": "::error::x",
    "old command": "##[error]x",
    "newline": "a\n::error::x\n# b",
    "bidi": "\u202ecba\u2066",
    "lone surrogate": "\udc80",
}


def reason_of_server(text: str) -> str:
    error = HTTPError("http://h/x", 404, text, Message(), io.BytesIO())
    return _refused(failure_of(error).reason)


def redirect_location(text: str) -> str:
    with pytest.raises(Stopped) as caught:
        next_address("http://h/x", f"data:{text}")
    return _refused(caught.value.failure.reason)


def _refused(reason: str) -> str:
    archive = Archive(name="x", url="http://h/x.tar")
    refusal = Refusal(place="http://h/x.tar", reason=reason)
    return str(refuse_archive(archive, [refusal], offline=False))


def member_name(text: str) -> str:
    with pytest.raises(HarnessError) as caught:
        safe_path(f"/{text}")
    return str(caught.value)


def image_file_name(text: str) -> str:
    with pytest.raises(HarnessError) as caught:
        read_rgb(Path("nowhere") / f"{text}.jpg")
    return str(caught.value)


def category_name(text: str) -> str:
    (difference,) = told([f"category {text}: published 1, here 2"])
    return difference


def model_column(text: str) -> str:
    line = json.dumps(text, ensure_ascii=False)[1:-1]
    table = f"## c\n\n### YOLOv3 on COCO\n\n| Model |\n|:--|\n| {line} |\n"
    with pytest.raises(HarnessError) as caught:
        import_document(table, zoo="z")
    return str(caught.value)


def unexpected_error(text: str) -> str:
    class Row:
        zoo, row_id = "small", "r"

    return refused_row(Row(), RuntimeError(text)).reason  # type: ignore[arg-type]


PLACES = (
    reason_of_server,
    redirect_location,
    member_name,
    image_file_name,
    category_name,
    model_column,
    unexpected_error,
)


def shows_markup(page: str) -> bool:
    """Whether a page holds markup that this house did not write."""
    text = re.sub(r"^<!-- [^<>]* -->|<br>|`[^`\n]*`", "", page)
    text = re.sub(r"\[[^][]*\]\((?:https?://[\w./-]+|#[\w-]+)\)", "", text)
    return re.search(r"[<>\[\]`]|\\[!-+\[-`]", text) is not None


def is_seen(text: str) -> bool:
    """Whether each line of the text is printable and no command of a build service."""
    return all(
        line.isprintable() and not re.search(r"^\s*::[a-z]|##\[", line)
        for line in text.split("\n")
    )


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("place", PLACES)
def test_a_reason_is_shown_and_never_obeyed(
    zoo: Zoo,
    unmeasured: Callable[[str, Verdict, str], Record],
    capsys: pytest.CaptureFixture[str],
    place: Callable[[str], str],
    text: str,
) -> None:
    reason = place(text)
    row_id = zoo.rows[0].row_id
    record = unmeasured(row_id, Verdict.ERRORED, reason)

    assert is_seen(reason)
    assert "\n" not in reason
    stored = record_to_json(record)
    assert is_seen(stored)
    assert record_from_json(stored.encode().decode()) == record
    for page in render_pages(zoo, {row_id: record}, Values.MEASURED).values():
        assert is_seen(page)
        assert not shows_markup(page)
    printing.err.print(f"zoo: {reason}")
    assert is_seen(capsys.readouterr().err)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_a_document_and_a_record_hold_is_shown_and_never_obeyed(
    zoo: Zoo,
    plain_record: Record,
    capsys: pytest.CaptureFixture[str],
    text: str,
) -> None:
    """Nobody made these printable: a zoo and its records may come from anybody."""
    cells = dict.fromkeys(zoo.rows[1].cells, text)
    rows = (zoo.rows[0], replace(zoo.rows[1], cells=cells), zoo.rows[2])
    archives = {
        name: replace(one, url=f"javascript:{text}")
        for name, one in zoo.archives.items()
    }
    assert plain_record.environment is not None
    assert plain_record.dataset is not None
    assert plain_record.archive is not None
    hostile = replace(
        zoo,
        title=text,
        rows=rows,
        archives=archives,
        tables=tuple(
            replace(one, chapter=text, heading=text, translations={text: text})
            for one in zoo.tables
        ),
        errata=tuple(
            replace(one, evidence=(text,), note=text, printed=text)
            for one in zoo.errata
        ),
    )
    record = replace(
        plain_record,
        reason=text,
        notes=(text,),
        environment=replace(plain_record.environment, device_model=text, paddle=text),
        dataset=replace(
            plain_record.dataset, fingerprint=text, differences=(text,), name=text
        ),
        archive=replace(plain_record.archive, name=text, source=text, sha256=text),
    )
    records = {record.row_id: record}

    written = record_to_json(record).encode().decode()
    if text == HOSTILE["lone surrogate"]:
        with pytest.raises(
            RecordInvalid, match=r"^not JSON; got .*surrogates not allo"
        ):
            record_from_json(
                written
            )  # only somebody else writes it: ours are made seen
    else:
        assert record_from_json(written) == record
    for values in Values:
        for page in render_pages(hostile, records, values).values():
            assert is_seen(page)
            assert not shows_markup(page)
    table = summary_text(summarise(hostile, records, [record.row_id]))
    assert is_seen(table)
    printing.out.print(text)
    printing.print_table((text, "b"), [(text, text)])
    printing.print_json({text: text})
    printed = capsys.readouterr().out
    assert is_seen(printed)
    assert json.loads(printed[printed.index("{\n") :]) == {text: text}
