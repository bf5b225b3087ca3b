from pathlib import Path

import pytest

from harness.errors import UsageError, ZooDataError
from harness.pipeline.pages.imported_document import import_document_file
from harness.registry.zoo import open_zoo

DOCUMENT = Path("cases", "unit", "data", "registry", "synthetic", "document.md")


@pytest.fixture
def document(request: pytest.FixtureRequest) -> Path:
    return request.config.rootpath / DOCUMENT


def bring_in(document: Path, home: Path, date: str = "2020-02-29") -> tuple[Path, ...]:
    return import_document_file(
        document, zoo="mine", home=home, source="here", version="1", date=date
    )


def test_what_is_written_is_a_zoo(document: Path, tmp_path: Path) -> None:
    written = bring_in(document, tmp_path)

    assert all(path.is_file() and path.is_relative_to(tmp_path) for path in written)
    assert tmp_path / "expected" / "mine.csv" in written
    zoo = open_zoo(str(tmp_path / "cases" / "rows" / "mine"))
    assert zoo.name == "mine"
    assert zoo.rows
    assert set(zoo.claims) == {row.row_id for row in zoo.rows}


def test_without_a_date_none_is_written(document: Path, tmp_path: Path) -> None:
    bring_in(document, tmp_path, date="")

    text = (tmp_path / "cases/rows/mine/zoo.toml").read_text(encoding="utf-8")
    assert "date" not in text
    bring_in(document, tmp_path / "dated", date="2020-02-29")
    dated = (tmp_path / "dated/cases/rows/mine/zoo.toml").read_text(encoding="utf-8")
    assert "2020-02-29" in dated


def test_a_date_that_is_none_is_refused(document: Path, tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match="--date; expected YYYY-MM-DD, got January 2020"
    ):
        bring_in(document, tmp_path, date="January 2020")

    assert list(tmp_path.iterdir()) == []


def test_a_missing_document_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError,
        match=r"none\.md: not a text file to read; got .*No such file.*; give the path",
    ):
        bring_in(tmp_path / "none.md", tmp_path)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "bytes.md").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(UsageError, match=r"bytes\.md: not a text file to read"):
        bring_in(tmp_path / "bytes.md", tmp_path)


def test_nothing_is_written_of_a_document_that_is_not_understood(
    document: Path, tmp_path: Path
) -> None:
    lines = document.read_text(encoding="utf-8").splitlines()
    broken = [line for line in lines if not line.startswith("#")]
    path = tmp_path / "broken.md"
    path.write_text("\n".join(broken), encoding="utf-8")

    with pytest.raises(ZooDataError, match=r"broken\.md: "):
        bring_in(path, tmp_path / "home")

    assert not (tmp_path / "home").exists()


def test_the_mark_that_editors_put_in_front_hides_no_title(
    document: Path, tmp_path: Path
) -> None:
    marked = tmp_path / "marked.md"
    marked.write_bytes(b"\xef\xbb\xbf" + document.read_bytes())
    bring_in(document, tmp_path / "plain")
    bring_in(marked, tmp_path / "marked")

    one, other = (
        (tmp_path / name / "cases/rows/mine/zoo.toml").read_text()
        for name in ("plain", "marked")
    )
    assert one == other


def test_without_a_source_nothing_is_imported(document: Path, tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"^--source; expected where .*, got nothing; give its address"
    ):
        import_document_file(
            document, zoo="mine", home=tmp_path, source=" ", version="1", date=""
        )

    assert list(tmp_path.iterdir()) == []


def test_files_that_were_edited_since_are_replaced_only_by_force(
    document: Path, tmp_path: Path
) -> None:
    written = bring_in(document, tmp_path)
    before = {path: path.read_bytes() for path in written}
    bring_in(document, tmp_path)  # the same files again lose nothing
    edited = tmp_path / "expected" / "mine.csv"
    edited.write_text("mine", encoding="utf-8")

    with pytest.raises(
        UsageError,
        match=rf"^1 of {len(written)} files in .* say something else; expected files "
        r"as this document gives them, or none, got expected/mine.csv; give another "
        r"--output, or --force to replace them",
    ):
        bring_in(document, tmp_path)
    assert edited.read_text() == "mine"
    import_document_file(
        document,
        zoo="mine",
        home=tmp_path,
        source="here",
        version="1",
        date="2020-02-29",
        force=True,
    )
    assert {path: path.read_bytes() for path in written} == before


def test_a_folder_where_a_file_goes_is_not_passed_over(
    document: Path, tmp_path: Path
) -> None:
    (tmp_path / "expected" / "mine.csv").mkdir(parents=True)

    with pytest.raises(UsageError, match=r"got expected/mine.csv"):
        bring_in(document, tmp_path)
