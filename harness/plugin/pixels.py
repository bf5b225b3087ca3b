"""``--max-image-pixels`` in, the limit that every reader of images heeds out."""

from __future__ import annotations

import os

import pytest

from harness.dataset.image_header import VARIABLE, allow_pixels
from harness.errors import HarnessError


def limit_pixels(config: pytest.Config) -> None:
    """Say the session's limit; the environment is given back at its end.

    Raises:
        pytest.UsageError: the option or its twin is no number of pixels.
    """
    before = os.environ.get(VARIABLE)

    def give_back() -> None:
        os.environ.pop(VARIABLE, None)
        if before is not None:
            os.environ[VARIABLE] = before

    config.add_cleanup(give_back)
    try:
        allow_pixels(config.getoption("max_image_pixels"))
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from error
