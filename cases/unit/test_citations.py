"""Every section that code and data cite stands in the page that they cite."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
SPECIFICATION = CHECKOUT / "expected" / "zoo-spec.md"
DESIGN = CHECKOUT / "harness" / "README.md"
PLACES = ("harness", "cases", "expected", "conftest.py", "pyproject.toml", "tox.ini")
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
SUFFIXES = (".py", ".toml", ".ini", ".csv", ".md")

#: A section, an item of its list, or an appendix and its item.
SECTION = r"(?:[Aa]ppendix\s+[A-Z](?:\s+\d+)?|\d+(?:\.\d+)*)"
#: What may stand between the page's name and the section where a line breaks.
GAP = r"[\s#:\"']+"
CITED = rf"\b(zoo-spec|design){GAP}({SECTION}(?:(?:,|\s+and|\s+to|-|–)\s*{SECTION})*)"


def sections(page: str) -> set[str]:
    """Return what can be cited: ``1.3``, item 4 of list 0 as ``0.4``, ``A 7``."""
    known, section = set(), ""
    for line in page.splitlines():
        heading = re.match(
            r"#{2,3} (?:Design |Appendix )?(\d+(?:\.\d+)?|[A-Z]\b)[.:]? ", line
        )
        if heading:
            section = heading[1]
            known.add(section)
        item = re.match(r"(\d+)\. ", line)
        if item and section:
            known.add(f"{section}{' ' if section.isalpha() else '.'}{item[1]}")
    return known


def cited(text: str) -> Iterator[tuple[str, str]]:
    """Yield the page and the section of every citation, those of a range one by one."""
    for match in re.finditer(CITED, text):
        parts = re.split(rf"({SECTION})", match[2])
        before = ""
        for between, section in zip(parts[::2], parts[1::2], strict=False):
            name = re.sub(r"[Aa]ppendix\s+", "", section).replace("\n", " ")
            if between.strip() in ("-", "–", "to"):
                chapter, _, first = before.rpartition(".")
                last = name.rpartition(".")[2]
                for number in range(int(first) + 1, int(last)):
                    yield match[1], f"{chapter}.{number}" if chapter else str(number)
            yield match[1], name
            before = name


def texts() -> Iterator[tuple[str, str]]:
    """Yield the name and text of everything that may cite."""
    paths = [CHECKOUT / name for name in PAGES]
    for name in PLACES:
        place = CHECKOUT / name
        paths += sorted(place.rglob("*")) if place.is_dir() else [place]
    for path in paths:
        if path.suffix in SUFFIXES and path not in (SPECIFICATION, Path(__file__)):
            name = path.relative_to(CHECKOUT).as_posix()
            yield name, path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("word", "page", "at_least"),
    [("zoo-spec", SPECIFICATION, 300), ("design", DESIGN, 25)],
)
def test_every_section_that_is_cited_exists(
    word: str, page: Path, at_least: int
) -> None:
    known = sections(page.read_text(encoding="utf-8"))
    found = [
        (section, name)
        for name, text in texts()
        for named, section in cited(text)
        if named == word
    ]

    assert [one for one in found if one[0] not in known] == []
    assert len(found) >= at_least  # an expression that finds nothing proves nothing


def test_the_specification_refers_to_sections_of_its_own() -> None:
    text = SPECIFICATION.read_text(encoding="utf-8")
    named = set(re.findall(r"§(\d+(?:\.\d+)*)", text))

    assert len(named) >= 10
    assert named <= sections(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x = 3  # zoo-spec 1.3", ["1.3"]),
        ("of the zoo (zoo-spec 2, 4.2), three", ["2", "4.2"]),
        ("zoo-spec 4.1 to 4.4", ["4.1", "4.2", "4.3", "4.4"]),
        ("zoo-spec 1.5-1.7", ["1.5", "1.6", "1.7"]),
        ("zoo-spec 6 to 8", ["6", "7", "8"]),
        ("zoo-spec 6.2 and 6.3.", ["6.2", "6.3"]),
        ("as published (zoo-spec\n    # 1.7).", ["1.7"]),
        ('"as published (zoo-spec "\n    "1.7)"', ["1.7"]),
        ("zoo-spec Appendix A, and", ["A"]),
        ("(zoo-spec appendix A 7)", ["A 7"]),
        ("zoo-spec 0.4", ["0.4"]),
        ("the zoo-spec says 3 things", []),
        ("redesign 3", []),
    ],
)
def test_citations_are_read_in_every_form(text: str, found: list[str]) -> None:
    assert [section for _, section in cited(text)] == found


def test_sections_are_headings_and_the_items_of_their_lists() -> None:
    page = (
        "## 0. Facts\n\n1. one\n2. two\n\n### 1.3 Boxes\n## Appendix A. Vectors\n7. x\n"
    )

    assert sections(page) == {"0", "0.1", "0.2", "1.3", "A", "A 7"}
    assert sections("# 4. Title\n## Design 3: users\n1.5 is no heading\n") == {"3"}
