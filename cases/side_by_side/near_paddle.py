"""Refuses records of the demo on torch that are far from the accepted ones of Paddle.

Run by ``tox -e unit-torch``: prints both numbers of every claim, and the difference.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.files.record_files import read_records
from harness.registry.location import accepted_records, find_home
from harness.registry.zoo import open_zoo
from harness.values.records import Record
from harness.values.rows import Zoo

#: AP that a float row may differ by: 0.0001 was seen on processor and H100.
FLOAT_PCT = 0.001
#: And a quantised one, where a sum that ends on the other side of a half is another
#: integer: 0.044 was seen, and another processor moves Paddle itself by 0.02.
QUANTISED_PCT = 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One number on both runtimes; None: not measured there, or not by it."""

    row_id: str
    metric: str
    limit_pct: float
    paddle_pct: float | None
    torch_pct: float | None

    @property
    def difference_pct(self) -> float | None:
        """Torch's less Paddle's; None where one is missing."""
        if self.paddle_pct is None or self.torch_pct is None:
            return None
        return self.torch_pct - self.paddle_pct

    @property
    def is_near(self) -> bool:
        """Whether both are there, and differ by the limit or less."""
        difference_pct = self.difference_pct
        return difference_pct is not None and abs(difference_pct) <= self.limit_pct


def pairs_of(
    zoo: Zoo, paddle: Mapping[str, Record], torch: Mapping[str, Record]
) -> Iterator[Pair]:
    """Yield every claim of a zoo with what both runtimes measured at the printed size.

    Args:
        zoo: whose rows.
        paddle: its records by row id.
        torch: likewise; a record that torch did not make counts as none.
    """
    for row in zoo.rows:
        is_quantised = row.strategy.startswith("quant")
        for claim in zoo.claims[row.row_id]:
            yield Pair(
                row_id=row.row_id,
                metric=claim.metric,
                limit_pct=QUANTISED_PCT if is_quantised else FLOAT_PCT,
                paddle_pct=_score(paddle.get(row.row_id), claim.metric, ""),
                torch_pct=_score(torch.get(row.row_id), claim.metric, "torch"),
            )


def _score(record: Record | None, metric: str, runtime: str) -> float | None:
    if record is None or not record.is_measured or record.environment is None:
        return None
    if record.environment.runtime.partition(" ")[0] != runtime:
        return None
    return record.measurements[0].scores_pct.get(metric)


def line_of(pair: Pair) -> str:
    """Return a pair as a line of the table."""
    numbers = (pair.paddle_pct, pair.torch_pct, pair.difference_pct)
    told = "  ".join("missing" if one is None else f"{one:8.4f}" for one in numbers)
    end = "" if pair.is_near else f"  expected within {pair.limit_pct}"
    return f"{pair.row_id:44} {pair.metric:7} {told}{end}"


def main(records: str) -> int:
    """Print the table of the demo; return 1 where a claim is missing or far."""
    zoo = open_zoo("demo")
    paddle = read_records(accepted_records(find_home(), zoo.name))
    torch = read_records(Path(records) / zoo.name)
    pairs = list(pairs_of(zoo, paddle, torch))
    sys.stdout.writelines(f"{line_of(one)}\n" for one in pairs)
    return int(not all(one.is_near for one in pairs))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
