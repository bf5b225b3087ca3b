import logging
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.compress import paddleslim
from harness.errors import DeviceMissing, UsageError, ZooDataError
from harness.model.runtimes import runtimes as device_module
from harness.pipeline.measure.settings import Settings
from harness.plugin import chosen_zoo
from harness.plugin.chosen_zoo import zoo_of
from harness.plugin.demands import (
    demand_computing,
    demand_device,
    demand_folders,
    demand_options,
    demand_recipes,
    demand_retraining,
)
from harness.plugin.options import kept_apart
from harness.values.rows import Row
from testing.rows import build_row


def test_the_default_asks_nothing_of_paddle(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(runtime: str, **asked: object) -> None:
        pytest.fail(f"asked {runtime} for {asked}")

    monkeypatch.setattr(device_module, "open_device", never)
    demand_device("paddle", gpu=False, precision="float32")


@pytest.mark.parametrize(
    ("runtime", "gpu", "precision"),
    [
        ("paddle", True, "float32"),
        ("paddle", False, "int8"),
        ("torch", False, "float32"),  # it may not be installed
    ],
)
def test_what_is_not_computed_here_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, runtime: str, gpu: bool, precision: str
) -> None:
    def refuse(asked_of: str, **asked: object) -> None:
        raise DeviceMissing(f"{asked_of} refused {asked}")

    monkeypatch.setattr(device_module, "open_device", refuse)

    with pytest.raises(
        pytest.UsageError,
        match=f"^{runtime} refused {{'gpu': {gpu}, 'precision': '{precision}'}}$",
    ):
        demand_device(runtime, gpu=gpu, precision=precision)


def test_what_is_computed_here_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(
        device_module, "open_device", lambda *words, **more: asked.append((words, more))
    )
    demand_device("paddle", gpu=False, precision="bf16")

    assert asked == [(("paddle",), {"gpu": False, "precision": "bf16"})]


def test_only_float32_records_go_into_the_records_folder_itself() -> None:
    settings = Settings(cache=Path("c"), records=Path("r"), data_root=None)
    bf16 = Settings(
        cache=Path("c"), records=Path("r"), data_root=None, precision="bf16"
    )

    assert kept_apart(settings) == settings
    assert kept_apart(bf16).records == Path("r/precision/bf16")


def test_folders_that_take_files_are_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(
        cache=tmp_path / "c", records=tmp_path / "r", data_root=tmp_path, mirror="M\n"
    )
    with caplog.at_level("INFO"):
        demand_folders(settings)

    places = f"cache {tmp_path}/c, records {tmp_path}/r, data root {tmp_path}"
    assert caplog.record_tuples == [
        ("harness.plugin.demands", logging.INFO, places + r", mirror M\x0a")
    ]


def test_a_data_root_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    settings = Settings(
        cache=tmp_path / "c", records=tmp_path / "r", data_root=tmp_path / "none"
    )
    with pytest.raises(pytest.UsageError, match=r"^data root \S+none; expected a fold"):
        demand_folders(settings)


def config_of(**values: object) -> SimpleNamespace:
    """Return the configuration of a session in which these options are given."""
    return SimpleNamespace(
        getoption=lambda name, *_: values.get(name),
        add_cleanup=lambda _: None,
        stash=pytest.Stash(),
    )


@pytest.mark.parametrize(("limit", "is_refused"), [(1, False), (0, True), (-1, True)])
def test_a_limit_is_one_image_or_more(limit: int, is_refused: bool) -> None:
    config = config_of(limit=limit)
    if not is_refused:
        demand_options(config)
        return

    with pytest.raises(pytest.UsageError, match=f"1 image or more, got {limit}$"):
        demand_options(config)


@pytest.mark.parametrize(("batch", "is_refused"), [(1, False), (0, True)])
def test_a_step_has_one_image_or_more(batch: int, is_refused: bool) -> None:
    if not is_refused:
        demand_options(config_of(batch=batch))
        return

    with pytest.raises(pytest.UsageError, match=r"--batch: expected 1 .*, got 0$"):
        demand_options(config_of(batch=batch))


@pytest.mark.parametrize("retrain", ["missing", "always"])
def test_networks_are_trained_by_paddle_alone(
    monkeypatch: pytest.MonkeyPatch, retrain: str
) -> None:
    demand_options(config_of(runtime="torch"))
    demand_options(config_of(runtime="paddle", retrain=retrain))
    refusal = (
        "^--retrain with --runtime torch: expected --runtime paddle, which alone "
        "trains; drop one of the two$"
    )

    with pytest.raises(pytest.UsageError, match=refusal):
        demand_options(config_of(runtime="torch", retrain=retrain))
    monkeypatch.setenv("ZOO_RUNTIME", "torch")
    with pytest.raises(pytest.UsageError, match=refusal):
        demand_options(config_of(retrain=retrain))


def test_what_shall_compute_is_read_from_options_and_twin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    monkeypatch.setattr(
        device_module, "open_device", lambda *words, **more: asked.append((words, more))
    )
    monkeypatch.setenv("ZOO_RUNTIME", "torch")
    demand_computing(config_of(gpu=True, precision="float32"))
    demand_computing(config_of(gpu=False, precision="float32", runtime="paddle"))

    assert asked == [(("torch",), {"gpu": True, "precision": "float32"})]


def test_a_twin_that_names_no_runtime_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ZOO_RUNTIME", "jax")

    with pytest.raises(
        pytest.UsageError,
        match=r"^--runtime \(ZOO_RUNTIME\); expected paddle or torch, got 'jax'; "
        "leave it out for paddle$",
    ):
        demand_computing(config_of(gpu=False, precision="float32"))


@pytest.mark.parametrize("precision", [None, "float32", "bf16"])
def test_networks_are_trained_in_float32_alone(precision: str | None) -> None:
    demand_options(config_of(precision=precision))
    config = config_of(retrain="missing", precision=precision)
    if precision != "bf16":
        demand_options(config)
        return

    with pytest.raises(
        pytest.UsageError, match=r"^--retrain with --precision bf16: expected float32, "
    ):
        demand_options(config)


ROWS = (
    build_row("yolov3-mobilenet_v1-coco-prune_r578-608"),
    build_row("yolov3-mobilenet_v1-voc-baseline-320"),
)


@pytest.mark.parametrize(
    "marks",
    [
        "retrained",
        "coco and retrained",
        "prune and not published",
        "retrained and not voc",
    ],
)
def test_second_cases_alone_need_the_option(marks: str) -> None:
    demand_retraining(marks, lambda: ROWS, retrained=True)

    with pytest.raises(
        pytest.UsageError,
        match=rf"^-m '{marks}': selects rows that are trained again alone; expected "
        r"--retrain missing or --retrain always, got neither; add `--retrain missing`",
    ):
        demand_retraining(marks, lambda: ROWS, retrained=False)


@pytest.mark.parametrize(
    "marks",
    [
        "not retrained",  # unit tests as well
        "not published",
        "coco and not retrained",
        "coco and (retrained or published)",
        "widerface and retrained",  # this zoo has no such row
        "published",
        "retrained and",  # pytest tells of it
    ],
)
def test_what_selects_other_cases_or_nothing_needs_no_option(marks: str) -> None:
    demand_retraining(marks, lambda: ROWS, retrained=False)


@pytest.mark.parametrize("marks", ["", "coco", "coco and not voc"])
def test_the_zoo_is_not_opened_for_an_expression_of_other_words(marks: str) -> None:
    def never() -> tuple[Row, ...]:
        raise AssertionError

    demand_retraining(marks, never, retrained=False)


@pytest.fixture
def no_paddleslim(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise UsageError("PaddleSlim cannot be imported", next_step="install it")

    monkeypatch.setattr(paddleslim, "import_paddleslim", refuse)


def rows_of_january(config: SimpleNamespace, strategy: str) -> list[Row]:
    return [row for row in zoo_of(config).rows if row.strategy == strategy][:1]


def test_a_network_that_is_to_be_pruned_needs_paddleslim_at_the_start(
    no_paddleslim: None,
) -> None:
    config = config_of()

    with pytest.raises(
        pytest.UsageError,
        match=r"^--retrain: PaddleSlim cannot be imported; install it$",
    ):
        demand_recipes(config, rows_of_january(config, "prune_r578"))


@pytest.mark.parametrize("strategy", ["distill_l2", "distill_split", "quant_post"])
def test_networks_that_are_not_pruned_need_no_paddleslim(
    no_paddleslim: None, strategy: str
) -> None:
    config = config_of()
    rows = rows_of_january(config, strategy)

    demand_recipes(config, rows)


def test_a_malformed_recipe_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ZooDataError("a recipe is malformed")

    monkeypatch.setattr(chosen_zoo, "open_recipes", refuse)

    with pytest.raises(pytest.UsageError, match=r"^a recipe is malformed$"):
        demand_recipes(config_of(), [])


@pytest.mark.parametrize("hours", ["soon", "-1", "1.5"])
def test_a_limit_of_hours_that_is_none_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, hours: str
) -> None:
    monkeypatch.setenv("ZOO_MAX_HOURS", hours)

    with pytest.raises(
        pytest.UsageError,
        match=rf"^--max-hours \(ZOO_MAX_HOURS\); expected a whole number .*'{hours}'",
    ):
        demand_recipes(config_of(), [])
