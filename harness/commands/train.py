"""``zoo train``: an archive made by its recipe."""

from __future__ import annotations

import time
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
from harness.commands.printing import err, out, print_json
from harness.registry.location import find_home
from harness.registry.zoo import open_zoo
from harness.values.options import BATCH, GPU, MAX_HOURS

if TYPE_CHECKING:  # what trains is loaded when it is asked for
    from harness.train.loop import Progress


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
    from harness.pipeline.train.packed_training import copy_archive
    from harness.pipeline.train.trained import train_recipe
    from harness.pipeline.train.trained_figures import (
        figures_of,
        measured_row,
        shown_px,
    )
    from harness.registry.recipes import open_recipes

    home = find_home()
    opened, book = open_zoo(zoo), open_recipes(zoo, home=home)
    recipe = asked_recipe(opened, book, name)
    figures = figures_of(
        recipe, input_px=shown_px(recipe, measured_row(opened, recipe, name))
    )
    settings = Settings(
        cache=cache.absolute(),
        records=DEFAULT_RECORDS,
        data_root=data_root,
        mirror=mirror,
        offline=offline,
        gpu=gpu,
        known_datasets=known_datasets(opened, home),
    )
    lines = ProgressLines(err.print)
    settings = with_training_scenes(
        opened, settings, {recipe.dataset}, drawing=lines.drawing
    )
    last: list[Progress] = []

    def told(progress: Progress) -> None:
        last[:] = [progress]
        lines.training(recipe.recipe_id.name, progress)

    begun_s = time.monotonic()
    try:
        with serving(opened, settings) as settings:
            trained = train_recipe(
                book,
                recipe,
                settings,
                Asked(steps=steps, seed=seed, batch=batch, max_hours=max_hours),
                watcher=lines.watcher(),
                told=told,
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
    scores = trained.manifest.scores
    answer: dict[str, Any] = {
        "zoo": opened.name,
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
        "folder_mib": figures.size_mb,
        "ap_pct": scores[-1].ap_pct if scores else None,
        "seconds": time.monotonic() - begun_s,
        "notes": list(trained.manifest.notes),
    }
    if as_json:
        print_json(answer)
        return
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
