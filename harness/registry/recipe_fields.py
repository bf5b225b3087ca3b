"""Reads the tables of a recipe: network, start, data, schedule and so on."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from harness.errors import ZooDataError, located
from harness.printable import printable
from harness.registry import words
from harness.registry.block import Block
from harness.values.recipes import (
    CHAINS,
    DISTILLATIONS,
    LOSSES,
    TRAINING_SPLITS,
    Augmentation,
    Distillation,
    Optimiser,
    Recipe,
    RecipeId,
    Start,
    TrainedNetwork,
)
from harness.values.schedules import Schedule, schedule_fault

#: Coarsest stride of a YOLOv3: sides of images are multiples of it.  # zoo-spec 2.4
STRIDE_PX = 32
PRUNINGS = tuple(
    sorted(one for one in words.KNOWN_STRATEGIES if one.startswith("prune_"))
)
_START_KEYS = ("url", "recipe", "archive", "random")
#: What recipes and archives can be called: a name of a file, and no way to another.
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
#: Ends of a file's name that are no part of its archive's.
_PACKED = re.compile(r"\.(tar|tar\.gz|tgz|zip)$")


def parse_recipe(block: Block, recipe_id: RecipeId) -> Recipe:
    """Return what the tables of a recipe say, each field right by itself.

    Raises:
        ZooDataError: a field is missing, unknown or of the wrong kind.
    """
    network = _parse_network(Block(block.table("network")))
    start = _parse_start(Block(block.table("start")), recipe_id.zoo)
    dataset, split = _parse_data(Block(block.table("data")))
    augmentation = _parse_augmentation(Block(block.table("augmentation")))
    schedule = _parse_schedule(Block(block.table("schedule")))
    optimiser = _parse_optimiser(Block(block.table("optimiser")))
    loss, is_label_smoothed = _parse_loss(Block(block.table("loss")))
    pruning, distillation = _parse_strategy(
        Block(block.optional_table("strategy")), recipe_id.zoo
    )
    recipe = Recipe(
        recipe_id=recipe_id,
        same_as=(),
        network=network,
        start=start,
        dataset=dataset,
        split=split,
        augmentation=augmentation,
        schedule=schedule,
        optimiser=optimiser,
        loss=loss,
        is_label_smoothed=is_label_smoothed,
        pruning=pruning,
        distillation=distillation,
        seed=block.whole("seed", at_least=0),
    )
    block.finish()
    return recipe


def parse_recipe_id(text: str, zoo: str, field: str) -> RecipeId:
    """Return the recipe that a text names: ``name`` of this zoo, or ``zoo/name``.

    Raises:
        ZooDataError: it names none.
    """
    folder, _, name = text.rpartition("/")
    folder = folder or zoo
    if not (NAME.fullmatch(name) and (folder == zoo or NAME.fullmatch(folder))):
        raise field_refusal(field, "the name of a recipe, or ZOO/NAME", text)
    return RecipeId(zoo=folder, name=name)


def start_name(url: str) -> str:
    """Return the name of an archive by its address: the last part, without .tar."""
    return _PACKED.sub("", PurePosixPath(urlsplit(url).path).name)


def _parse_network(block: Block) -> TrainedNetwork:
    with located("network"):
        architecture = block.choice("architecture", tuple(words.KNOWN_BACKBONES))
        known = tuple(sorted(words.KNOWN_BACKBONES[architecture]))
        network = TrainedNetwork(
            architecture=architecture,
            backbone=block.choice("backbone", known),
            num_classes=block.whole("num_classes", at_least=1),
            width=_share(block, "width", Decimal(1)),
        )
        block.finish()
    return network


def _parse_start(block: Block, zoo: str) -> Start:
    with located("start"):
        texts = {key: block.optional_text(key) for key in _START_KEYS[:3]}
        is_random = block.optional_flag("random")
        block.finish()
        named = [key for key, text in texts.items() if text is not None]
        if len(named) + is_random != 1:
            raise ZooDataError(
                "fields of a start",
                expected="exactly one of " + ", ".join(_START_KEYS),
                got=", ".join([*named, *["random"] * is_random]),
                next_step="a start without weights is random = true",
            )
        url, recipe = texts["url"], texts["recipe"]
        if url is not None and not NAME.fullmatch(start_name(url)):
            raise field_refusal("url", "an address that names an archive", url)
        return Start(
            url=url,
            recipe=None if recipe is None else parse_recipe_id(recipe, zoo, "recipe"),
            archive=texts["archive"],
            is_random=is_random,
        )


def _parse_data(block: Block) -> tuple[str, str]:
    with located("data"):
        dataset = block.choice("dataset", tuple(TRAINING_SPLITS))
        split = block.choice("split", TRAINING_SPLITS[dataset])
        block.finish()
    return dataset, split


def _parse_augmentation(block: Block) -> Augmentation:
    with located("augmentation"):
        augmentation = Augmentation(
            chain=block.choice("chain", tuple(CHAINS)),
            mixup_epochs=block.whole("mixup_epochs", at_least=0),
            sizes_px=block.wholes("sizes_px", at_least=STRIDE_PX),
        )
        block.finish()
        odd = [one for one in augmentation.sizes_px if one % STRIDE_PX]
        if odd or len(set(augmentation.sizes_px)) != len(augmentation.sizes_px):
            raise field_refusal(
                "sizes_px",
                f"multiples of {STRIDE_PX}, each once",
                ", ".join(map(str, augmentation.sizes_px)),
            )
    return augmentation


def _parse_schedule(block: Block) -> Schedule:
    with located("schedule"):
        schedule = Schedule(
            steps=block.whole("steps", at_least=1),
            batch=block.whole("batch", at_least=1),
            base_rate=float(block.decimal("base_rate")),
            warmup_steps=block.whole("warmup_steps", at_least=0),
            milestones=block.wholes("milestones", at_least=1, may_be_empty=True),
            save_every_steps=block.whole("save_every_steps", at_least=1),
        )
        block.finish()
        fault = schedule_fault(schedule)
        if fault is not None:
            raise field_refusal(
                "milestones", "steps that rise from the warm-up to the end", fault
            )
    return schedule


def _parse_optimiser(block: Block) -> Optimiser:
    with located("optimiser"):
        clip_norm = block.optional_decimal("clip_norm")
        optimiser = Optimiser(
            momentum=_share(block, "momentum"),
            weight_decay=_share(block, "weight_decay"),
            bn_momentum=_share(block, "bn_momentum"),
            clip_norm=None if clip_norm is None else float(clip_norm),
        )
        block.finish()
        if optimiser.clip_norm == 0:
            raise field_refusal("clip_norm", "a number above 0", "0")
    return optimiser


def _parse_loss(block: Block) -> tuple[str, bool]:
    with located("loss"):
        kind = block.choice("kind", LOSSES)
        is_label_smoothed = block.flag("label_smoothing")
        block.finish()
    return kind, is_label_smoothed


def _parse_strategy(block: Block, zoo: str) -> tuple[str | None, Distillation | None]:
    with located("strategy"):
        pruning = block.optional_text("pruning")
        kind = block.optional_text("distillation")
        teacher = block.optional_text("teacher")
        block.finish()
        if pruning is not None and pruning not in PRUNINGS:
            raise field_refusal("pruning", " or ".join(PRUNINGS), pruning)
        if kind is not None and kind not in DISTILLATIONS:
            raise field_refusal("distillation", " or ".join(DISTILLATIONS), kind)
        if (kind is None) != (teacher is None):
            missing = "distillation" if kind is None else "teacher"
            raise field_refusal(missing, "distillation and teacher, or neither", "")
        if kind is None or teacher is None:
            return pruning, None
        return pruning, Distillation(
            kind=kind, teacher=parse_recipe_id(teacher, zoo, "teacher")
        )


def _share(block: Block, key: str, default: Decimal | None = None) -> float:
    number = block.decimal(key, default)
    if number > 1:
        raise field_refusal(key, "a number from 0 to 1", number)
    return float(number)


def field_refusal(field: str, expected: str, got: object) -> ZooDataError:
    """Return the refusal of a field's value."""
    return ZooDataError(
        f"field {field}",
        expected=expected,
        got=printable(str(got)) if got else "nothing",
    )
