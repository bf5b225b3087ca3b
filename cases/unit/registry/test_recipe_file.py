"""One recipe file: what it says, and how it is refused."""

from pathlib import Path

import pytest

from harness.errors import ZooDataError
from harness.model.networks.pruned_channels import PRUNED_RATIOS
from harness.registry.recipe_fields import PRUNINGS, start_name
from harness.registry.recipe_file import read_recipe_file
from harness.values.recipes import (
    Augmentation,
    Distillation,
    Optimiser,
    Recipe,
    RecipeId,
    Start,
    TrainedNetwork,
)
from harness.values.schedules import Schedule
from testing.recipes import URL, write_recipe

SPLIT = {
    "strategy": {"distillation": "split", "teacher": "yolov3_r34"},
    "loss": {"kind": "fine_grained", "label_smoothing": False},
}

FACES = {
    "network": {"architecture": "blazeface", "backbone": "nas", "num_classes": 2},
    "augmentation.chain": "faces",
    "loss.label_smoothing": False,
}


def read(folder: Path, changes: dict[str, object]) -> Recipe:
    recipe = read_recipe_file(write_recipe(folder / "mine", "net", changes), "z").recipe
    assert recipe is not None
    return recipe


def test_a_recipe_of_a_face_network_is_read(tmp_path: Path) -> None:
    recipe = read(tmp_path, FACES)

    assert recipe.network.backbone == "nas"
    assert recipe.network.pixels == "faces"
    assert recipe.augmentation.chain == "faces"


def test_a_recipe_is_read_as_it_is_written(tmp_path: Path) -> None:
    assert read(tmp_path, {}) == Recipe(
        recipe_id=RecipeId(zoo="z", name="net"),
        same_as=(),
        network=TrainedNetwork(
            architecture="yolov3", backbone="mobilenet_v1", num_classes=80, width=1.0
        ),
        start=Start(url=URL),
        dataset="coco",
        split="train2017",
        augmentation=Augmentation(
            chain="yolov3", mixup_epochs=250, sizes_px=(320, 608)
        ),
        schedule=Schedule(
            steps=1000,
            batch=64,
            base_rate=0.001,
            warmup_steps=10,
            milestones=(800, 900),
            save_every_steps=100,
        ),
        optimiser=Optimiser(
            momentum=0.9, weight_decay=5e-4, bn_momentum=0.9, clip_norm=None
        ),
        loss="ordinary",
        is_label_smoothed=True,
        pruning=None,
        distillation=None,
        seed=7,
    )


def test_the_example_for_readers_is_a_recipe(tmp_path: Path, repository: Path) -> None:
    text = (repository / "cases" / "recipes" / "README.md").read_text(encoding="utf-8")
    path = tmp_path / "net.toml"
    path.write_text(text.split("```")[1].removeprefix("toml"), encoding="utf-8")
    recipe = read_recipe_file(path, "z").recipe

    assert recipe is not None
    assert recipe.strategy == "distill_prune_r578"


@pytest.mark.parametrize(
    ("changes", "strategy"),
    [
        ({}, "baseline"),
        ({"strategy.pruning": "prune_sensity"}, "prune_sensity"),
        (SPLIT, "distill_split"),
        ({**SPLIT, "strategy.pruning": "prune_r578"}, "distill_prune_r578"),
    ],
)
def test_the_strategy_is_the_one_that_rows_have(
    tmp_path: Path, changes: dict[str, object], strategy: str
) -> None:
    assert read(tmp_path, changes).strategy == strategy


def test_a_teacher_and_a_start_are_of_the_zoo_or_of_a_named_one(tmp_path: Path) -> None:
    changes = {**SPLIT, "start": {"recipe": "january-2020/yolov3_mobilenet_v1"}}
    recipe = read(tmp_path, changes)

    assert recipe.start.recipe == RecipeId(
        zoo="january-2020", name="yolov3_mobilenet_v1"
    )
    assert recipe.distillation == Distillation(
        kind="split", teacher=RecipeId(zoo="z", name="yolov3_r34")
    )


def test_optional_fields_are_read(tmp_path: Path) -> None:
    recipe = read(
        tmp_path,
        {
            "network.width": 0.125,
            "optimiser.clip_norm": 10,
            "schedule.milestones": [],
            "start": {"random": True},
        },
    )

    assert recipe.network.width == 0.125
    assert recipe.optimiser.clip_norm == 10
    assert recipe.schedule.milestones == ()
    assert recipe.start == Start(is_random=True)


def test_a_recipe_may_be_that_of_another(tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    path.write_text('same_as = "march-2020/yolov3_r34"\n', encoding="utf-8")
    file = read_recipe_file(path, "z")

    assert file.same_as == RecipeId(zoo="march-2020", name="yolov3_r34")
    assert file.recipe is None


def test_a_recipe_may_say_why_it_is_none(tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    path.write_text('why_not = "its data is lost"\n', encoding="utf-8")

    assert read_recipe_file(path, "z").why_not == "its data is lost"


FIELDS = [
    *("seed", "network", "start", "data", "augmentation", "schedule", "optimiser"),
    *("loss", "network.architecture", "network.backbone", "network.num_classes"),
    *("data.dataset", "data.split", "augmentation.chain", "augmentation.mixup_epochs"),
    *("augmentation.sizes_px", "schedule.steps", "schedule.batch"),
    *("schedule.base_rate", "schedule.warmup_steps", "schedule.milestones"),
    *("schedule.save_every_steps", "optimiser.momentum", "optimiser.weight_decay"),
    *("optimiser.bn_momentum", "loss.kind", "loss.label_smoothing"),
]


@pytest.mark.parametrize("field", FIELDS)
def test_a_missing_field_is_refused(tmp_path: Path, field: str) -> None:
    place = ": field ".join(field.split("."))
    if "." not in field:
        place = f"field {field}"

    with pytest.raises(ZooDataError, match=rf"^mine: net.toml: {place}; .*got nothing"):
        read(tmp_path, {field: None})


@pytest.mark.parametrize(
    "table",
    ["network", "start", "data", "augmentation", "schedule", "optimiser", "loss"],
)
def test_an_unknown_field_is_refused_in_every_table(tmp_path: Path, table: str) -> None:
    with pytest.raises(
        ZooDataError, match=rf"^mine: net.toml: {table}: unknown field; .*, got stpes$"
    ):
        read(tmp_path, {f"{table}.stpes": 1})


def test_an_unknown_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ZooDataError, match=r"net.toml: unknown field; .*got stratgy$"):
        read(tmp_path, {"stratgy": {}})


WRONG = {
    "another architecture": (
        {"network.architecture": "ssd"},
        "network: field architecture; expected yolov3 or blazeface, got 'ssd'",
    ),
    "another backbone": (
        {"network.backbone": "resnet18"},
        "network: field backbone; expected mobilenet_v1 or resnet34 or ",
    ),
    "a wide width": (
        {"network.width": 1.5},
        "network: field width; expected a number from 0 to 1, got 1.5",
    ),
    "a part to be measured on": (
        {"data.split": "val2017"},
        "data: field split; expected train2017, got 'val2017'",
    ),
    "a part of another dataset": (
        {"data.dataset": "voc"},
        "data: field split; expected trainval2007+2012, got 'train2017'",
    ),
    "two starts": (
        {"start.recipe": "net2"},
        (
            "start: fields of a start; expected exactly one of url, recipe, archive, "
            "random, got url, recipe; a start without weights is random = true"
        ),
    ),
    "no start": (
        {"start": {"random": False}},
        (
            "start: fields of a start; expected exactly one of url, recipe, archive, "
            "random, got nothing; a start without"
        ),
    ),
    "an address of nothing": (
        {"start.url": "https://weights.invalid/"},
        "start: field url; expected an address that names an archive, got https",
    ),
    "a way out of the folder": (
        {"start": {"recipe": "../march-2020/net"}},
        "start: field recipe; expected the name of a recipe, or ZOO/NAME, got ../march",
    ),
    "an odd size": (
        {"augmentation.sizes_px": [320, 333]},
        (
            "augmentation: field sizes_px; expected multiples of 32, each once, got "
            "320, 333"
        ),
    ),
    "a size twice": (
        {"augmentation.sizes_px": [320, 320]},
        (
            "augmentation: field sizes_px; expected multiples of 32, each once, got "
            "320, 320"
        ),
    ),
    "milestones that fall": (
        {"schedule.milestones": [900, 800]},
        (
            "schedule: field milestones; expected steps that rise from the warm-up to "
            "the end, got 10 then 900 then 800 then 1000"
        ),
    ),
    "a momentum above one": (
        {"optimiser.momentum": 9},
        "optimiser: field momentum; expected a number from 0 to 1, got 9",
    ),
    "gradients cut to nothing": (
        {"optimiser.clip_norm": 0},
        "optimiser: field clip_norm; expected a number above 0, got 0",
    ),
    "another pruning": (
        {"strategy.pruning": "r578"},
        "strategy: field pruning; expected prune_r578 or prune_sensity, got r578",
    ),
    "another distillation": (
        {"strategy": {"distillation": "soft", "teacher": "t"}},
        "strategy: field distillation; expected l2 or split, got soft",
    ),
    "a student without a teacher": (
        {"strategy.distillation": "l2"},
        (
            "strategy: field teacher; expected distillation and teacher, or neither, "
            "got nothing"
        ),
    ),
    "a teacher of nothing": (
        {"strategy.teacher": "yolov3_r34"},
        "strategy: field distillation; expected distillation and teacher, or neither",
    ),
    "a fine-grained loss that smooths": (
        {"loss.kind": "fine_grained"},
        "field loss.label_smoothing; expected false: this loss smooths none, got true",
    ),
    "split with the ordinary loss": (
        {"strategy": {"distillation": "split", "teacher": "t"}},
        (
            "field loss.kind; expected fine_grained, which split distillation adds to, "
            "got ordinary"
        ),
    ),
    "l2 with the fine-grained loss": (
        {**SPLIT, "strategy.distillation": "l2"},
        "field loss.kind; expected ordinary, which l2 distillation adds to, got fine",
    ),
    "object365 pixels divided": (
        {"network.backbone": "resnet50_vd_dcn_obj365"},
        (
            "field augmentation.chain; expected yolov3_obj365, whose pixels "
            "resnet50_vd_dcn_obj365 sees, got yolov3"
        ),
    ),
    "other pixels not divided": (
        {"augmentation.chain": "yolov3_obj365"},
        (
            "field augmentation.chain; expected yolov3 or drawn, whose pixels "
            "mobilenet_v1 sees, got yolov3_obj365"
        ),
    ),
    "faces in the pixels of others": (
        {**FACES, "augmentation.chain": "drawn"},
        "field augmentation.chain; expected faces, whose pixels nas sees, got drawn",
    ),
    **{
        f"faces with {field}": (
            {**FACES, **changes},
            (
                f"field {field}; expected no more than the ordinary loss of "
                f"blazeface, got {got}"
            ),
        )
        for field, changes, got in (
            ("loss.kind", {"loss.kind": "fine_grained"}, "fine_grained"),
            ("loss.label_smoothing", {"loss.label_smoothing": True}, "true"),
            (
                "strategy.pruning",
                {"strategy": {"pruning": "prune_r578"}},
                "prune_r578",
            ),
            (
                "strategy.distillation",
                {"strategy": {"distillation": "l2", "teacher": "t"}},
                "l2",
            ),
        )
    },
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_contradicts_is_refused(tmp_path: Path, wrong: str) -> None:
    changes, message = WRONG[wrong]

    with pytest.raises(ZooDataError) as refusal:
        read(tmp_path, changes)
    assert str(refusal.value).startswith(f"mine: net.toml: {message}")


@pytest.mark.parametrize("more", ['why_not = "x"\n', "seed = 1\n"])
def test_a_reference_stands_alone(tmp_path: Path, more: str) -> None:
    path = tmp_path / "net.toml"
    path.write_text(f'same_as = "other"\n{more}', encoding="utf-8")

    with pytest.raises(ZooDataError, match=r"net.toml: (unknown )?field"):
        read_recipe_file(path, "z")


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    path.write_text("[start", encoding="utf-8")

    with pytest.raises(ZooDataError, match=r": net.toml: not readable as TOML"):
        read_recipe_file(path, "z")


def test_a_file_name_that_no_archive_has_is_refused(tmp_path: Path) -> None:
    path = write_recipe(tmp_path, "a net")

    with pytest.raises(
        ZooDataError, match=r"name of the file; expected the name of an archive and"
    ):
        read_recipe_file(path, "z")


@pytest.mark.parametrize(
    "end", ["", ".tar", ".tar.gz", ".tgz", ".zip", ".tar?sign=1#top"]
)
def test_a_start_is_called_by_the_last_part_of_its_address(end: str) -> None:
    assert start_name(f"https://a.invalid/b/Net_pretrained{end}") == "Net_pretrained"


def test_prunings_of_recipes_are_those_that_networks_know() -> None:
    assert set(PRUNINGS) == set(PRUNED_RATIOS) - {"none"}
