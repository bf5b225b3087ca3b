"""``zoo list``: what was published of each row of a zoo."""

from __future__ import annotations

from harness.commands.options import DEFAULT_ZOO, AsJson, ZooName
from harness.commands.printing import out, print_json, print_table
from harness.printable import counted
from harness.registry.zoo import open_zoo


def list_rows(zoo: ZooName = DEFAULT_ZOO, as_json: AsJson = False) -> None:
    """List the rows of a zoo, with the numbers that were published of them."""
    opened = open_zoo(zoo)
    rows = [
        {
            "row": row.row_id,
            "markers": sorted(row.markers),
            "printed": {one.metric: one.printed for one in opened.claims[row.row_id]},
            "archive": row.archive,
            "url": opened.archives[row.archive].url,
            "errata": [one.erratum_id for one in opened.errata_of(row.row_id)],
        }
        for row in opened.rows
    ]
    if as_json:
        print_json({"zoo": opened.name, "rows": rows})
        return
    print_table(
        ("row", "published", "archive", "errata"),
        [
            (
                str(row.row_id),
                " / ".join(one.printed for one in opened.ap_claims(row.row_id)),
                row.archive,
                " ".join(one.erratum_id for one in opened.errata_of(row.row_id)),
            )
            for row in opened.rows
        ],
    )
    numbers = sum(len(opened.ap_claims(row.row_id)) for row in opened.rows)
    out.print(
        f"{opened.name}: {counted(len(opened.rows), 'row')}, "
        f"{counted(numbers, 'number')}, {counted(len(opened.archives), 'archive')}"
    )
