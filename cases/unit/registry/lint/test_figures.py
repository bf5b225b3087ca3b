from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.registry.lint.figures import unit_problems
from harness.registry.lint.zoo import lint_zoo
from harness.registry.zoo import open_zoo
from harness.values.rows import Claim

MARCH = "march-2020"
MOBILENET = "yolov3-mobilenet_v1-coco"


def spoil(home: Path, path: str, old: str, new: str) -> None:
    file = home / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def claim(editions: Path) -> Callable[[str, str, str], None]:
    """Add a claim to the later edition, or replace it."""

    def add(row: str, metric: str, printed: str) -> None:
        path = editions / "expected" / f"{MARCH}.csv"
        kept = [
            line
            for line in path.read_text(encoding="utf-8").splitlines()
            if not line.startswith(f"{row},{metric},")
        ]
        text = "\n".join([*kept, f"{row},{metric},{printed}"]) + "\n"
        path.write_text(text, encoding="utf-8")

    return add


@pytest.fixture
def told(editions: Path) -> Callable[[], tuple[str, ...]]:
    return lambda: lint_zoo(MARCH, editions)


def test_the_shipped_later_edition_is_without_fault(repository: Path) -> None:
    assert lint_zoo(MARCH, repository) == ()


@pytest.mark.parametrize(
    ("erratum", "found"),
    [
        ("E1", ["yolov3-resnet34-coco-quant_aware-608 delta", "-1.0: 35.2", "36.2"]),
        ("E2", ["original-widerface-quant_post-640 medium_delta", "-4.1: 85.1"]),
        ("E3", ["mobilenet_v1-voc-distill_prune_r578-320 delta", "+1.0: 76.3"]),
        ("E4", ["prune_r578-608 gflops_delta_in_text", "32.93% to 32.96%", "'32.98%'"]),
    ],
)
def test_a_slip_is_found_without_its_erratum(
    editions: Path, told: Callable[[], tuple[str, ...]], erratum: str, found: list[str]
) -> None:
    path = editions / "expected" / "errata.toml"
    before, _, after = path.read_text(encoding="utf-8").partition(
        f"[{MARCH}.{erratum}]\n"
    )
    rest = after[after.index("\n[") :]
    path.write_text(before + rest, encoding="utf-8")
    (message,) = told()

    assert all(one in message for one in found), message
    assert message.endswith("; an erratum explains it")


def test_the_size_that_does_not_give_its_percentage_is_found_without_its_erratum(
    editions: Path, told: Callable[[], tuple[str, ...]]
) -> None:
    path = editions / "expected" / "errata.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index(f"[{MARCH}.E6]")], encoding="utf-8")
    messages = told()

    assert len(messages) == 3
    assert all("-66.92% to -66.91%: 31.30" in one for one in messages)


def test_an_erratum_whose_correction_does_not_add_up_is_no_explanation(
    editions: Path, told: Callable[[], tuple[str, ...]]
) -> None:
    spoil(editions, "expected/errata.toml", 'corrected = "-4.1"', 'corrected = "-4.2"')
    (message,) = told()

    assert "medium_delta: field printed; expected -4.1" in message
    assert "got '-4.2'" in message


def test_a_correction_that_is_no_difference_is_refused(
    editions: Path, told: Callable[[], tuple[str, ...]]
) -> None:
    spoil(editions, "expected/errata.toml", 'corrected = "-4.1"', 'corrected = "less"')
    messages = told()

    assert messages[0] == (
        "errata.toml: erratum E2: field corrected; expected a difference, such as "
        "+0.7 or -16.06%, got 'less'"
    )
    assert "medium_delta: field printed; expected -4.1" in messages[1]


@pytest.mark.parametrize(
    ("row", "printed", "right"),
    [
        (f"{MOBILENET}-quant_post-320", "-1.0", "-1.1: 26.0"),
        (f"{MOBILENET}-quant_aware-320", "-1.2", "-1.3: 25.8"),
        ("yolov3-resnet50_vd_dcn_obj365-coco-quant_aware-608", "-0.9", "-0.8: 40.6"),
    ],
)
def test_the_other_zoos_slips_would_be_found(
    claim: Callable[[str, str, str], None],
    told: Callable[[], tuple[str, ...]],
    row: str,
    printed: str,
    right: str,
) -> None:
    claim(row, "delta", printed)
    (message,) = told()

    assert f"expected {right}" in message
    assert f"got '{printed}'" in message


def test_a_difference_without_a_sign_is_told(
    claim: Callable[[str, str, str], None], told: Callable[[], tuple[str, ...]]
) -> None:
    claim("yolov3-mobilenet_v1-voc-prune_r578-416", "delta", "1.0")
    (message,) = told()

    assert message == (
        "march-2020.csv: claim yolov3-mobilenet_v1-voc-prune_r578-416 delta: field "
        "printed; expected a sign, + or -, got '1.0'"
    )


@pytest.mark.parametrize(
    ("metric", "printed", "is_right"),
    [
        ("gflops_delta", "-69.64%", True),
        ("gflops_delta", "-69.70%", False),  # 6.27 of 20.64 gives -69.59 to -69.66
        ("gflops_delta", "+69.64%", False),
        ("size_delta", "-66.90%", True),
        ("size_delta", "-67.00%", False),
    ],
)
def test_a_percentage_is_right_if_numbers_before_rounding_can_give_it(
    claim: Callable[[str, str, str], None],
    told: Callable[[], tuple[str, ...]],
    metric: str,
    printed: str,
    is_right: bool,
) -> None:
    claim(f"{MOBILENET}-prune_r578-608", metric, printed)
    messages = told()

    assert (messages == ()) is is_right, messages


@pytest.mark.parametrize(
    ("row", "metric", "printed"),
    [
        ("blazeface-nas-widerface-quant_post-640", "int8_size_mb", "71"),
        ("blazeface-original-widerface-baseline-640", "size_mb", "815"),
        (f"{MOBILENET}-quant_post-608", "int8_size_kb", "25"),
    ],
)
def test_kilobytes_under_megabytes_are_told(
    claim: Callable[[str, str, str], None],
    told: Callable[[], tuple[str, ...]],
    row: str,
    metric: str,
    printed: str,
) -> None:
    claim(row, metric, printed)
    (message,) = told()

    assert f"claim {row} {metric}: field printed" in message
    assert message.endswith(f"got '{printed}'; KB and MB may be mixed up")


@pytest.mark.parametrize(
    ("metric", "expected"),
    [("size_mb", "5 to 300 for yolov3"), ("int8_size_kb", "5000 to 300000 for yolov3")],
)
def test_what_a_model_can_weigh_is_told_in_the_unit_that_is_printed(
    repository: Path, metric: str, expected: str
) -> None:
    zoo = open_zoo(MARCH, home=repository)
    claim = Claim(row_id=f"{MOBILENET}-quant_post-608", metric=metric, printed="1")
    claims = dict.fromkeys(zoo.claims, ()) | {claim.row_id: (claim,)}

    (problem,) = unit_problems(replace(zoo, claims=claims, errata=()), "a.csv")

    assert problem.expected == expected


@pytest.mark.parametrize(
    ("row", "metric", "printed", "is_told"),
    [
        (f"{MOBILENET}-quant_post-608", "size_mb", "5", False),
        (f"{MOBILENET}-quant_post-608", "size_mb", "4.99", True),
        (f"{MOBILENET}-quant_post-608", "int8_size_mb", "300", False),
        (f"{MOBILENET}-quant_post-608", "int8_size_mb", "300.01", True),
        (f"{MOBILENET}-quant_post-608", "size_kb", "5000", False),
        (f"{MOBILENET}-quant_post-608", "size_kb", "4999", True),
        ("blazeface-nas-widerface-quant_post-640", "size_mb", "2", False),
        ("blazeface-nas-widerface-quant_post-640", "size_mb", "2.01", True),
        ("blazeface-nas-widerface-quant_post-640", "int8_size_mb", "0.05", False),
        ("blazeface-nas-widerface-quant_post-640", "int8_size_mb", "0.04", True),
        ("blazeface-nas-widerface-quant_post-640", "int8_size_kb", "50", False),
        ("blazeface-nas-widerface-quant_post-640", "int8_size_kb", "49.99", True),
        ("blazeface-nas-widerface-quant_post-640", "size_kb", "2000", False),
        ("blazeface-nas-widerface-quant_post-640", "size_kb", "2001", True),
        ("blazeface-nas-widerface-quant_post-640", "gflops", "2001", False),
    ],
)
def test_the_least_and_the_most_that_a_model_can_weigh_are_no_slip(
    repository: Path, row: str, metric: str, printed: str, is_told: bool
) -> None:
    claim = Claim(row_id=row, metric=metric, printed=printed)
    zoo = open_zoo(MARCH, home=repository)
    claims = dict.fromkeys(zoo.claims, ()) | {row: (claim,)}
    zoo = replace(zoo, claims=claims, errata=())

    assert bool(list(unit_problems(zoo, "march-2020.csv"))) is is_told
