"""Checks what the comments above a recipe tell: they may not contradict the claims."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from harness.errors import ZooDataError
from harness.printable import printable
from harness.registry.recipe_joins import place_of, rows_of
from harness.values.recipes import Recipe
from harness.values.rows import Zoo

#: What every header tells: how to train, on what it was done, what comes out, and what
#: the document leaves open.
LABELS = ("command", "hardware", "expects", "open")
_LABELLED = re.compile(rf"#   ({'|'.join(LABELS)})\s+(\S.*)")
_CONTINUED = re.compile(r"#    \s*(\S.*)")
#: ``27.8 at 608 px``
_EXPECTED = re.compile(r"(\d+(?:\.\d+)?) at (\d+) px")


def parse_header(text: str) -> dict[str, str]:
    """Return what each label of the comments at the head of a file tells, joined."""
    told: dict[str, list[str]] = {}
    label = None
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        labelled, continued = _LABELLED.match(line), _CONTINUED.match(line)
        if labelled:
            label = labelled[1]
            told.setdefault(label, []).append(labelled[2])
        elif continued and label is not None:
            told[label].append(continued[1])
    return {label: " ".join(lines) for label, lines in told.items()}


def header_problems(
    folder: Path, recipe: Recipe, zoo: Zoo, *, is_own: bool
) -> Iterator[ZooDataError]:
    """Yield what a recipe's header lacks, and an AP that its rows do not claim.

    Args:
        folder: of the zoo's recipes.
        recipe: one of them.
        zoo: has the claims.
        is_own: it is anybody's own zoo, where a header is not asked for.
    """
    place = place_of(recipe.recipe_id)
    path = folder / f"{recipe.recipe_id.name}.toml"
    header = parse_header(path.read_text(encoding="utf-8"))
    if not is_own:
        for label in LABELS:
            if label not in header:
                yield ZooDataError(
                    f"{place}: comment {label}",
                    expected=f"a line `#   {label}   ...` above the fields",
                    got="none",
                )
        yield from _command_problems(header, recipe, place)
    if "expects" in header:
        yield from _claim_problems(header["expects"], recipe, zoo, place)


def _command_problems(
    header: dict[str, str], recipe: Recipe, place: str
) -> Iterator[ZooDataError]:
    words = header.get("command", "").split()
    wanted = ["zoo", "train", recipe.recipe_id.name, "--zoo", recipe.recipe_id.zoo]
    if words and words[: len(wanted)] != wanted:
        yield ZooDataError(
            f"{place}: comment command",
            expected=" ".join(wanted),
            got=printable(" ".join(words)),
        )


def _claim_problems(
    told: str, recipe: Recipe, zoo: Zoo, place: str
) -> Iterator[ZooDataError]:
    """Yield a header whose numbers are not the claims of its rows, in their order."""
    claimed = [
        f"{claim.printed} at {row.input_px} px"
        for row in rows_of(recipe, zoo)
        for claim in zoo.ap_claims(row.row_id)
    ]
    expected = [f"{ap} at {size} px" for ap, size in _EXPECTED.findall(told)]
    if expected != claimed:
        yield ZooDataError(
            f"{place}: comment expects",
            expected=", ".join(claimed) or "no AP: no row of this zoo claims one",
            got=", ".join(expected),
            next_step="a header repeats the claims of the zoo's CSV",
        )
