import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Zoo = Callable[..., Any]  # conftest's fixture
PAGES = ("MODEL_ZOO.md", "MODEL_ZOO_en.md")
WORDS = ("report", "--zoo", "demo", "--records", ".zoo/records", "--output", "pages")


def test_pages_are_written_and_summed_up(home: Path, zoo: Zoo) -> None:
    said = zoo(*WORDS)

    assert said.code == 0
    assert "2 rows: 2 reproduced" in said.out.splitlines()
    assert said.out.splitlines()[-2:] == [f"page: pages/{name}" for name in PAGES]
    assert all((home / "pages" / name).is_file() for name in PAGES)
    assert "**2 rows = 2 reproduced**" in (home / "pages" / PAGES[1]).read_text("utf-8")


def test_the_json_of_a_report_has_unrounded_numbers(home: Path, zoo: Zoo) -> None:
    told = json.loads(zoo(*WORDS, "--json").out)

    assert told["zoo"] == "demo"
    assert told["counts"]["reproduced"] == 2
    (run, *_) = told["rows"][0]["runs"]
    ap_pct = run["scores_pct"]["box_ap"]
    assert ap_pct != round(ap_pct, 2)


def test_pages_that_were_just_written_are_current(home: Path, zoo: Zoo) -> None:
    zoo(*WORDS)
    said = zoo(*WORDS, "--check")
    told = json.loads(zoo(*WORDS, "--check", "--json").out)

    assert (said.code, said.out) == (0, "pages: current\n")
    assert told == {"zoo": "demo", "current": True}


def test_a_changed_page_fails_with_its_diff_and_stays(home: Path, zoo: Zoo) -> None:
    zoo(*WORDS)
    page = home / "pages" / PAGES[1]
    text = page.read_text(encoding="utf-8").replace("2 reproduced", "3 reproduced")
    page.write_text(text, encoding="utf-8")
    said = zoo(*WORDS, "--check")
    told = zoo(*WORDS, "--check", "--json")

    assert (said.code, told.code) == (1, 1)
    assert "-**2 rows = 3 reproduced**" in said.out.splitlines()
    assert "+**2 rows = 2 reproduced**" in said.out.splitlines()
    assert json.loads(told.out) == {"zoo": "demo", "current": False}
    assert page.read_text(encoding="utf-8") == text


def test_missing_pages_are_not_current(home: Path, zoo: Zoo) -> None:
    assert zoo(*WORDS, "--check").code == 1
    assert not (home / "pages").exists()


def test_without_options_the_accepted_records_make_the_committed_pages(
    home: Path, zoo: Zoo
) -> None:
    (home / "reports" / "records").mkdir(parents=True)
    (home / ".zoo" / "records" / "demo").rename(home / "reports" / "records" / "demo")
    said = zoo("report", "--zoo", "demo")

    assert "2 rows: 2 reproduced" in said.out
    assert all((home / "reports" / "demo" / name).is_file() for name in PAGES)


def test_the_published_tables_can_be_written_without_a_record(
    home: Path, zoo: Zoo
) -> None:
    words = ("report", "--values", "published", "--output", "pages")
    said = zoo(*words)

    assert said.code == 0
    assert "32 rows: 32 not_measured" in said.out
    assert "NOTHING WAS MEASURED" in said.out
    assert "24.0" in (home / "pages" / PAGES[0]).read_text(encoding="utf-8")


def test_other_values_than_these_two_are_a_usage_error(home: Path, zoo: Zoo) -> None:
    assert zoo("report", "--values", "guessed").code == 2


def test_the_records_folder_has_a_twin(
    home: Path, zoo: Zoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_RECORDS", ".zoo/records")
    said = zoo("report", "--zoo", "demo", "--output", "pages")

    assert "2 rows: 2 reproduced" in said.out
