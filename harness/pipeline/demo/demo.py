"""Makes the embedded demo zoo: trains, prunes, packs and measures its networks.

Every stage keeps its result in the work folder, so a stopped run continues at its last
checkpoint. The new archives are measured as every row is; only then is the zoo
replaced.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from numpy.typing import NDArray

from harness.artifact.pack import pack_tar
from harness.artifact.sources import published_path
from harness.errors import HarnessError, ZooDataError
from harness.files.atomic import write_text
from harness.model.layouts.combined_file import write_combined
from harness.model.layouts.separate_files import write_weights
from harness.model.networks.shapes import network_shapes
from harness.pipeline.demo.old_quantised import QUANTISED, copy_folder, old_scores_pct
from harness.pipeline.measure.embedded import (
    ARCHIVES,
    DESCRIPTION,
    Embedded,
    draw_scenes,
    read_embedded,
    scenes_folder,
)
from harness.pipeline.measure.measure import measure_rows
from harness.pipeline.measure.settings import Settings
from harness.registry.claims import claims_text
from harness.registry.location import RECIPES_FOLDER
from harness.registry.lock import write_lock
from harness.registry.sources import find_sources
from harness.registry.zoo import read_zoo
from harness.train.initial import initial_weights
from harness.train.recipe import Recipe, read_recipe
from harness.train.tasks import TASKS
from harness.train.trainer import Progress, train
from harness.train.yolov3 import network_of
from harness.values.pins import Pin
from harness.values.records import DatasetUsed, Record
from harness.values.rows import METRICS_OF_DATASET, Archive, Claim, Row, Zoo

Arrays = Mapping[str, NDArray[Any]]

ZOO = "demo"
INITIAL_SEED = 1

#: Archive -> what writes its folder; the others have one file for each variable.
WRITERS: Mapping[str, Callable[[Path, Arrays], None]] = {
    "demo_yolov3_mobilenet_v1_voc": write_combined
}

#: Trained weights by architecture and strategy.
Trained: TypeAlias = Mapping[tuple[str, str], Arrays]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoMade:
    """What a making came to."""

    scores_pct: Mapping[str, Mapping[str, float]]  # row id -> metric -> unrounded
    archive_bytes: Mapping[str, int]  # archive name -> size


def make_demo(
    home: Path,
    work: Path,
    *,
    training: Callable[[str, Progress], None] = lambda stage, progress: None,
    telling: Callable[[str], None] = lambda line: None,
) -> DemoMade:
    """Make the demo zoo's archives, claims, pins and fingerprints.

    Args:
        home: the checkout; ``cases/rows/demo`` and ``expected`` in it are rewritten.
        work: keeps checkpoints; delete it to start from nothing.
        training: told of each training stage by name.
        telling: told what begins, a line each.

    Raises:
        TrainingFailed: a stage went wrong; what it had is kept.
        ZooDataError: the rows of the demo zoo do not fit what is made.
        HarnessError: a row could not be measured.
    """
    sources = find_sources(ZOO, home=home)
    zoo = read_zoo(sources).zoo
    embedded = read_embedded(zoo)
    if embedded is None:
        raise ZooDataError(f"{zoo.root / ARCHIVES / DESCRIPTION}: no such file")
    trained = _train_all(home, work, training, telling)
    telling("drawing the validation sets")
    data_root = work / scenes_folder(embedded)
    draw_scenes(embedded, data_root, embedded.scenes)
    telling("packing the archives")
    mirror = work / "mirror"
    pins = {
        row.archive: _pack(
            zoo.archives[row.archive], mirror, partial(_fill, home, row, trained)
        )
        for row in zoo.rows
    }
    telling("measuring the archives")
    records = _measure(zoo, work, mirror=mirror, data_root=data_root)
    telling("writing claims, pins and fingerprints")
    _publish(zoo, embedded, mirror)
    write_lock(sources.lock, sources.lock_section, pins)
    scores_pct = {
        one.row_id: one.measurements[0].scores_pct for one in records.values()
    }
    claimed = scores_pct | {
        row.row_id: old_scores_pct(home, row)
        for row in zoo.rows
        if row.archive in QUANTISED
    }
    write_text(sources.claims, _claims(zoo.rows, claimed))
    drawn = {
        row.dataset: used
        for row in zoo.rows
        if (used := records[row.row_id].dataset) is not None
    }
    write_text(embedded.archives / DESCRIPTION, _description(embedded, drawn))
    return DemoMade(
        scores_pct=scores_pct,
        archive_bytes={name: one.size_bytes for name, one in pins.items()},
    )


def _train_all(
    home: Path,
    work: Path,
    training: Callable[[str, Progress], None],
    telling: Callable[[str], None],
) -> Trained:
    """Return the weights that are trained here."""
    from harness.compress.prune import prune

    def follow(recipe: Recipe, initial: Arrays, stage: str) -> dict[str, Any]:
        return train(
            TASKS[recipe.architecture](recipe),
            dict(initial),
            checkpoint_path=work / f"{stage}.npz",
            report=lambda progress: training(stage, progress),
        )

    recipes = {
        stage: read_recipe(home / RECIPES_FOLDER / f"demo_{stage}.toml")
        for stage in ("baseline", "prune_r578", "blazeface")
    }
    recipe = recipes["baseline"]
    telling("training the baseline")
    baseline = follow(recipe, _initial(recipe), "baseline")
    telling("pruning, and training what is left")
    pruning = recipes["prune_r578"].pruning
    _, kept = prune(network_of(recipe), baseline, pruning)
    pruned = follow(recipes["prune_r578"], kept, "prune_r578")
    telling("training the face detector")
    recipe = recipes["blazeface"]
    faces = follow(recipe, _initial(recipe), "blazeface")
    return {
        ("yolov3", "baseline"): baseline,
        ("yolov3", pruning): pruned,
        ("blazeface", "baseline"): faces,
    }


def _initial(recipe: Recipe) -> Arrays:
    return initial_weights(
        network_shapes(TASKS[recipe.architecture](recipe).network),
        num_classes=recipe.num_classes,
        seed=INITIAL_SEED,
    )


def _fill(home: Path, row: Row, trained: Trained, folder: Path) -> None:
    """Make the folder of a row's archive."""
    if row.archive in QUANTISED:
        copy_folder(home, row.archive, folder)
        return
    weights = trained[row.architecture, row.strategy]
    WRITERS.get(row.archive, write_weights)(folder, weights)


def _pack(archive: Archive, mirror: Path, fill: Callable[[Path], None]) -> Pin:
    """Write an archive where a mirror has it."""
    path = mirror / published_path(archive.url)
    folder = mirror.parent / "folders" / archive.name
    shutil.rmtree(folder, ignore_errors=True)
    fill(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    sha256 = pack_tar(folder, path)
    return Pin(url=archive.url, size_bytes=path.stat().st_size, sha256=sha256)


def _measure(
    zoo: Zoo, work: Path, *, mirror: Path, data_root: Path
) -> dict[str, Record]:
    """Return the records of all rows, whatever they claim and whatever was pinned."""
    new = replace(
        zoo,
        archives={
            name: replace(one, sha256=None, size_bytes=None)
            for name, one in zoo.archives.items()
        },
        claims={
            row.row_id: tuple(
                Claim(row_id=row.row_id, metric=metric, printed="0.0")
                for metric in METRICS_OF_DATASET[row.dataset]
            )
            for row in zoo.rows
        },
    )
    # Unpinned archives are kept by address: an older making's must not be found.
    cache = work / "measuring"
    shutil.rmtree(cache, ignore_errors=True)
    settings = Settings(
        cache=cache,
        records=cache / "records",
        data_root=data_root,
        mirror=str(mirror),
    )
    records: dict[str, Record] = {}
    for dataset in dict.fromkeys(row.dataset for row in zoo.rows):
        rows = [row for row in new.rows if row.dataset == dataset]
        for record in measure_rows(new, rows, settings):
            if not record.measurements:
                raise HarnessError(
                    f"{record.row_id} could not be measured", got=record.reason
                )
            records[record.row_id] = record
    return records


def _publish(zoo: Zoo, embedded: Embedded, mirror: Path) -> None:
    """Put each archive where its address is served from."""
    for archive in zoo.archives.values():
        path = published_path(archive.url)
        place = embedded.archives / path
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = place.with_name(f".{place.name}")
        shutil.copyfile(mirror / path, beside)
        beside.replace(place)


def _claims(rows: Sequence[Row], scores_pct: Mapping[str, Mapping[str, float]]) -> str:
    claims = [
        Claim(
            row_id=row.row_id,
            metric=metric,
            printed=f"{scores_pct[row.row_id][metric]:.1f}",
        )
        for row in rows
        for metric in METRICS_OF_DATASET[row.dataset]
    ]
    return claims_text(
        claims,
        what="the numbers of the embedded demo zoo, as measured when it was made; "
        "those of quantised rows by Paddle 1.8.5",
        source="zoo demo make",
        version="1",
        date=dt.datetime.now(tz=dt.UTC).date(),
    )


def _description(embedded: Embedded, drawn: Mapping[str, DatasetUsed]) -> str:
    sets = (
        f"[scenes.{name}]\n"
        f"seed = {one.seed}\n"
        f"count = {one.count}\n"
        f'fingerprint = "{drawn[name].fingerprint}"\n'
        f'truth_sha256 = "{drawn[name].truth_sha256}"\n'
        for name, one in embedded.scenes.items()
    )
    return (
        "# Written by `zoo demo make`. The zoo draws its own validation sets; its\n"
        "# archives lie beside, under the paths of their addresses, and are served.\n"
    ) + "\n".join(sets)
