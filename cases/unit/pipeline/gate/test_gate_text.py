import json
from dataclasses import replace
from typing import Any

from harness.pipeline.gate.finding import Note
from harness.pipeline.gate.gate import Waived
from harness.pipeline.gate.gate_text import (
    gate_json,
    gate_lines,
    gate_markdown,
    workflow_lines,
)
from harness.pipeline.gate.rules import RuleDifference
from harness.values.records import Verdict

DOUBTED = "yolov3-resnet50_vd_dcn-coco-prune_sensity-320"
PLAIN = "yolov3-mobilenet_v1-coco-prune_r578-608"
Folder = Any  # conftest.Folder; tests cannot import it

#: An archive that is named like a command of a workflow.
COMMAND = "x\n::stop-commands::y\r##[error]z%0A::add-mask::w\x1b[2J\u2028"


def test_a_name_like_a_command_starts_no_line(green: Folder) -> None:
    green.change_archive(PLAIN, name=COMMAND)
    report = green.gate()
    printed, summary = list(gate_lines(report)), gate_markdown(report)

    assert all("\n" not in one and "\r" not in one for one in printed)
    assert not [one for one in printed if one.lstrip().startswith("::")]
    assert not any("##[" in one or "\x1b" in one for one in (*printed, summary))
    assert any(r"x\x0a::stop-commands::y\x0d\x23#[error]z" in one for one in printed)
    body = summary.splitlines()[2:]
    assert all(one.startswith("    ") for one in body if one)


def test_an_annotation_is_one_command_whatever_it_says(green: Folder) -> None:
    green.change_archive(PLAIN, name=COMMAND)
    (line, *_) = workflow_lines(green.gate())

    assert line.startswith(f"::error title=archive%3A {PLAIN}::{PLAIN}: archive; expe")
    assert "\n" not in line
    assert "\r" not in line
    assert r"x\x0a::stop-commands::y\x0d" in line
    assert "z%250A" in line  # their own escape is text


def test_what_only_is_missing_is_a_warning(green: Folder) -> None:
    (green.path / f"{PLAIN}.json").unlink()
    (line,) = workflow_lines(green.gate())

    assert line.startswith(
        f"::warning title=no_record%3A {PLAIN}::not measured; expect"
    )


def test_a_report_is_printed_from_its_findings_to_what_it_cannot_see(
    green: Folder,
) -> None:
    green.unmeasure(PLAIN, Verdict.UNAVAILABLE)
    report = replace(
        green.gate(),
        seed=7,
        waived=(
            Waived(
                row_id="r",
                verdict="lower",
                reason="x",
                expires="2030-01-01",
                excused=(),
            ),
        ),
        rule_differences=(RuleDifference(what="claim", judged_by="1", proposed="2"),),
        notes=tuple(Note(row_id=one, message="not pinned") for one in "ab"),
        unproven="not proven: much",
    )
    lines = list(gate_lines(report))

    assert lines[0] == "seed  7: gives the images that were looked at again"
    assert lines[1].startswith(f"miss  {PLAIN}: because; expected reproduced, got una")
    assert lines[2:5] == [
        "waived  r: lower until 2030-01-01: x",
        "rule  claim: judged by 1; proposed 2",
        "note  not pinned: 2 rows",
    ]
    assert "1 unavailable" in lines[5]
    assert lines[6:] == ["gate: shut", "not proven: much"]
    assert gate_markdown(report).splitlines() == [
        "## Gate of small: shut",
        "",
        *(f"    {one}" for one in (*lines[1:6], lines[7])),
        "",
    ]


def test_a_report_without_findings_has_passed(green: Folder) -> None:
    report = green.gate()

    assert "gate: passed" in list(gate_lines(report))
    assert not any(one.startswith("seed") for one in gate_lines(report))
    assert gate_markdown(report).startswith("## Gate of small: passed\n\n")


def test_the_json_of_a_report_is_sorted_and_ends_its_line(green: Folder) -> None:
    green.unmeasure(PLAIN, Verdict.UNAVAILABLE)
    text = gate_json(green.gate())
    data = json.loads(text)

    assert text.endswith("}\n")
    assert list(data) == sorted(data)
    assert text.startswith('{\n  "counts"')
    assert data["notes"][0]["row_id"] == DOUBTED
    assert (data["seed"], data["waived"], data["rule_differences"]) == (None, [], [])
    assert data["unproven"].startswith("not proven")
