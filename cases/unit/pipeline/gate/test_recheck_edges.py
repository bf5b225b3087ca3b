"""What a record may still say: the edge of each rule of the gate, from both sides."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.pipeline.gate.gate import GateReport
from harness.pipeline.measure.run_keys import store_key
from harness.values.datasets import KnownDataset
from harness.values.detections import Detections
from harness.values.records import UNKNOWN_COMMIT, Verdict
from harness.values.rows import Zoo

PLAIN = "yolov3-mobilenet_v1-coco-prune_r578-608"
DOUBTED = "yolov3-resnet50_vd_dcn-coco-prune_sensity-320"
TODAY = dt.date(2030, 6, 15)

Folder = Any  # conftest.Folder; tests cannot import it


def named(part: object) -> str:
    """Return the name of a case: the same in every process, which a set is not."""
    return " ".join(sorted(part)) if isinstance(part, set) else str(part)


def rules_of(report: GateReport) -> set[str]:
    return {one.rule.value for one in report.findings}


@pytest.mark.parametrize(
    ("days", "rules"), [(1, set()), (2, {"made"}), (-4000, set())], ids=named
)
def test_a_record_is_made_tomorrow_at_the_latest(
    green: Folder, days: int, rules: set[str]
) -> None:
    date = (TODAY + dt.timedelta(days=days)).isoformat()
    green.change(PLAIN, made=replace(green.read(PLAIN).made, date=date))

    assert rules_of(green.gate()) == rules


@pytest.mark.parametrize(
    ("commit", "rules"),
    [
        (UNKNOWN_COMMIT, set()),
        ("c" * 40 + " with changes", set()),
        ("c" * 39, {"made"}),
        ("c" * 41, {"made"}),
        ("g" * 40, {"made"}),
        (UNKNOWN_COMMIT + " with changes", {"made"}),
    ],
)
def test_a_commit_is_40_digits_or_said_to_be_unknown(
    green: Folder, commit: str, rules: set[str]
) -> None:
    green.change(PLAIN, made=replace(green.read(PLAIN).made, commit=commit))

    assert rules_of(green.gate()) == rules


@pytest.mark.parametrize(("threads", "rules"), [(1, set()), (0, {"environment"})])
def test_one_thread_computes(green: Folder, threads: int, rules: set[str]) -> None:
    used = green.read(PLAIN).environment
    green.change(PLAIN, environment=replace(used, threads=threads))

    assert rules_of(green.gate()) == rules


def test_the_harness_of_the_environment_is_that_which_made_the_record(
    green: Folder,
) -> None:
    made, used = green.read(PLAIN).made, green.read(PLAIN).environment
    other = replace(used, harness="1.2.4")
    green.change(PLAIN, environment=other, made=replace(made, harness="1.2.4"))
    assert rules_of(green.gate()) == set()

    green.change(PLAIN, made=None)
    assert rules_of(green.gate()) == {"made"}


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"detect_wall_s": 0.0, "detect_cpu_s": 0.1}, set()),
        ({"detect_wall_s": 0.1, "detect_cpu_s": 0.0}, set()),
        ({"score_wall_s": 0.0}, set()),
        ({"replayed": True, "detect_wall_s": 0.0, "detect_cpu_s": 0.0}, set()),
        ({"replayed": True, "detect_wall_s": 0.0}, {"times"}),
        ({"detect_wall_s": 0.0, "detect_cpu_s": 0.0}, {"times"}),
        ({"detect_cpu_s": -1e-9}, {"times"}),
        ({"score_wall_s": -1e-9}, {"times"}),
    ],
    ids=named,
)
def test_detections_were_computed_in_some_time_or_replayed_in_none(
    green: Folder, changes: dict[str, object], rules: set[str]
) -> None:
    green.change_run(PLAIN, **changes)

    assert rules_of(green.gate()) == rules


def unpinned(zoo: Zoo) -> Zoo:
    archives = {
        name: replace(one, sha256=None, size_bytes=None)
        for name, one in zoo.archives.items()
    }
    return replace(zoo, archives=archives)


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"size_bytes": 1}, set()),
        ({"size_bytes": 0}, {"archive"}),
        ({"sha256": "A" * 64}, {"archive", "store_key"}),
        ({"sha256": "a" * 63}, {"archive", "store_key"}),
        ({"source": "mirror"}, set()),
        ({"source": "mirror:m1.tar"}, set()),
        ({"source": "mirror:r50.tar"}, {"archive"}),
        ({"layout": "mirror"}, {"archive"}),
        ({"layout": "combined_file"}, set()),
    ],
    ids=named,
)
def test_an_archive_without_a_pin_is_still_a_file_of_its_row(
    green: Folder, changes: dict[str, object], rules: set[str]
) -> None:
    green.change_archive(PLAIN, **changes)

    assert rules_of(green.gate(zoo=unpinned(green.zoo))) == rules


def test_a_moved_archive_is_one_source_more(green: Folder) -> None:
    move = "https://later.example/a/m1.tar"
    archives = {
        name: replace(one, moves=(move,)) for name, one in green.zoo.archives.items()
    }
    zoo = replace(green.zoo, archives=archives)
    for source in (move, "mirror:a/m1.tar", "https://models.example/m1.tar"):
        green.change_archive(PLAIN, source=source)
        assert rules_of(green.gate(zoo=zoo)) == set()


def test_a_strategy_that_an_erratum_holds_possible_gives_the_shapes_too(
    green: Folder,
) -> None:
    (size,) = green.zoo.errata
    doubt = replace(
        size,
        erratum_id="E2",
        field="strategy",
        rows=(PLAIN,),
        corrected="sensity",
        changes_run=False,
    )
    green.change_archive(PLAIN, shape_plan="prune_sensity")

    assert rules_of(green.gate()) == {"archive"}
    assert rules_of(green.gate(zoo=replace(green.zoo, errata=(size, doubt)))) == set()


def test_an_archive_that_is_the_wrong_one_is_no_untruth(green: Folder) -> None:
    used = replace(green.read(PLAIN).archive, sha256="b" * 64)
    green.unmeasure(PLAIN, Verdict.WRONG_ARCHIVE)
    green.change(PLAIN, archive=used)

    assert rules_of(green.gate()) == {"failed"}


@pytest.mark.parametrize("differs", ["differences", "limit"])
def test_a_dataset_that_says_it_is_another_is_held_to_no_published_one(
    green: Folder, moved: Callable[[float], Detections], differs: str
) -> None:
    told: Any = (
        {"differences": ("3 images",)} if differs == "differences" else {"limit": 3}
    )
    green.measure(PLAIN, {None: moved(3.0)}, **told)
    report = green.gate(known={"coco": KnownDataset(image_count=5000)})

    assert {one.rule for one in report.findings if one.row_id == PLAIN} == {
        "failed" if differs == "differences" else "incomplete"
    }


def crowded(count: int, score: float = 0.5) -> Detections:
    """So many detections in one image of the small truth."""
    return Detections(
        evaluated_ids=np.array([1, 2, 3], np.int64),
        image_ids=np.ones(count, np.int64),
        classes=np.zeros(count, np.int32),
        scores=np.full(count, score, np.float32),
        boxes_xyxy=np.tile(np.array([1, 1, 9, 9], np.float32), (count, 1)),
    )


@pytest.mark.parametrize(
    ("count", "score", "is_refused"),
    [
        (100, 0.5, False),
        (101, 0.5, True),
        (1, 0.01, False),
        (1, 0.00999, True),
        (1, 1.0, False),
        (1, 1.00001, True),
        (0, 0.5, False),
    ],
)
def test_detections_are_as_many_and_as_sure_as_the_protocol_keeps(
    green: Folder, count: int, score: float, is_refused: bool
) -> None:
    green.measure(PLAIN, {None: crowded(count, score)})

    assert ("detections" in rules_of(green.gate())) is is_refused


def test_a_quantised_row_may_say_how_and_no_other_may(green: Folder) -> None:
    told = {"quantisation": "8 bits: of no kind"}
    green.change(PLAIN, protocol={**green.read(PLAIN).protocol, **told})
    report = green.gate()

    assert rules_of(report) == {"protocol"}
    assert report.findings[0].message == (
        f"{PLAIN}: quantisation of the protocol; expected no such value, got 8 bits: "
        "of no kind; measure the row again"
    )


def test_a_protocol_that_leaves_something_out_is_refused(green: Folder) -> None:
    protocol = dict(green.read(PLAIN).protocol)
    del protocol["keep_top_k"]
    green.change(PLAIN, protocol=protocol)

    (finding,) = green.gate().findings
    assert finding.message == (
        f"{PLAIN}: keep_top_k of the protocol; expected 100, got none; measure the row "
        "again"
    )


def test_a_key_is_computed_from_what_the_record_names(green: Folder) -> None:
    record = green.read(PLAIN)
    key = store_key(
        green.zoo.row(PLAIN),
        input_px=608,
        archive_sha256=record.archive.sha256,
        dataset_fingerprint=record.dataset.fingerprint,
        environment=record.environment,
    ).digest()

    green.change_run(PLAIN, store_key=key)
    assert green.gate().exit_code == 0
    green.change_run(PLAIN, store_key="0" * 64)
    (finding,) = green.gate().findings
    assert finding.message == (
        f"{PLAIN}: store_key at 608 px does not follow from archive, dataset and "
        f"environment; expected {key}, got {'0' * 64}; measure the row again"
    )


def test_a_row_of_a_network_that_is_not_here_is_refused_and_not_a_fault(
    green: Folder,
) -> None:
    row = replace(green.zoo.row(PLAIN), architecture="yolov9")
    rows = tuple(row if one.row_id == PLAIN else one for one in green.zoo.rows)
    record = green.read(PLAIN)
    green.change(PLAIN, measurements=(), verdict=Verdict.ERRORED, reason="it was so")

    assert record.measurements
    assert rules_of(green.gate(zoo=replace(green.zoo, rows=rows))) == {"failed"}


def test_records_agree_on_the_files_of_a_name(green: Folder) -> None:
    green.change_dataset(PLAIN, fingerprint="e" * 64)
    findings = green.gate().findings
    (finding,) = (one for one in findings if one.rule.value == "agree")

    assert finding.message == (
        f"{DOUBTED}: fingerprint of coco is another than that of {PLAIN}; expected "
        f"{'e' * 64}, got {'f' * 64}; measure both rows on the same files"
    )


def test_a_record_that_measured_no_claim_agrees_with_nothing(green: Folder) -> None:
    green.change_dataset(PLAIN, fingerprint="e" * 64)
    green.change(PLAIN, verdict=Verdict.WRONG_DATASET)

    assert "agree" not in rules_of(green.gate())
