"""Builds rows of a zoo from their ids."""

from harness.values.rows import Row


def build_row(row_id: str, **fields: object) -> Row:
    """Return the row of an id; a field that the id does not say is as given, or plain.

    The plain row is of a zoo ``small``, with 80 classes, and its archive is named like
    its backbone.
    """
    architecture, backbone, dataset, strategy, input_px, *variant = row_id.split("-")
    said = {
        "row_id": row_id,
        "architecture": architecture,
        "backbone": backbone,
        "dataset": dataset,
        "strategy": strategy,
        "input_px": int(input_px),
        "variant": variant[0] if variant else "",
    }
    plain = {
        "zoo": "small",
        "table": f"{strategy.partition('_')[0]}_{dataset}",
        "archive": backbone,
        "num_classes": 80,
    }
    return Row(**{**plain, **said, **fields})  # type: ignore[arg-type]
