"""What README shows and names is really so."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path

import pytest

from harness.files.record_files import read_records
from harness.registry.location import accepted_records
from harness.registry.zoo import open_zoo
from harness.report.summary import summarise, summary_text

CHECKOUT = Path(__file__).parents[2]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
TITLES = (
    *("row", "run", "metric", "measured", "printed"),
    *("difference", "tolerance", "verdict"),
)
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "harness/README.md", "reports/README.md")


def test_the_demo_table_is_that_of_the_accepted_records() -> None:
    """To the tolerance: records made on another processor have other last decimals."""
    zoo = open_zoo("demo", home=CHECKOUT)
    records = read_records(accepted_records(CHECKOUT, "demo"))
    shown = README.partition("<!-- demo table:")[2].split("```")[1].strip("\n")
    table = summary_text(summarise(zoo, records, [row.row_id for row in zoo.rows]))

    wrong = differing_lines(shown, table.strip("\n"))

    assert wrong == []
    assert "On another processor a number may differ in its second decimal" in README


def differing_lines(shown: str, table: str) -> list[str]:
    """Return the lines that say something else, their measured numbers to tolerance."""
    pairs = zip_longest(shown.splitlines(), table.splitlines(), fillvalue="")
    return [one for one, other in pairs if not says_the_same(one, other)]


def says_the_same(shown: str, made: str) -> bool:
    one, other = shown.split(), made.split()
    if len(one) != len(TITLES) or one == list(TITLES) or len(other) != len(TITLES):
        return one == other
    here, there = (dict(zip(TITLES, cells, strict=True)) for cells in (one, other))
    return all(
        abs(Decimal(here[title]) - Decimal(there[title])) <= Decimal(here["tolerance"])
        if title in ("measured", "difference")
        else here[title] == there[title]
        for title in TITLES
    )


LINE = "a-160  160  box_ap  59.46  59.4  +0.06  0.15  reproduced"


@pytest.mark.parametrize(
    ("made", "is_same"),
    [
        (LINE.replace("59.46", "59.44").replace("+0.06", "+0.04"), True),
        (LINE.replace("59.46", "59.31").replace("+0.06", "-0.09"), True),
        (LINE.replace("59.46", "59.30"), False),
        (LINE.replace(" 59.4 ", " 59.5 "), False),
        (LINE.replace("reproduced", "lower"), False),
        ("", False),
    ],
)
def test_a_line_is_held_to_the_tolerance_and_to_nothing_less(
    made: str, is_same: bool
) -> None:
    assert says_the_same(LINE, made) is is_same


def test_every_tox_environment_that_readme_names_exists() -> None:
    tox = (CHECKOUT / "tox.ini").read_text(encoding="utf-8")
    sections = re.findall(r"^\[testenv:(.+)\]", tox, flags=re.MULTILINE)
    known = {name for section in sections for name in expand(section)}

    contributing = (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"tox -e ([\w-]+)", README + contributing))

    assert {"demo", "coco", "coco-gpu", "oracle", "unit-paddle3"} <= named
    assert named <= known


def expand(section: str) -> list[str]:
    """Return the names that a section with one group of factors stands for."""
    group = re.search(r"\{([^}]*)\}", section)
    if group is None:
        return [section]
    factors = group[1].split(",")
    return [section.replace(group[0], factor) for factor in factors]


def test_ci_runs_the_test_command_of_readme() -> None:
    (command,) = re.findall(r"^    (python .* && tox)$", README, flags=re.MULTILINE)
    script = (CHECKOUT / ".ci/run").read_text(encoding="utf-8")

    assert script.splitlines()[-1] == command


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_of_a_document_leads_somewhere(name: str) -> None:
    text = (CHECKOUT / name).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:]+)\)", text)

    missing = [
        one for one in links if not (CHECKOUT / name).parent.joinpath(one).exists()
    ]

    assert missing == []
