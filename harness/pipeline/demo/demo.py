"""Makes the embedded demo zoo: trains, packs and measures its networks.

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

from harness.artifact.pack import pack_tar
from harness.artifact.sources import published_path
from harness.errors import HarnessError, ZooDataError
from harness.files.atomic import write_text
from harness.files.digest import file_sha256
from harness.model.layouts.combined_file import write_combined
from harness.model.layouts.separate_files import write_weights
from harness.pipeline.demo.demo_weights import Arrays, train_archives
from harness.pipeline.demo.old_quantised import QUANTISED, copy_folder, old_scores_pct
from harness.pipeline.measure.embedded import (
    ARCHIVES,
    DESCRIPTION,
    Embedded,
    draw_scenes,
    draw_training_scenes,
    read_embedded,
    training_folder,
)
from harness.pipeline.measure.measure import measure_rows
from harness.pipeline.measure.settings import Settings
from harness.registry.claims import claims_text
from harness.registry.lock import write_lock
from harness.registry.recipes import open_recipes
from harness.registry.sources import find_sources
from harness.registry.zoo import read_zoo
from harness.train.loop import Progress
from harness.values.pins import Pin
from harness.values.recipes import RecipeBook
from harness.values.records import DatasetUsed, Record
from harness.values.rows import METRICS_OF_DATASET, Archive, Claim, Row, Zoo

ZOO = "demo"

#: Archive -> what writes its folder; the others have one file for each variable.
WRITERS: Mapping[str, Callable[[Path, Arrays], None]] = {
    "demo_yolov3_mobilenet_v1_voc": write_combined
}


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

    The headers of its recipes repeat the claims: `zoo check` tells which to mend.

    Args:
        home: the checkout; ``cases/rows/demo`` and ``expected`` in it are rewritten.
        work: keeps checkpoints; delete it to start from nothing.
        training: told of each step, with the name of the recipe.
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
    book = open_recipes(ZOO, home=home)
    _demand_all_made(zoo, book)
    telling("drawing the scenes")
    data_root = work / training_folder(embedded)
    draw_scenes(embedded, data_root, embedded.scenes)
    draw_training_scenes(embedded, data_root, embedded.training)
    mirror = work / "mirror"
    brought = _bring(zoo, book, embedded, mirror)
    cache = work / "training"
    trained = train_archives(
        book,
        Settings(
            cache=cache,
            records=cache / "records",
            data_root=data_root,
            mirror=str(mirror),
        ),
        training=training,
        telling=telling,
    )
    telling("packing the archives")
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
    write_lock(sources.lock, sources.lock_section, brought | pins)
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


def _demand_all_made(zoo: Zoo, book: RecipeBook) -> None:
    """Refuse an archive of a row that nothing makes."""
    makers = {one.recipe_id.name for one in book.own} | QUANTISED.keys()
    for row in zoo.rows:
        if row.archive not in makers:
            raise ZooDataError(
                f"archive {row.archive}",
                expected="a recipe that makes it, or the old runtime",
                got="neither",
                next_step=f"write cases/recipes/{ZOO}/{row.archive}.toml",
            )


def _bring(
    zoo: Zoo, book: RecipeBook, embedded: Embedded, mirror: Path
) -> dict[str, Pin]:
    """Put archives that no row has, and nothing makes, where trainings find them."""
    of_rows = {row.archive for row in zoo.rows}
    pins = {}
    for archive in (*zoo.archives.values(), *book.by_url.values()):
        source = embedded.archives / published_path(archive.url)
        if archive.name not in of_rows and source.is_file():
            path = mirror / published_path(archive.url)
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, path)
            pins[archive.name] = _pin(archive, path)
    return pins


def _fill(home: Path, row: Row, trained: Mapping[str, Arrays], folder: Path) -> None:
    """Make the folder of a row's archive."""
    if row.archive in QUANTISED:
        copy_folder(home, row.archive, folder)
        return
    WRITERS.get(row.archive, write_weights)(folder, trained[row.archive])


def _pack(archive: Archive, mirror: Path, fill: Callable[[Path], None]) -> Pin:
    """Write an archive where a mirror has it."""
    path = mirror / published_path(archive.url)
    folder = mirror.parent / "folders" / archive.name
    shutil.rmtree(folder, ignore_errors=True)
    fill(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    pack_tar(folder, path)
    return _pin(archive, path)


def _pin(archive: Archive, path: Path) -> Pin:
    return Pin(
        url=archive.url, size_bytes=path.stat().st_size, sha256=file_sha256(path)
    )


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
    training = (
        f"[training.{name}]\nseed = {one.seed}\ncount = {one.count}\n"
        for name, one in embedded.training.items()
    )
    return (
        "# Written by `zoo demo make`. The zoo draws its own sets, to measure on and\n"
        "# to train on; its archives lie beside, under the paths of their addresses,\n"
        "# and are served.\n"
    ) + "\n".join((*sets, *training))
