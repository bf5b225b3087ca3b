import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.artifact.link import Link
from harness.pipeline.archives import link_check
from harness.pipeline.archives.link_check import CheckedArchive
from harness.registry.zoo import open_zoo
from harness.values.rows import Archive

Zoo = Callable[..., Any]  # conftest's fixture
SYNTHETIC = Path("cases", "unit", "data", "registry", "synthetic")


def test_rows_are_listed_in_plain_lines(home: Path, zoo: Zoo) -> None:
    said = zoo("list")

    lines = said.out.splitlines()
    january = open_zoo("january-2020", home=home)
    assert said.code == 0
    assert lines[0].split() == ["row", "published", "archive", "errata"]
    assert [line.split()[0] for line in lines[1:-1] if line] == [
        row.row_id for row in january.rows
    ]
    assert lines[-1] == "january-2020: 32 rows, 44 numbers, 16 archives"
    assert "\x1b" not in said.out
    assert not set("│┃━─") & set(said.out)


def test_the_claims_of_a_row_are_listed_as_printed(home: Path, zoo: Zoo) -> None:
    lines = zoo("list").out.splitlines()

    (line,) = [one for one in lines if "mobilenet_v1-coco-prune_r578-320" in one]
    assert " 24.0 " in line
    assert sum(line.count(" / ") for line in lines) == 12


def test_the_json_of_a_list_says_everything(home: Path, zoo: Zoo) -> None:
    said = zoo("list", "--json")

    told = json.loads(said.out)
    january = open_zoo("january-2020", home=home)
    assert told["zoo"] == "january-2020"
    assert [one["row"] for one in told["rows"]] == [row.row_id for row in january.rows]
    doubted = {one["row"]: one["errata"] for one in told["rows"] if one["errata"]}
    assert doubted["yolov3-resnet50_vd_dcn-coco-prune_sensity-320"] == ["E1", "E2"]
    assert all(
        set(one) == {"row", "markers", "printed", "archive", "url", "errata"}
        for one in told["rows"]
    )


def test_a_zoo_without_problems_passes(home: Path, zoo: Zoo) -> None:
    said = zoo("check", "--zoo", "demo")

    assert (said.code, said.out) == (0, "demo: no problems\n")


@pytest.fixture
def broken_home(home: Path) -> Path:
    """The demo zoo lacks a claim, and claims a number of no row."""
    claims = home / "expected" / "demo.csv"
    text = claims.read_text(encoding="utf-8").replace("baseline-160", "baseline-161")
    claims.write_text(text, encoding="utf-8")
    return home


def test_a_broken_zoo_fails_with_every_problem(broken_home: Path, zoo: Zoo) -> None:
    said = zoo("check", "--zoo", "demo")

    lines = said.out.splitlines()
    assert said.code == 1
    assert lines[-1] == f"demo: {len(lines) - 1} problems"
    assert any("baseline-160" in one and "demo.csv" in one for one in lines)
    assert any("baseline-161" in one and "demo.csv" in one for one in lines)


def test_the_json_of_a_check_lists_the_problems(broken_home: Path, zoo: Zoo) -> None:
    said = zoo("check", "--zoo", "demo", "--json")

    told = json.loads(said.out)
    assert said.code == 1
    assert told["zoo"] == "demo"
    assert told["problems"] == zoo("check", "--zoo", "demo").out.splitlines()[:-1]


def test_a_broken_zoo_is_not_listed(broken_home: Path, zoo: Zoo) -> None:
    said = zoo("list", "--zoo", "demo")

    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("zoo: demo.csv: ")
    assert "`zoo check` lists them all" in said.err


@pytest.fixture
def document(request: pytest.FixtureRequest) -> Path:
    return request.config.rootpath / SYNTHETIC / "document.md"


def test_a_document_is_imported_into_a_folder(
    home: Path, document: Path, tmp_path: Path, zoo: Zoo
) -> None:
    words = ("--zoo", "mine", "--source", "here", "--date", "2020-02-29")
    said = zoo("import", document, "--output", tmp_path / "new", *words)

    written = [Path(line) for line in said.out.splitlines()]
    assert said.code == 0
    assert {path for path in (tmp_path / "new").rglob("*") if path.is_file()} == set(
        written
    )
    listed = zoo("list", "--zoo", tmp_path / "new" / "cases" / "rows" / "mine")
    assert listed.code == 0
    assert listed.out.splitlines()[-1].startswith("mine: ")


def test_the_json_of_an_import_names_the_files(
    home: Path, document: Path, tmp_path: Path, zoo: Zoo
) -> None:
    words = ("import", document, "--output", tmp_path / "new", "--source", "here")
    said = zoo(*words, "--json")

    told = json.loads(said.out)
    assert told["zoo"] == "document"
    assert all(Path(one).is_file() for one in told["written"])


def test_what_cannot_be_imported_is_a_usage_error(
    home: Path, document: Path, tmp_path: Path, zoo: Zoo
) -> None:
    words = ("--output", tmp_path / "new", "--source", "here")
    dated = zoo("import", document, *words, "--date", "soon")
    missing = zoo("import", tmp_path / "none.md", *words)
    nowhere = zoo("import", document, *words[:2])

    assert (dated.code, missing.code, nowhere.code) == (2, 2, 2)
    assert "--source; expected where the document was published, got not" in nowhere.err
    assert dated.err == "zoo: --date; expected YYYY-MM-DD, got soon; give such a day\n"
    assert "none.md: not a text file to read" in missing.err
    assert not (tmp_path / "new").exists()


def test_the_addresses_of_a_zoo_are_asked(home: Path, zoo: Zoo) -> None:
    said = zoo("check", "--zoo", "demo", "--links")

    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0] == "demo: no problems"
    assert lines[1].startswith("demo_yolov3_mobilenet_v1: alive: http://127.0.0.1:")
    assert lines[2].startswith("demo_yolov3_mobilenet_v1: dead: https://demo.invalid/")
    assert lines[3] == "demo: 1 archive, none not served as pinned"


def test_an_archive_of_another_size_is_a_failed_check(home: Path, zoo: Zoo) -> None:
    (tar,) = (home / "cases/rows/demo/archives").rglob("demo_yolov3_mobilenet_v1.tar")
    tar.write_bytes(tar.read_bytes() + bytes(512))
    said = zoo("check", "--zoo", "demo", "--links", "--json")

    assert said.code == 1
    (archive,) = json.loads(said.out)["archives"]
    assert archive["served"] is False
    assert archive["links"][0]["size_bytes"] == archive["size_bytes"] + 512


def test_what_every_address_says_is_told(
    zoo: Zoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = (
        Link(address="http://a", state="dead", reason="gone", size_bytes=4),
        Link(address="http://b", state="alive"),
        Link(address="http://c", state="moved", leads_to="http://d", size_bytes=8),
        Link(address="http://e", state="alive", size_bytes=9),
    )
    archive = Archive(name="x", url="http://a", size_bytes=8)
    dead = CheckedArchive(archive=archive, links=links[:1])
    other = CheckedArchive(archive=archive, links=links[1:])
    right = CheckedArchive(archive=archive, links=links[2:3])
    monkeypatch.setattr(
        link_check, "check_links", lambda *_, **__: (dead, other, right)
    )

    said = zoo("check", "--links")
    told = json.loads(zoo("check", "--links", "--json").out)

    assert said.code == 1
    assert said.out.splitlines() == [
        "january-2020: no problems",
        "x: dead: http://a: gone OTHER SIZE, pinned 8",
        "x: alive: http://b: size not told",
        "x: moved: http://c -> http://d: 8",
        "x: alive: http://e: 9 OTHER SIZE, pinned 8",
        "x: moved: http://c -> http://d: 8",
        "january-2020: 3 archives, 2 not served as pinned",
    ]
    assert told["archives"][2] == {
        "archive": "x",
        "size_bytes": 8,
        "served": True,
        "links": [
            {
                "address": "http://c",
                "state": "moved",
                "leads_to": "http://d",
                "size_bytes": 8,
                "reason": None,
            }
        ],
    }
    assert [one["served"] for one in told["archives"]] == [False, False, True]


def test_no_address_of_a_broken_zoo_is_asked(
    broken_home: Path, zoo: Zoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(link_check, "check_links")

    said = zoo("check", "--zoo", "demo", "--links")

    assert said.code == 1
    assert said.out.endswith(" problems\n")


def test_files_that_were_edited_are_replaced_by_force_alone(
    home: Path, document: Path, tmp_path: Path, zoo: Zoo
) -> None:
    words = ("import", document, "--output", tmp_path / "new", "--source", "here")
    first = zoo(*words)
    edited = Path(first.out.splitlines()[1])
    before = edited.read_text()
    again = zoo(*words)
    edited.write_text(before + "# mine\n")
    refused = zoo(*words)
    kept = edited.read_text()
    forced = zoo(*words, "--force")

    assert (first.code, again.code, refused.code, forced.code) == (0, 0, 2, 0)
    assert "files in" in refused.err
    assert f"got {edited.relative_to(tmp_path / 'new')}; give another" in refused.err
    assert kept == before + "# mine\n"
    assert edited.read_text() == before
