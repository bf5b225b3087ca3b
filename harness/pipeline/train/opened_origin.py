"""Opens weights that a training starts from, or learns from: fetches and reads them.

The published archive is taken where a source serves it; else what its recipe made on
this machine.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from harness.artifact.checkpoint_folder import find_checkpoint_folder
from harness.artifact.fetch import fetch_archive
from harness.artifact.unpack import unpack
from harness.errors import ArchiveUnavailable, ArchiveUnreadable, located
from harness.files.digest import file_sha256
from harness.model.layouts.contract import WeightSource
from harness.model.layouts.opened_folder import open_folder
from harness.model.layouts.weights import demand_finite
from harness.model.networks.pruned_channels import PRUNED_RATIOS, matching_pruning
from harness.model.networks.shapes import network_shapes
from harness.model.networks.start_variables import split_variables
from harness.model.networks.yolov3_head import block_convs
from harness.pipeline.measure.settings import Settings
from harness.pipeline.measure.watcher import Watcher
from harness.pipeline.train.trained_before import find_trained
from harness.pipeline.train.trained_network import UNPRUNED, build_network
from harness.printable import printable
from harness.train.manifest import FILE_NAME, OriginUsed
from harness.values.recipes import Origin, RecipeBook, TrainedNetwork

LOGGER = logging.getLogger(__name__)

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedOrigin:
    """Weights by variable, as an origin has them."""

    used: OriginUsed
    weights: Arrays  # what the network takes; a classifier's lack the head
    pruning: str  # key of PRUNED_RATIOS: whose shapes they have
    told: str  # what was taken and what was left, in one sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """An archive in the cache."""

    name: str
    path: Path
    source: str
    sha256: str
    size_bytes: int


def open_origin(
    origin: Origin,
    book: RecipeBook,
    network: TrainedNetwork,
    settings: Settings,
    *,
    prunings: Sequence[str],
    is_backbone: bool,
    watcher: Watcher,
) -> OpenedOrigin:
    """Return the weights of an origin for a network.

    Args:
        origin: of the book's recipe.
        book: has the recipe that makes it.
        network: that takes them, before any pruning.
        settings: cache, mirror, and whether hosts are asked.
        prunings: whose shapes it may have; keys of ``PRUNED_RATIOS``.
        is_backbone: it may be a classifier, without the head.
        watcher: told of the fetching.

    Raises:
        ArchiveUnavailable: no source serves it, and it was not made here.
        WrongArchive: no source serves the pinned bytes.
        ArchiveUnreadable: it is no network, or another one.
    """
    with located(origin.role):
        taken = _take(origin, book, settings, watcher)
        folder = find_checkpoint_folder(unpack(taken.path, settings.cache), taken.name)
        with located(f"{taken.name}.tar"):
            return _read(
                folder,
                origin,
                taken,
                network,
                prunings=prunings,
                is_backbone=is_backbone,
            )


def _take(
    origin: Origin, book: RecipeBook, settings: Settings, watcher: Watcher
) -> _Taken:
    archive, refusal = origin.archive, None
    if archive is not None:
        try:
            fetched = fetch_archive(
                archive,
                cache=settings.cache,
                mirror=settings.mirror,
                offline=settings.offline,
                progress=watcher.fetching(archive.name),
            )
        except ArchiveUnavailable as error:
            refusal = error
        else:
            return _Taken(
                name=archive.name,
                path=fetched.path,
                source=archive.url,
                sha256=fetched.sha256,
                size_bytes=fetched.size_bytes,
            )
    if origin.recipe is None:
        assert refusal is not None  # an origin has an archive or a recipe
        raise refusal
    trained = find_trained(settings.cache, book, book.recipes[origin.recipe])
    if trained is None:
        name, zoo = origin.recipe.name, origin.recipe.zoo
        raise ArchiveUnavailable(
            f"{name} is not there"
            if refusal is None
            else f"{name} cannot be fetched, and was not trained here",
            expected="a published archive, or one that its recipe made here",
            got="neither" if refusal is None else refusal,
            next_step=f"`zoo train {name}` with the same --zoo makes it"
            if zoo == book.zoo  # whose name is no path to it
            else f"`zoo train {name} --zoo {zoo}` makes it",
        ) from refusal
    made = trained.manifest
    watcher.noting(f"{origin.role}: trained here by {made.recipe_id}")
    return _Taken(
        name=origin.recipe.name,
        path=trained.path,
        source=f"trained by {made.recipe_id}, seed {made.seed}",
        sha256=file_sha256(trained.path),
        size_bytes=trained.path.stat().st_size,
    )


def _read(
    folder: Path,
    origin: Origin,
    taken: _Taken,
    network: TrainedNetwork,
    *,
    prunings: Sequence[str],
    is_backbone: bool,
) -> OpenedOrigin:
    whole = network_shapes(build_network(network)).variables
    _, source = open_folder(folder, tuple(whole))
    pruning = _pruning_of(source, network.width, prunings)
    variables = network_shapes(build_network(network, pruning)).variables
    arrays = {name: source.read(name) for name in source.stored if name in variables}
    for name, array in arrays.items():
        with located(name):
            demand_finite(array)
    # Shapes of what no network has are not asked for: it may be no array at all.
    shapes = {
        name: arrays[name].shape if name in arrays else ()
        for name in source.stored
        if name != FILE_NAME
    }
    split = split_variables(shapes, variables, is_backbone=is_backbone)
    LOGGER.info("%s %s: %s", origin.role, printable(taken.name), split.told)
    return OpenedOrigin(
        used=OriginUsed(
            role=origin.role,
            archive=taken.name,
            source=taken.source,
            sha256=taken.sha256,
            size_bytes=taken.size_bytes,
            taken=len(split.taken),
            new=len(split.new),
            left=split.left,
        ),
        weights={name: arrays[name] for name in split.taken},
        pruning=pruning,
        told=f"{origin.role} {taken.name}: {split.told}",
    )


def _pruning_of(source: WeightSource, width: float, accepted: Sequence[str]) -> str:
    """Return whose shapes the head of an archive has; unpruned where it has none."""
    names = {one: f"{one}.conv.weights" for one in block_convs()}
    if not all(name in source.stored for name in names.values()):
        return UNPRUNED  # no head, or not a whole one: what is missing is told later
    channels = {one: next(iter(source.shape(name)), 0) for one, name in names.items()}
    pruning = matching_pruning(channels, width)
    if pruning not in accepted:
        raise ArchiveUnreadable(
            "channels of its head",
            expected=" or ".join(accepted),
            got=pruning or f"none of {', '.join(PRUNED_RATIOS)}",
            next_step="start from weights of the recipe's own network",
        )
    assert pruning is not None
    return pruning
