import datetime as dt
from pathlib import Path

import pytest

from harness.errors import ZooDataError
from harness.files.atomic import write_text
from harness.registry.importing.zoo_files import import_document
from harness.registry.lint.zoo import lint_zoo
from harness.registry.zoo import open_zoo
from harness.values.rows import Table, Zoo

RULES = {"left": ":---", "center": ":---:", "right": "---:"}


def read_files(home: Path, zoo: str) -> dict[str, str]:
    """Give the imported files of a home; moves are written by hand."""
    paths = [
        *(home / "cases" / "rows" / zoo).glob("*.toml"),
        home / "expected" / f"{zoo}.csv",
    ]
    return {
        path.relative_to(home).as_posix(): path.read_text(encoding="utf-8")
        for path in paths
        if path.name != "moves.toml"
    }


def print_document(zoo: Zoo) -> str:
    """Print the tables of a zoo as a document: the importer's question, answered."""
    lines = [f"# {zoo.title}", ""]
    chapter = ""
    for table in zoo.tables:
        if table.chapter != chapter:
            chapter = table.chapter
            lines += [f"## {chapter}", ""]
        lines += [f"### {table.heading}", "", *print_table(zoo, table), ""]
    return "\n".join(lines)


def print_table(zoo: Zoo, table: Table) -> list[str]:
    printed = [list(table.columns), [RULES[one] for one in table.align]]
    for row_id in table.row_ids:
        row = zoo.row(row_id)
        numbers = {claim.metric: claim.printed for claim in zoo.claims[row_id]}
        cells = dict(row.cells)
        cells |= {title: numbers[one] for title, one in table.metric_columns.items()}
        cells[table.link_column] = f"[link]({zoo.archives[row.archive].url})"
        printed.append([cells[title] for title in table.columns])
    return [f"| {' | '.join(cells)} |" for cells in printed]


def test_a_document_of_the_shipped_zoo_imports_to_what_is_shipped(
    repository: Path,
) -> None:
    document = print_document(open_zoo("january-2020", home=repository))

    imported = import_document(
        document,
        zoo="january-2020",
        source="PaddlePaddle/PaddleDetection, slim/MODEL_ZOO.md",
        version="97088febf5",
        date=dt.date(2020, 1, 20),
    )

    assert imported == read_files(repository, "january-2020")


def test_the_synthetic_document_imports_to_the_files_beside_it(data: Path) -> None:
    folder = data / "synthetic"
    text = (folder / "document.md").read_text(encoding="utf-8")

    imported = import_document(text, zoo="synthetic", source="a test")

    assert imported == read_files(folder, "synthetic")


def test_an_imported_zoo_is_without_fault_and_prints_the_same_again(
    data: Path, home: Path
) -> None:
    text = (data / "synthetic" / "document.md").read_text(encoding="utf-8")
    imported = import_document(text, zoo="synthetic", source="a test")
    for path, content in imported.items():
        write_text(home / path, content)

    printed = print_document(open_zoo("synthetic", home=home))
    again = import_document(
        printed.replace("a | b", r"a \| b").replace("Note | ", r"Note \| "),
        zoo="synthetic",
        source="a test",
    )

    assert lint_zoo("synthetic", home) == ()
    assert again == imported


TABLE = """
| 骨架网络 | {strategy} | 输入尺寸 | Box AP | 下载 |
|:---|:---|:---|:---|:---|
| MobileNetV1 | {word} | 608 | 27.8 | [x](https://example.org/{path}) |
"""
FIRST = "## A\n### YOLOv3 on COCO\n" + TABLE.format(
    strategy="裁剪策略", word="r578", path="a.tar"
)


def second(word: str, path: str, heading: str = "YOLOv3 on COCO") -> str:
    return f"## B\n### {heading}\n" + TABLE.format(
        strategy="量化策略", word=word, path=path
    )


def test_an_archive_of_two_tables_is_declared_once() -> None:
    files = import_document(FIRST + second("post", "a.tar"), zoo="mine")

    assert "[[archive]]" in files["cases/rows/mine/prune_coco.toml"]
    assert "[[archive]]" not in files["cases/rows/mine/quant_coco.toml"]


def test_a_document_without_a_title_is_called_by_its_zoo() -> None:
    files = import_document(FIRST, zoo="mine")

    assert files["cases/rows/mine/zoo.toml"] == 'title = "mine"\n'


def test_two_addresses_of_one_name_are_refused() -> None:
    with pytest.raises(ZooDataError, match=r"line 10: two addresses of the archive a"):
        import_document(FIRST + second("post", "b/a.tar"), zoo="mine")


def test_two_tables_of_one_kind_are_refused() -> None:
    with pytest.raises(
        ZooDataError,
        match=r"line 10: two tables of one kind; .*, got prune_coco again",
    ):
        import_document(FIRST + second("sensity", "b.tar"), zoo="mine")


def test_a_row_printed_in_two_tables_is_refused() -> None:
    row = "| MobileNetV1 | baseline | 608 | 29.3 | [x](https://example.org/b.tar) |\n"

    with pytest.raises(
        ZooDataError, match=r"^line 14: two lines are the same row; .*first on line 7"
    ):
        import_document(FIRST + row + second("post", "c.tar") + row, zoo="mine")


@pytest.mark.parametrize("name", ["", "../up", "January", "a b", "a/b", ".hidden"])
def test_a_name_that_is_no_folder_name_is_refused(name: str) -> None:
    with pytest.raises(ZooDataError, match="name of the zoo; expected lower-case"):
        import_document(FIRST, zoo=name)
