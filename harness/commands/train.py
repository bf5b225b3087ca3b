"""``zoo train``: an archive made by its recipe."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from harness.commands.options import (
    DEFAULT_CACHE,
    DEFAULT_RECORDS,
    DEFAULT_ZOO,
    AsJson,
    CacheFolder,
    DataRoot,
    Mirror,
    Offline,
    ZooName,
    option_of,
)
from harness.commands.printing import err, out, print_json, print_table
from harness.errors import UsageError
from harness.files.own_folders import CACHE, demand_writable
from harness.registry.location import find_home
from harness.registry.zoo import open_zoo
from harness.values.options import BATCH, GPU, MAX_HOURS

if TYPE_CHECKING:  # what trains is loaded when it is asked for
    from harness.pipeline.measure.progress_lines import ProgressLines
    from harness.pipeline.measure.settings import Settings
    from harness.pipeline.train.asked import Asked
    from harness.train.loop import Progress
    from harness.values.recipes import Recipe, RecipeBook
    from harness.values.rows import Zoo


def train(
    name: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="Recipe, by its archive's name; or a row of that archive.",
        ),
    ],
    zoo: ZooName = DEFAULT_ZOO,
    steps: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(metavar="N", min=1, help="End after N steps of the schedule."),
    ] = None,
    seed: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(metavar="S", min=0, help="Another seed than the recipe's."),
    ] = None,
    batch: Annotated[Optional[int], option_of(BATCH, minimum=1)] = None,  # noqa: UP045
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FILE.tar", help="Copy the archive there."),
    ] = None,
    plan: Annotated[
        bool, typer.Option(help="Tell what the training will take; train nothing.")
    ] = False,
    replay: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FILE", help="Do a step again whose loss was no number."),
    ] = None,
    max_hours: Annotated[int, option_of(MAX_HOURS, minimum=0)] = int(MAX_HOURS.default),
    gpu: Annotated[bool, option_of(GPU)] = False,
    data_root: DataRoot = None,
    cache: CacheFolder = DEFAULT_CACHE,
    mirror: Mirror = None,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Train an archive by its recipe, and pack it; go on where it was stopped."""
    from harness.pipeline.measure.embedded import serving, with_training_scenes
    from harness.pipeline.measure.known_datasets import known_datasets
    from harness.pipeline.measure.progress_lines import ProgressLines
    from harness.pipeline.measure.settings import Settings
    from harness.pipeline.train.asked import Asked
    from harness.pipeline.train.asked_recipe import asked_recipe
    from harness.pipeline.train.evaluated_weights import rows_of_recipe
    from harness.pipeline.train.packed_training import demand_output
    from harness.registry.recipes import open_recipes

    if plan and replay is not None:
        raise UsageError(
            "--plan and --replay",
            expected="one of them",
            got="both",
            next_step="leave one of them out",
        )
    home = find_home()
    opened, book = open_zoo(zoo), open_recipes(zoo, home=home)
    recipe = asked_recipe(opened, book, name)
    if not plan:
        demand_writable(cache, CACHE)
    lines = ProgressLines(err.print)
    settings = with_training_scenes(
        opened,
        Settings(
            cache=cache.absolute(),
            records=DEFAULT_RECORDS,
            data_root=data_root,
            mirror=mirror,
            offline=offline,
            gpu=gpu,
            known_datasets=known_datasets(opened, home),
        ),
        {recipe.dataset, *(row.dataset for row in rows_of_recipe(opened, recipe))},
        drawing=lines.drawing,
    )
    training = _Training(
        zoo=opened,
        book=book,
        recipe=recipe,
        settings=settings,
        asked=Asked(steps=steps, seed=seed, batch=batch, max_hours=max_hours),
        lines=lines,
    )
    if plan:
        _plan(training, as_json)
        return
    with serving(opened, settings) as served:
        training = replace(training, settings=served)
        if replay is not None:
            _replay(training, replay, as_json)
            return
        if output is not None:
            demand_output(output, settings.cache)
        _train(training, name, output, as_json)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Training:
    """What was asked for."""

    zoo: Zoo
    book: RecipeBook
    recipe: Recipe
    settings: Settings
    asked: Asked
    lines: ProgressLines


def _plan(training: _Training, as_json: bool) -> None:
    from harness.model.paddle_run.device import open_device
    from harness.pipeline.train.told_plan import plan_data, plan_lines
    from harness.pipeline.train.training_plan import plan_training

    planned = plan_training(
        training.book,
        training.recipe,
        training.settings,
        training.asked,
        device=open_device(gpu=training.settings.gpu),
    )
    if as_json:
        print_json(plan_data(planned))
    else:
        print_table(("a training", "here"), plan_lines(planned))


def _replay(training: _Training, path: Path, as_json: bool) -> None:
    from harness.pipeline.train.replayed_training import replay_training

    done = replay_training(
        training.book,
        training.recipe,
        training.settings,
        training.asked,
        path,
        watcher=training.lines.watcher(),
    )
    if as_json:
        print_json({"losses": dict(done.losses), "loss": done.loss})
        return
    parts = ", ".join(f"{part} {loss:.4g}" for part, loss in done.losses.items())
    out.print(f"loss {done.loss:.4g} ({parts}): a number here")


def _train(training: _Training, name: str, output: Path | None, as_json: bool) -> None:
    from harness.pipeline.train.evaluated_weights import scoring_of
    from harness.pipeline.train.packed_training import copy_archive
    from harness.pipeline.train.trained import train_recipe
    from harness.pipeline.train.trained_figures import (
        figures_of,
        measured_row,
        shown_px,
    )

    recipe, settings = training.recipe, training.settings
    last: list[Progress] = []

    def tell(stage: str, progress: Progress) -> None:
        last[:] = [progress]
        training.lines.training(stage, progress)

    watcher = replace(training.lines.watcher(), training=tell)
    begun_s = time.monotonic()
    try:
        trained = train_recipe(
            training.book,
            recipe,
            settings,
            training.asked,
            watcher=watcher,
            scoring=scoring_of(training.zoo, recipe, settings, watcher),
        )
    except KeyboardInterrupt:
        for progress in last:
            err.print(
                f"step {progress.step} of {progress.steps} is kept: "
                "the same command goes on there"
            )
        raise
    if output is not None:
        copy_archive(trained, output)
    input_px = shown_px(recipe, measured_row(training.zoo, recipe, name))
    figures = figures_of(recipe, input_px=input_px)
    answer: dict[str, Any] = {
        "zoo": training.zoo.name,
        "recipe": recipe.recipe_id.name,
        "path": str(trained.path if output is None else output),
        "sha256": trained.sha256,
        "size_bytes": trained.size_bytes,
        "steps": trained.steps,
        "of_steps": trained.of_steps,
        "seed": trained.seed,
        "batch": trained.manifest.batch,
        "input_px": figures.input_px,
        "gflops": figures.gflops,
        "folder_mib": figures.folder_mib,
        "ap_pct": trained.manifest.last_ap_pct,
        "seconds": time.monotonic() - begun_s,
        "notes": list(trained.manifest.notes),
    }
    if as_json:
        print_json(answer)
    else:
        _print(answer)


def _print(answer: dict[str, Any]) -> None:
    ap_pct = answer["ap_pct"]
    out.print(
        f"{answer['recipe']}: {answer['steps']} of {answer['of_steps']} steps of "
        f"{answer['batch']} images, seed {answer['seed']}, "
        f"{answer['seconds'] / 60:.1f} minutes"
    )
    out.print(
        f"{answer['gflops']:.2f} GFLOPs at {answer['input_px']} px, "
        f"{answer['size_bytes'] / 1e6:.2f} MB, "
        f"AP {'not evaluated' if ap_pct is None else f'{ap_pct:.2f}'}"
    )
    out.print(f"{answer['sha256']} {answer['path']}")
