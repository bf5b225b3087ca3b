"""Every option of every command is passed on to what heeds it.

What a command calls is replaced by spies. They note what they were given, as Python
shows it; the last of them ends the command.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from harness.__main__ import app, main

ROW = "yolov3-mobilenet_v1-coco-prune_r578-608"
P = "harness.pipeline"


class Enough(BaseException):
    """The command has passed on what it was given."""


def end(*_: object, **__: object) -> None:
    raise Enough


def give(value: object) -> Callable[..., object]:
    return lambda *_, **__: value


@dataclass(frozen=True, kw_only=True)
class Command:
    """What a command calls, and how its options must arrive there."""

    words: str
    calls: Mapping[str, Callable[..., object] | None]  # of spies; None: as it does
    options: Mapping[str, str]  # words of an option -> what a spy is given then
    elsewhere: str = ""  # options whose work is seen in the tests of the command


RUN = SimpleNamespace(dataset="coco")
COMMANDS = (
    Command(
        words="list",
        calls={"harness.commands.list_rows.open_zoo": end},
        options={"--zoo Z": "open_zoo('Z')"},
        elsewhere="--json",
    ),
    Command(
        words="check",
        calls={
            "harness.registry.lint.zoo.lint_zoo": give(()),
            f"{P}.archives.link_check.check_links": end,
        },
        options={
            "--zoo demo": "lint_zoo('demo', ",
            "--links": "check_links(",
            "--links --zoo march-2020 --mirror M": "mirror='M'",
        },
        elsewhere="--json",
    ),
    Command(
        words=f"describe {ROW}",
        calls={
            "harness.commands.describe.open_zoo": None,
            f"{P}.measure.computed_figures.structure_record": end,
            f"{P}.archives.described_archive.describe_archive": end,
        },
        options={
            "--zoo demo": "open_zoo('demo')",
            "--archive A.tar": f"describe_archive(*row_id='{ROW}'*Path('A.tar'))",
        },
        elsewhere="--json",
    ),
    Command(
        words="import some.md",
        calls={f"{P}.pages.imported_document.import_document_file": end},
        options={
            "--zoo Z": "zoo='Z'",
            "--output O": "home=*Path('O')",
            "--source S": "source='S'",
            "--edition E": "version='E'",
            "--date D": "date='D'",
            "--force": "force=True",
        },
        elsewhere="--json",
    ),
    Command(
        words="fetch",
        calls={
            f"{P}.archives.fetched_archives.archives_of": None,
            f"{P}.archives.fetched_archives.fetch_archives": give(()),
            f"{P}.archives.fetched_archives.pin_archives": end,
        },
        options={
            "--zoo march-2020": "name='march-2020'",
            ROW: f"archives_of(*['{ROW}'])",
            "--pin": "pin_archives(",
            "--starts": "MobileNetV1_pretrained",
            "--zoo-cache C": "cache=*/C')",
            "--mirror M": "mirror='M'",
            "--offline": "offline=True",
        },
        elsewhere="--json",
    ),
    Command(
        words="train yolov3_mobilenet_v1_voc",
        calls={
            "harness.commands.train.open_zoo": None,
            f"{P}.train.trained.train_recipe": end,
            f"{P}.train.training_plan.plan_training": end,
            f"{P}.train.replayed_training.replay_training": end,
        },
        options={
            "--plan": "plan_training(",
            "--replay F.npz": "replay_training(*Path('F.npz')",
            "--zoo march-2020": "open_zoo('march-2020')",
            "--steps 3": "Asked(steps=3, ",
            "--seed 5": "seed=5, ",
            "--batch 4": "batch=4, ",
            "--max-hours 2": "max_hours=2)",
            "--gpu": "gpu=True",
            "--data-root D": "data_root=*Path('D')",
            "--zoo-cache C": "cache=*/C')",
            "--mirror M": "mirror='M'",
            "--offline": "offline=True",
        },
        elsewhere="--json --output",
    ),
    Command(
        words="report",
        calls={
            f"{P}.gate.records_folder.demand_records": None,
            f"{P}.pages.document.check_pages": end,
            f"{P}.pages.document.write_pages": end,
        },
        options={
            "--zoo demo": "/reports/records/demo')",
            "--records reports/records": "demand_records(*Path('reports/records/",
            "--values published": "Values.PUBLISHED",
            "--output O": "Path('O')",
            "--check": "check_pages(",
        },
        elsewhere="--json",
    ),
    Command(
        words="gate --zoo demo",
        calls={
            f"{P}.gate.rules_from.read_rules": None,
            f"{P}.gate.rules_from.read_rules_from": end,
            f"{P}.gate.records_folder.folder_of_zoo": give(Path("of-zoo")),
            f"{P}.measure.embedded.with_scenes": lambda zoo, settings, *_, **__: (
                settings
            ),
            f"{P}.gate.gate.gate": end,
        },
        options={
            "--zoo march-2020": "read_rules('march-2020', ",
            "--records R": "folder_of_zoo(*Path('R'), 'demo')",
            "--baseline B": "folder_of_zoo(*Path('B'), 'demo')",
            "--rules-from F": "read_rules_from('demo', 'F', ",
            "--require-pinned": "pinned=True",
            "--require-device gpu": "device='gpu'",
            "--max-age 7": "max_age_days=7",
            "--sample 3": "count=3",
            "--sample 3 --seed 11": "seed=11",
            "--sample 3 --data-root D": "data_root=*Path('D')",
            "--sample 3 --zoo-cache C": "cache=*/C')",
            "--sample 3 --mirror M": "with_scenes(*mirror='M'",
            "--sample 3 --offline": "offline=True",
            "--sample 3 --gpu": "gpu=True",
            "--sample 3 --runtime torch": "runtime='torch'",
        },
        elsewhere="--json --summary --annotate",
    ),
    Command(
        words=f"accept {ROW} --reason why",
        calls={
            f"{P}.gate.repeated_rows.repeat_rows": give(None),
            f"{P}.gate.accept.accept": end,
        },
        options={
            "--reason because": "reason='because'",
            "--by me": "by='me'",
            "--zoo demo": "name='demo'",
            "--records R": "records=*Path('R/january-2020')",
            "--repeat P": "repeat_records=*Path('P/january-2020')",
            "--data-root D": "data_root=*Path('D')",
            "--zoo-cache C": "cache=*/C')",
            "--mirror M": "mirror='M'",
            "--offline": "offline=True",
            "--gpu": "gpu=True",
            "--runtime torch": "runtime='torch'",
            "--coco-engine pycocotools": "coco_engine='pycocotools'",
        },
        elsewhere="--json",
    ),
    Command(
        words="score coco results.json",
        calls={
            f"{P}.results.opened_truth.open_truth": give("G"),
            f"{P}.results.opened_truth.truth_of_listed": end,
            f"{P}.results.convention.demand_asked": give(None),
            f"{P}.results.convention.convention_of_files": give("used"),
            f"{P}.results.score.score_file": end,
        },
        options={
            "--data-root D": "open_truth('coco', data_root=*Path('D'), file=None)",
            "--truth T": "file=*Path('T')",
            f"--row {ROW}": f"row_id='{ROW}'",
            f"--row {ROW} --zoo march-2020": "zoo='march-2020'",
            "--name N": "name='N'",
            "--records R": "records=*Path('R/scored')",
            "--coco-engine pycocotools": "coco_engine='pycocotools'",
            "--convention devkit": "convention='devkit'",
            "--classes cat,dog": "classes=('cat', 'dog')",
            "--arithmetic real": "arithmetic='real'",
            "--images I": "truth_of_listed(*Path('I'), 'G')",
        },
        elsewhere="--by --curves --json",
    ),
    Command(
        words=f"export {ROW}",
        calls={
            f"{P}.results.scored_run.read_run": give(RUN),
            f"{P}.results.export.export": end,
        },
        options={
            "--zoo demo": "records/demo/",
            "--records R": "Path('R/january-2020/",
            "--format voc": "word='voc'",
            "--output O": "Path('O')",
            "--erratum E1": "erratum='E1'",
            "--force": "force=True",
            "--convention devkit": "convention='devkit'",
            "--published-format": "published_format=True",
        },
        elsewhere="--json",
    ),
    Command(
        words="compare first second",
        calls={
            f"{P}.results.opened_truth.open_truth": give("G"),
            f"{P}.results.convention.demand_asked": give(None),
            f"{P}.results.convention.convention_of_files": give("used"),
            f"{P}.results.scored_run.read_result_file": give(RUN),
            f"{P}.results.scored_run.read_run": give(RUN),
            f"{P}.results.scored_run.rescored_as": give(RUN),
            f"{P}.results.comparison.compare_runs": end,
        },
        options={
            "--dataset voc": "read_result_file('voc', ",
            "--dataset coco --data-root D": "data_root=*Path('D')",
            "--dataset coco --truth T": "file=*Path('T')",
            "--zoo demo": "records/demo/first.json",
            "--records R": "Path('R/january-2020/second.json",
            "--records R --records-b S": "'R/*/first.json*'S/january-2020/second.json",
            "--resamples 12": "resamples=12",
            "--seed 5": "seed=5",
            "--convention devkit": "convention='devkit'",
            "--dataset widerface --arithmetic real": "arithmetic='real'",
        },
        elsewhere="--by --json",
    ),
    Command(
        words="plan --no-calibrate",
        calls={
            f"{P}.plan.selected_rows.select_rows": None,
            f"{P}.plan.calibration.Calibration": give("timed"),
            "harness.model.runtimes.runtimes.open_device": give("device"),
            f"{P}.plan.plan.plan_rows": end,
        },
        options={
            "-m voc": "markers='voc'",
            "-k r34": "keyword='r34'",
            "--zoo march-2020": "name='march-2020'",
            "--data-root D": "data_root=*Path('D')",
            "--zoo-cache C": "cache=*/C')",
            "--limit 4": "limit=4",
            "--fresh": "fresh=True",
            "--gpu": "gpu=True",
            "--runtime torch": "runtime='torch'",
            "--calibrate": "Calibration(device='device')*'timed')",
            "--calibrate --gpu": "open_device(*'paddle'*gpu=True)",
            "--calibrate --runtime torch": "open_device(*'torch'*gpu=False)",
        },
        elsewhere="--json",
    ),
    Command(
        words="data list",
        calls={f"{P}.data.parts.data_parts": None, f"{P}.data.parts.states_of": end},
        options={"--data-root D": "Path('D')"},
        elsewhere="--json",
    ),
    Command(
        words="data fetch coco --data-root old",
        calls={
            f"{P}.data.parts.data_parts": give([]),
            f"{P}.data.fetch.fetch_data": end,
        },
        options={
            "--split all": "data_parts(*'coco', 'all')",
            "--data-root D": "data_root=*/D')",
            "--zoo-cache C": "cache=*/C')",
            "--mirror M": "mirror='M'",
            "--offline": "offline=True",
            "--keep": "keep=True",
        },
        elsewhere="--json",
    ),
    Command(
        words="data check coco --data-root .",
        calls={
            "harness.dataset.image_header.allow_pixels": give(None),
            f"{P}.data.check.check_dataset": end,
        },
        options={
            "--data-root cases": "data_root=*/cases')",
            "--zoo march-2020": "zoo='march-2020'",
            "--zoo-cache C": "cache=*/C')",
            "--max-image-pixels 9": "allow_pixels(9)",
        },
        elsewhere="--json",
    ),
    Command(
        words="data pin coco --data-root .",
        calls={f"{P}.data.pin.pin_dataset": end},
        options={
            "--data-root cases": "data_root=*/cases')",
            "--zoo march-2020": "zoo='march-2020'",
            "--zoo-cache C": "cache=*/C')",
        },
        elsewhere="--json",
    ),
    Command(
        words="cache list",
        calls={f"{P}.archives.cache_contents.cache_items": end},
        options={"--zoo-cache C": "/C')"},
        elsewhere="--json",
    ),
    Command(
        words="cache clear",
        calls={
            f"{P}.archives.cache_contents.cache_items": give(()),
            f"{P}.archives.cache_contents.chosen_items": give(()),
            f"{P}.archives.cache_contents.clear_items": give(((), ())),
        },
        options={
            "--archives": "kinds=['archive",
            "--detections": "kinds=['detection",
            "--older-than 2.5": "older_than_days=2.5",
            "--zoo-cache C": "cache_items(*/C'))*clear_items(*/C'))",
        },
        elsewhere="--dry-run --json",
    ),
    Command(
        words="demo make",
        calls={f"{P}.demo.demo.make_demo": end},
        options={"--work W": "/W')"},
        elsewhere="--json",
    ),
)


def given(monkeypatch: pytest.MonkeyPatch, command: Command, *words: str) -> str:
    """Return the calls of a command's spies; an option comes last, and so wins."""
    calls: list[str] = []

    def spying(name: str, does: Callable[..., object]) -> Callable[..., object]:
        def spy(*args: object, **kwargs: object) -> object:
            told = [
                *map(repr, args),
                *(f"{key}={one!r}" for key, one in kwargs.items()),
            ]
            calls.append(f"{name.rpartition('.')[2]}({', '.join(told)})")
            return does(*args, **kwargs)

        return spy

    for name, does in command.calls.items():
        module, _, function = name.rpartition(".")
        right = getattr(
            sys.modules.get(module) or __import__(module, fromlist=["_"]), function
        )
        monkeypatch.setattr(name, spying(name, does or right))
    monkeypatch.setattr(sys, "argv", ["zoo", *words])
    with suppress(Enough, SystemExit):
        main()
    return "\n".join(calls)


def holds(text: str, expected: str) -> bool:
    """Whether a text has the parts between the stars of another, in their order."""
    pattern = ".*?".join(re.escape(part) for part in expected.split("*"))
    return re.search(pattern, text, flags=re.DOTALL) is not None


CASES = [
    pytest.param(one, option, expected, id=f"{one.words.partition(' --')[0]} {option}")
    for one in COMMANDS
    for option, expected in one.options.items()
]


@pytest.fixture(autouse=True)
def in_checkout(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(request.config.rootpath)


@pytest.fixture(scope="module")
def unasked() -> dict[str, str]:
    """What the spies of a command were given without an option; filled as asked."""
    return {}


@pytest.mark.parametrize(("command", "option", "expected"), CASES)
def test_an_option_arrives(
    monkeypatch: pytest.MonkeyPatch,
    unasked: dict[str, str],
    command: Command,
    option: str,
    expected: str,
) -> None:
    words = command.words.split()
    if command.words not in unasked:
        with monkeypatch.context() as patched:
            unasked[command.words] = given(patched, command, *words)

    assert unasked[command.words]
    assert holds(given(monkeypatch, command, *words, *option.split()), expected)
    assert not holds(unasked[command.words], expected)


def options_of(
    group: Any, words: tuple[str, ...] = ()
) -> Iterator[tuple[str, set[str]]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from options_of(command, (*words, name))
        else:
            names = {name for one in command.params for name in one.opts if "-" in name}
            yield " ".join((*words, name)), names


@pytest.mark.parametrize(
    ("words", "names"), list(options_of(typer.main.get_command(app)))
)
def test_no_option_is_without_a_test_that_it_arrives(
    words: str, names: set[str]
) -> None:
    (command,) = (one for one in COMMANDS if f"{one.words} ".startswith(f"{words} "))
    tested = {
        word
        for option in (*command.options, command.elsewhere)
        for word in option.split()
        if word.startswith("-")
    }

    assert tested == names


MEASURING = {"gate": "--sample 1", "accept": ""}


@pytest.mark.parametrize("name", MEASURING)
def test_debug_reaches_what_measures(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (command,) = (one for one in COMMANDS if one.words.startswith(name))
    words = [*command.words.split(), *MEASURING[name].split()]
    with monkeypatch.context() as patched:
        without = given(patched, command, *words)
    with monkeypatch.context() as patched:
        patched.setenv("ZOO_DEBUG", "1")
        by_twin = given(patched, command, *words)

    assert "debug=False" in without
    assert "debug=True" in by_twin
    assert "debug=True" in given(monkeypatch, command, "--debug", *words)
