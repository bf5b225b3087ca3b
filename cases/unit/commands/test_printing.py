import json

import pytest
from rich.console import Console

from harness.commands import printing
from harness.commands.printing import print_json, print_table

TITLES, ROWS = ("row", "verdict"), [("a", "reproduced"), ("[b]", "lower")]


def test_a_table_in_a_log_is_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(TITLES, ROWS)

    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines] == [[*TITLES], *map(list, ROWS)]


def test_a_table_on_a_terminal_is_drawn(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Console(force_terminal=True, width=80, markup=False)
    monkeypatch.setattr(printing, "out", terminal)
    print_table(TITLES, ROWS)

    drawn = capsys.readouterr().out
    assert "│" in drawn
    assert "reproduced" in drawn


def test_a_long_line_is_not_broken(capsys: pytest.CaptureFixture[str]) -> None:
    printing.out.print("word " * 100)

    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.parametrize("text", ["[bold]", ":on:", "裁剪", "a" * 500])
def test_text_is_printed_as_it_is(
    capsys: pytest.CaptureFixture[str], text: str
) -> None:
    print_json({"b": 1, "a": text})

    printed = capsys.readouterr().out
    assert json.loads(printed) == {"a": text, "b": 1}
    assert printed == f'{{\n  "a": "{text}",\n  "b": 1\n}}\n'


def test_an_id_is_never_cut_on_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Console(force_terminal=True, width=60, markup=False)
    monkeypatch.setattr(printing, "out", terminal)
    row_id = "yolov3-resnet50_vd_dcn-coco-prune_sensity-320"

    printing.print_table(("row", "archive"), [(row_id, "yolov3_r50_dcn_prune1x")])

    assert row_id in capsys.readouterr().out
