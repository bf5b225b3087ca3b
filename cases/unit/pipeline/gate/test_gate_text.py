from typing import Any

from harness.pipeline.gate.gate_text import (
    gate_lines,
    gate_markdown,
    workflow_lines,
)

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
