"""The names of the COCO engines; loading one is not needed to choose it."""

from __future__ import annotations

import importlib.metadata

from harness.errors import UsageError

#: Distributions. The judge's numbers are the definition; the fast one gives its bits.
JUDGE, FAST = "pycocotools", "ultrafast-pycocotools"
ENGINE_NAMES = (JUDGE, FAST)
DEFAULT_ENGINE = FAST


def chosen_engine(asked: str | None) -> str:
    """Return the engine asked for, else the default.

    Raises:
        UsageError: there is no such engine.
    """
    engine = DEFAULT_ENGINE if asked is None else asked
    if engine not in ENGINE_NAMES:
        raise UsageError(
            "COCO engine",
            expected=" or ".join(ENGINE_NAMES),
            got=engine,
            next_step="give the name of one",
        )
    return engine


def engine_name(engine: str = DEFAULT_ENGINE) -> str:
    """Return the engine and its version, for example ``"pycocotools 2.0.11"``.

    Raises:
        UsageError: there is no such engine.
    """
    return f"{chosen_engine(engine)} {importlib.metadata.version(engine)}"
