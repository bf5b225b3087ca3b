"""Writes zoos of one's own, and copies of the shipped ones that a test may spoil."""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import tomli_w

from harness.values.rows import METRICS_OF_DATASET, Row

#: Fields of a row that a table file always has.
ALWAYS = ("architecture", "backbone", "dataset", "strategy", "input_px", "archive")
#: Fields that it has where they are not what they are without one.
PLAIN = {"width": 1.0, "scales": "multi", "variant": ""}
METRIC_TITLES = {
    "box_ap": "Box AP",
    "easy": "Easy Set",
    "medium": "Medium Set",
    "hard": "Hard Set",
}
URL = "https://zoo.invalid/zoo/{name}/best.tar"


def write_claims(path: Path, printed: Mapping[tuple[str, str], str]) -> Path:
    """Write a claims file of what is printed of each row and metric."""
    lines = [f"{row_id},{metric},{one}" for (row_id, metric), one in printed.items()]
    text = "\n".join(["row,metric,printed", *lines, ""])
    path.write_text(text, encoding="utf-8")
    return path


def claim_aps(folder: Path, printed: Mapping[str, str]) -> Path:
    """Let the rows of a zoo of one's own claim these box APs."""
    claims = {(row_id, "box_ap"): one for row_id, one in printed.items()}
    return write_claims(folder / "expected.csv", claims)


def write_zoo(
    folder: Path, rows: Sequence[Row], printed: Mapping[str, str], *, url: str = URL
) -> Path:
    """Write a folder that is a zoo: one table of rows of one dataset, and their claims.

    Args:
        folder: where; it must not exist.
        rows: what the table prints, in order; cells that they lack are made.
        printed: the number of each row, by id, for every metric of the dataset.
        url: of an archive; ``{name}`` is its name.
    """
    folder.mkdir(parents=True)
    (dataset,) = {row.dataset for row in rows}
    metrics = {METRIC_TITLES[one]: one for one in METRICS_OF_DATASET[dataset]}
    titles = list(dict.fromkeys(title for row in rows for title in _cells(row)))
    columns = [*titles, *metrics]
    archives = dict.fromkeys(row.archive for row in rows)
    table = {
        "order": 1,
        "chapter": "Models",
        "heading": "Detectors",
        "dataset": dataset,
        "columns": columns,
        "align": ["left", *["center"] * (len(columns) - 1)],
        "metric_columns": metrics,
    }
    blocks = [
        tomli_w.dumps({"table": table}),
        *(
            f"[[archive]]\n{tomli_w.dumps({'name': one, 'url': url.format(name=one)})}"
            for one in archives
        ),
        *(_row_blocks(row) for row in rows),
    ]
    (folder / f"{dataset}.toml").write_text("\n".join(blocks), encoding="utf-8")
    claims = {
        (row_id, metric): one
        for row_id, one in printed.items()
        for metric in METRICS_OF_DATASET[dataset]
    }
    write_claims(folder / "expected.csv", claims)
    return folder


def copy_tables(tables: Iterable[Path], folder: Path) -> Path:
    """Make a zoo of one's own out of tables of another; it claims nothing yet."""
    folder.mkdir(parents=True)
    for table in tables:
        shutil.copy(table, folder)
    return folder


def copy_lone_zoo(tables: Path, claims: Path, folder: Path) -> Path:
    """Copy a zoo of a checkout to a folder of its own, which has no head."""
    copy_tables(tables.glob("*.toml"), folder)
    (folder / "zoo.toml").unlink()
    shutil.copyfile(claims, folder / "expected.csv")
    return folder


def copy_home(checkout: Path, home: Path, *, with_archives: bool = True) -> Path:
    """Copy what makes a home: every zoo's rows, and what is expected of them."""
    left_out = () if with_archives else ("*.tar",)
    for part in (Path("cases", "rows"), Path("expected")):
        ignored = shutil.ignore_patterns(*left_out)
        shutil.copytree(checkout / part, home / part, ignore=ignored)
    return home


def _cells(row: Row) -> Mapping[str, str]:
    return row.cells or {"Model": row.backbone, "Input size": str(row.input_px)}


def _row_blocks(row: Row) -> str:
    fields = {"id": row.row_id, **{one: getattr(row, one) for one in ALWAYS}}
    fields["num_classes"] = row.num_classes
    more = {one: getattr(row, one) for one in PLAIN if getattr(row, one) != PLAIN[one]}
    cells = tomli_w.dumps(_cells(row))
    return f"[[row]]\n{tomli_w.dumps({**fields, **more})}\n[row.cells]\n{cells}"
