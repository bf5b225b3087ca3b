import logging
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.errors import DeviceMissing
from harness.model.paddle_run import device as device_module
from harness.pipeline.measure.settings import Settings
from harness.plugin.demands import demand_device, demand_folders, demand_options
from harness.plugin.options import kept_apart


def test_the_default_asks_nothing_of_paddle(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(**asked: object) -> None:
        pytest.fail(f"asked for {asked}")

    monkeypatch.setattr(device_module, "open_device", never)
    demand_device(gpu=False, precision="float32")


@pytest.mark.parametrize(("gpu", "precision"), [(True, "float32"), (False, "int8")])
def test_what_is_not_computed_here_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, gpu: bool, precision: str
) -> None:
    def refuse(**asked: object) -> None:
        raise DeviceMissing(f"refused {asked}")

    monkeypatch.setattr(device_module, "open_device", refuse)

    with pytest.raises(
        pytest.UsageError,
        match=f"^refused {{'gpu': {gpu}, 'precision': '{precision}'}}$",
    ):
        demand_device(gpu=gpu, precision=precision)


def test_what_is_computed_here_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(
        device_module, "open_device", lambda **words: asked.append(words)
    )
    demand_device(gpu=False, precision="bf16")

    assert asked == [{"gpu": False, "precision": "bf16"}]


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


@pytest.mark.parametrize(("limit", "is_refused"), [(1, False), (0, True), (-1, True)])
def test_a_limit_is_one_image_or_more(limit: int, is_refused: bool) -> None:
    values = {"limit": limit, "retrain": None, "max_image_pixels": None}
    config = SimpleNamespace(getoption=values.get, add_cleanup=lambda _: None)
    if not is_refused:
        demand_options(config)
        return

    with pytest.raises(pytest.UsageError, match=f"1 image or more, got {limit}$"):
        demand_options(config)
