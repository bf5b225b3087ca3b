"""``zoo gate``: whether the records of a zoo let a release pass."""

from __future__ import annotations

import datetime as dt
import secrets
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Optional

import typer

from harness.commands.options import (
    DEFAULT_CACHE,
    DEFAULT_RECORDS,
    DEFAULT_ZOO,
    CacheFolder,
    DataRoot,
    Mirror,
    Offline,
    Records,
    Runtime,
    ZooName,
    asks_debug,
    option_of,
)
from harness.commands.printing import err, out
from harness.errors import UsageError
from harness.registry.location import find_home
from harness.values.options import GPU, JSON
from harness.values.runtimes import chosen_runtime


class DeviceKind(StrEnum):
    """Device that records may be held to."""

    GPU = "gpu"
    CPU = "cpu"


def gate(
    context: typer.Context,
    zoo: ZooName = DEFAULT_ZOO,
    records: Records = None,
    baseline: Annotated[
        Optional[Path],  # noqa: UP045 - typer reads Optional on every Python it supports
        typer.Option(
            metavar="DIR",
            help="Records of an earlier release; no row may be worse than there.",
        ),
    ] = None,
    rules_from: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            metavar="DIR|REF",
            help="Judge by the claims, tolerance, errata, waivers and pins that stand "
            "there, and list what differs here; a folder wins over a commit.",
        ),
    ] = None,
    require_pinned: Annotated[
        bool,
        typer.Option(help="Fail where archive, dataset or ground truth is not pinned."),
    ] = False,
    require_device: Annotated[
        Optional[DeviceKind],  # noqa: UP045
        typer.Option(help="Fail rows that were computed on another device."),
    ] = None,
    max_age: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(
            min=0, metavar="DAYS", help="Fail rows that were measured longer ago."
        ),
    ] = None,
    sample: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(
            min=1,
            metavar="N",
            help="Detect again on N images of each dataset, drawn at random.",
        ),
    ] = None,
    seed: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(
            min=0,
            help="Seed of the draw; when not given, a new one is drawn and printed.",
        ),
    ] = None,
    data_root: DataRoot = None,
    cache: CacheFolder = DEFAULT_CACHE,
    mirror: Mirror = None,
    offline: Offline = False,
    gpu: Annotated[bool, option_of(GPU, help_text="Detect again on the GPU.")] = False,
    runtime: Runtime = None,
    as_json: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            JSON.name,
            metavar="[FILE]",
            help="Print JSON instead, or write it to this file.",
        ),
    ] = None,
    summary: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            metavar="FILE", help="Append the report to this file, as markdown."
        ),
    ] = None,
    annotate: Annotated[
        bool,
        typer.Option(help="Print findings as annotations of a GitHub workflow too."),
    ] = False,
) -> None:
    """Judge the records of a zoo for a release: exit 0 lets it pass."""
    from harness.pipeline.gate.demands import Demands
    from harness.pipeline.gate.gate import gate as judge
    from harness.pipeline.gate.gate_text import (
        gate_json,
        gate_lines,
        gate_markdown,
        workflow_lines,
    )
    from harness.pipeline.gate.records_folder import folder_of_zoo
    from harness.pipeline.gate.rules import rule_differences
    from harness.pipeline.gate.rules_from import read_rules, read_rules_from
    from harness.pipeline.gate.sampled import Sampling
    from harness.pipeline.measure.embedded import serving, with_scenes
    from harness.pipeline.measure.progress_lines import ProgressLines
    from harness.pipeline.measure.settings import Settings

    if seed is not None and sample is None:
        raise UsageError(
            "--seed",
            expected="--sample N too",
            got="no sample to draw",
            next_step="give --sample N, or leave --seed out",
        )
    home = find_home()
    own_rules = read_rules(zoo, home)
    rules = own_rules if rules_from is None else read_rules_from(zoo, rules_from, home)
    name = own_rules.zoo.name
    folder = folder_of_zoo(records or DEFAULT_RECORDS, name)
    with ExitStack() as stack:
        sampling = None
        if sample is not None:
            lines = ProgressLines(err.print)
            settings = with_scenes(
                own_rules.zoo,
                Settings(
                    cache=cache.absolute(),
                    records=folder,
                    data_root=data_root,
                    mirror=mirror,
                    offline=offline,
                    gpu=gpu,
                    runtime=chosen_runtime(runtime),
                    debug=asks_debug(context),
                ),
                {row.dataset for row in own_rules.zoo.rows},
                drawing=lines.drawing,
            )
            sampling = Sampling(
                settings=stack.enter_context(serving(own_rules.zoo, settings)),
                count=sample,
                seed=secrets.randbits(32) if seed is None else seed,
                watcher=lines.watcher(),
            )
        report = judge(
            rules.zoo,
            folder,
            waivers=rules.waivers,
            today=dt.datetime.now(tz=dt.UTC).date(),
            baseline=folder_of_zoo(baseline, name) if baseline else None,
            known_datasets=rules.known_datasets,
            demands=Demands(
                pinned=require_pinned,
                device=None if require_device is None else require_device.value,
                max_age_days=max_age,
            ),
            sampling=sampling,
            rule_differences=()
            if rules is own_rules
            else rule_differences(rules, own_rules),
        )
    if as_json == Path("-"):
        out.print(gate_json(report), end="")
    else:
        if as_json:
            from harness.files.atomic import write_text

            write_text(as_json, gate_json(report))
        for line in gate_lines(report):
            out.print(line)
    if annotate:
        for line in workflow_lines(report):
            typer.echo(line, err=True)  # a command of ours, which `err` would defuse
    if summary:
        with summary.open("a", encoding="utf-8") as file:
            file.write(gate_markdown(report))
    raise typer.Exit(report.exit_code)
