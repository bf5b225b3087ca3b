from pathlib import Path

import pytest

from harness.errors import DeviceMissing
from harness.model.paddle_run import device as device_module
from harness.pipeline.measure.settings import Settings
from harness.plugin.demands import demand_device
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
