from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from harness.pipeline.measure.settings import Settings


def test_what_was_not_asked_for_is_off() -> None:
    settings = Settings(cache=Path("c"), records=Path("r"), data_root=None)

    assert settings.mirror is None
    assert settings.limit is None
    assert not any((settings.offline, settings.gpu, settings.fresh))
    assert not settings.known_datasets


def test_settings_do_not_change_when_used() -> None:
    settings = Settings(cache=Path("c"), records=Path("r"), data_root=None)

    with pytest.raises(FrozenInstanceError):
        settings.gpu = True  # type: ignore[misc]
