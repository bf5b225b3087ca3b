"""Opens the zoo that a session of pytest asks for; once, and kept with the session."""

from __future__ import annotations

import pytest

from harness.errors import HarnessError
from harness.registry.zoo import open_zoo
from harness.values import options
from harness.values.rows import Zoo

_KEY = pytest.StashKey[Zoo]()


def zoo_of(config: pytest.Config) -> Zoo:
    """Return the zoo of ``--zoo``, or the default one.

    Raises:
        pytest.UsageError: there is no such zoo, or its files are malformed.
    """
    if _KEY not in config.stash:
        name = config.getoption(options.ZOO.field) or options.ZOO.default
        try:
            config.stash[_KEY] = open_zoo(name)
        except HarnessError as error:
            raise pytest.UsageError(str(error)) from error
    return config.stash[_KEY]
