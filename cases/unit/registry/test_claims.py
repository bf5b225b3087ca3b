import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ZooDataError
from harness.registry.claims import claims_text, parse_claims, read_claims
from harness.values.rows import Claim

claims_lists = st.lists(
    st.builds(
        Claim,
        row_id=st.from_regex(r"[a-z0-9_-]{1,20}", fullmatch=True),
        metric=st.sampled_from(["box_ap", "easy", "medium", "hard"]),
        printed=st.integers(0, 1000).map(lambda n: f"{n / 10:.1f}"),
    ),
    unique_by=lambda claim: (claim.row_id, claim.metric),
)


@given(claims=claims_lists)
def test_claims_read_back_as_they_were_written(claims: list[Claim]) -> None:
    problems: list[ZooDataError] = []
    text = claims_text(claims, what="a test", source="", version="", date=None)

    assert parse_claims(text, problems) == tuple(claims)
    assert problems == []


def test_the_head_says_where_the_numbers_come_from() -> None:
    text = claims_text(
        [Claim(row_id="a", metric="box_ap", printed="24.0")],
        what="numbers",
        source="a document",
        version="abc",
        date=dt.date(2020, 1, 20),
    )

    assert text == (
        "# what: numbers\n# source: a document\n# version: abc\n# date: 2020-01-20\n"
        "row,metric,printed\na,box_ap,24.0\n"
    )


def test_what_is_not_known_is_not_in_the_head() -> None:
    text = claims_text([], what="numbers", source="", version="", date=None)

    assert text == "# what: numbers\nrow,metric,printed\n"


@pytest.mark.parametrize(
    ("metric", "printed"),
    [
        ("gflops", "20.64"),
        ("size_kb", "815"),
        ("delta", "+0.0"),
        ("gflops_delta", "-16.06%"),
        ("gflops_delta_in_text", "32.98%"),
    ],
)
def test_a_figure_is_kept_as_it_is_printed(metric: str, printed: str) -> None:
    problems: list[ZooDataError] = []
    (claim,) = parse_claims(f"row,metric,printed\na,{metric},{printed}\n", problems)

    assert problems == []
    assert (claim.metric, claim.printed) == (metric, printed)


def test_the_printed_text_is_kept() -> None:
    (claim,) = parse_claims("row,metric,printed\na,box_ap,24.0\n", [])

    assert claim.printed == "24.0"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a,box_ap", "line 2: cells of the line; expected row,metric,printed, got a,"),
        ("a,box_ap,n/a", "line 2: field printed of row a; .*from 0 to 100, got 'n/a'"),
        ("a,box_ap,NaN", "from 0 to 100, got 'NaN'"),
        ("a,box_ap,100.1", "from 0 to 100, got '100.1'"),
        ("a,box_ap,-0.1", "from 0 to 100, got '-0.1'"),
        ("a,box_ap,", "from 0 to 100, got nothing"),
        ("a,gflops,0", "field printed of row a; expected a decimal above 0, got '0'"),
        ("a,size_mb,x", "expected a decimal above 0, got 'x'"),
        ("a,delta,0.7 up", r"expected a difference, such as \+0.7 or -16.06%, got"),
    ],
)
def test_a_malformed_line_is_noted_and_the_next_is_read(
    line: str, expected: str
) -> None:
    problems: list[ZooDataError] = []
    claims = parse_claims(f"row,metric,printed\n{line}\nb,box_ap,1.0\n", problems)

    assert [claim.row_id for claim in claims] == ["b"]
    assert len(problems) == 1
    with pytest.raises(ZooDataError, match=expected):
        raise problems[0]


def test_a_claim_made_twice_is_noted() -> None:
    problems: list[ZooDataError] = []
    parse_claims("row,metric,printed\na,box_ap,1.0\na,box_ap,2.0\n", problems)

    (problem,) = problems
    assert str(problem) == (
        "line 3: field metric of row a; expected each metric of a row once, "
        "got box_ap again, first on line 2"
    )


def test_another_header_is_noted() -> None:
    problems: list[ZooDataError] = []
    parse_claims("id,metric,value\n", problems)

    assert [str(one) for one in problems] == [
        "line 1: header; expected row,metric,printed, got id,metric,value"
    ]


def test_problems_of_a_file_name_it(tmp_path: Path) -> None:
    path = tmp_path / "zoo.csv"
    path.write_text("row,metric,printed\na,box_ap,x\n")
    problems: list[ZooDataError] = []

    assert read_claims(path, problems) == ()
    assert str(problems[0]).startswith("zoo.csv: line 2: field printed of row a")


@pytest.mark.parametrize(
    ("content", "got"), [(None, "got no such file"), (b"\xff", "got 'utf-8' codec")]
)
def test_a_file_that_cannot_be_read_is_a_problem(
    tmp_path: Path, content: bytes | None, got: str
) -> None:
    path = tmp_path / "zoo.csv"
    if content is not None:
        path.write_bytes(content)
    problems: list[ZooDataError] = []

    assert read_claims(path, problems) == ()
    assert str(problems[0]).startswith("zoo.csv: claims are not readable; expected")
    assert got in str(problems[0])
