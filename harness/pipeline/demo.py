"""Nothing in, the embedded demo zoo out: trained, pruned, packed, measured.

Every stage keeps what it made in the work folder and goes on there: a run that was
stopped anywhere continues at its last checkpoint. Nothing of the zoo is replaced before
the new archives are measured.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from harness.artifact.pack import pack_tar
from harness.atomic import write_text
from harness.dataset.coco import open_coco
from harness.dataset.coco_scenes import write_coco_scenes
from harness.dataset.labelled import LabelledSet
from harness.errors import ZooDataError
from harness.model.layouts.separate_files import write_weights
from harness.model.network import Network
from harness.model.plan import plan_network
from harness.pipeline.embedded import (
    ARCHIVES,
    DESCRIPTION,
    Embedded,
    read_embedded,
    scenes_folder,
)
from harness.pipeline.scored_network import score_network
from harness.registry.claims import claims_text
from harness.registry.lock import Pin, write_lock
from harness.registry.sources import find_sources
from harness.registry.zoo import read_zoo
from harness.rows import METRICS_OF_DATASET, Claim, Row, Zoo
from harness.train.initial import initial_weights
from harness.train.recipe import read_recipe
from harness.train.trainer import Progress, train
from harness.train.yolov3 import YoloV3Task, network_of
from harness.truth import CocoTruth

Arrays = Mapping[str, NDArray[Any]]

ZOO = "demo"
RECIPES = Path("cases", "recipes")
INITIAL_SEED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A network and its weights."""

    network: Network
    weights: Arrays


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoMade:
    """What a making came to."""

    ap_pct: Mapping[str, float]  # row id -> unrounded
    archive_bytes: Mapping[str, int]  # archive name -> size


def make_demo(
    home: Path,
    work: Path,
    *,
    training: Callable[[str, Progress], None] = lambda stage, progress: None,
    telling: Callable[[str], None] = lambda line: None,
) -> DemoMade:
    """Make the demo zoo's archives, claims, pins and fingerprint.

    Args:
        home: the checkout; ``cases/rows/demo`` and ``expected`` in it are rewritten.
        work: keeps checkpoints; delete it to start from nothing.
        training: told of each training stage by name.
        telling: told what begins, a line each.

    Raises:
        TrainingFailed: a stage went wrong; what it had is kept.
        ZooDataError: the rows of the demo zoo do not fit what is made.
    """
    sources = find_sources(ZOO, home=home)
    zoo = read_zoo(sources).zoo
    embedded = read_embedded(zoo)
    if embedded is None:
        raise ZooDataError(f"{zoo.root / ARCHIVES / DESCRIPTION}: no such file")
    trained = _train_all(home, work, training, telling)
    telling("drawing the validation set")
    found = _draw(embedded, work)
    telling("packing the archives")
    tars = {name: _pack(work, name, one) for name, one in _archives(zoo, trained)}
    telling("measuring the archives")
    ap_pct = {
        row.row_id: score_network(
            trained[row.strategy].network,
            trained[row.strategy].weights,
            found,
            input_px=row.input_px,
        )["box_ap"]
        for row in zoo.rows
    }
    telling("writing claims, pins and fingerprint")
    _publish(zoo, embedded, tars)
    pins = {
        name: Pin(
            url=zoo.archives[name].url, size_bytes=path.stat().st_size, sha256=sha256
        )
        for name, (path, sha256) in tars.items()
    }
    write_lock(sources.lock, sources.lock_section, pins)
    write_text(sources.claims, _claims(zoo.rows, ap_pct))
    write_text(embedded.archives / DESCRIPTION, _description(embedded, found))
    return DemoMade(
        ap_pct=ap_pct,
        archive_bytes={name: one.size_bytes for name, one in pins.items()},
    )


def _train_all(
    home: Path,
    work: Path,
    training: Callable[[str, Progress], None],
    telling: Callable[[str], None],
) -> dict[str, Trained]:
    """Return the trained networks by strategy."""
    from harness.compress.prune import prune

    base_recipe = read_recipe(home / RECIPES / "demo_baseline.toml")
    pruned_recipe = read_recipe(home / RECIPES / "demo_prune_r578.toml")
    network = network_of(base_recipe)
    telling("training the baseline")
    baseline = train(
        YoloV3Task(recipe=base_recipe),
        initial_weights(
            plan_network(network),
            num_classes=base_recipe.num_classes,
            seed=INITIAL_SEED,
        ),
        checkpoint_path=work / "baseline.npz",
        report=lambda progress: training("baseline", progress),
    )
    telling("pruning, and training what is left")
    smaller, kept = prune(network, baseline, pruned_recipe.plan)
    pruned = train(
        YoloV3Task(recipe=pruned_recipe),
        kept,
        checkpoint_path=work / "prune_r578.npz",
        report=lambda progress: training("prune_r578", progress),
    )
    return {
        "baseline": Trained(network=network, weights=baseline),
        pruned_recipe.plan: Trained(network=smaller, weights=pruned),
    }


def _archives(zoo: Zoo, trained: Mapping[str, Trained]) -> list[tuple[str, Trained]]:
    strategies = {row.archive: row.strategy for row in zoo.rows}
    return [(name, trained[strategy]) for name, strategy in strategies.items()]


def _draw(embedded: Embedded, work: Path) -> LabelledSet[CocoTruth]:
    root = work / scenes_folder(embedded)
    write_coco_scenes(root, seed=embedded.scene_seed, count=embedded.scene_count)
    return open_coco(root)


def _pack(work: Path, name: str, trained: Trained) -> tuple[Path, str]:
    folder = work / "folders" / name
    shutil.rmtree(folder, ignore_errors=True)
    write_weights(folder, trained.weights)
    path = work / f"{name}.tar"
    return path, pack_tar(folder, path)


def _publish(
    zoo: Zoo, embedded: Embedded, tars: Mapping[str, tuple[Path, str]]
) -> None:
    """Put each archive where its address is served from."""
    for name, (path, _) in tars.items():
        place = (
            embedded.archives
            / zoo.archives[name].url.partition("://")[2].partition("/")[2]
        )
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = place.with_name(f".{place.name}")
        shutil.copyfile(path, beside)
        beside.replace(place)


def _claims(rows: tuple[Row, ...], ap_pct: Mapping[str, float]) -> str:
    claims = [
        Claim(row_id=row.row_id, metric=metric, printed=f"{ap_pct[row.row_id]:.1f}")
        for row in rows
        for metric in METRICS_OF_DATASET[row.dataset]
    ]
    return claims_text(
        claims,
        what="the numbers of the embedded demo zoo, as measured when it was made",
        source="zoo demo make",
        version="1",
        date=dt.datetime.now(tz=dt.UTC).date(),
    )


def _description(embedded: Embedded, found: LabelledSet[CocoTruth]) -> str:
    return (
        "# Written by `zoo demo make`. The zoo draws its own validation set; its\n"
        "# archives lie beside, under the paths of their addresses, and are served.\n"
        "[scenes]\n"
        f"seed = {embedded.scene_seed}\n"
        f"count = {embedded.scene_count}\n"
        f'fingerprint = "{found.fingerprint}"\n'
    )
