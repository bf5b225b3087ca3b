from __future__ import annotations

import pytest

from harness.plugin.options import add_options, help_of
from harness.values.options import Kind, Option

SWITCH = {"action": "store_true"}


@pytest.fixture
def added() -> dict[str, dict[str, object]]:
    """The options of pytest and how their words are parsed, without their help."""
    options: dict[str, dict[str, object]] = {}

    def add(name: str, *, help: str, **parsing: object) -> None:  # noqa: A002
        assert help
        options[name] = parsing

    add_options(add)
    return options


def test_every_option_is_parsed_as_its_kind_needs(
    added: dict[str, dict[str, object]],
) -> None:
    assert added == {
        "--zoo": {"metavar": "NAME|PATH"},
        "--data-root": {"metavar": "DIR"},
        "--zoo-cache": {"metavar": "DIR"},
        "--records": {"metavar": "DIR"},
        "--mirror": {"metavar": "URL|DIR"},
        "--limit": {"metavar": "N", "type": int},
        "--max-hours": {"metavar": "H", "type": int},
        "--batch": {"metavar": "N", "type": int},
        "--max-image-pixels": {"metavar": "N", "type": int},
        "--program-memory": {"metavar": "GB"},
        "--program-seconds": {"metavar": "S"},
        "--retrain": {"choices": ("missing", "always"), "default": None},
        "--coco-engine": {
            "choices": ("pycocotools", "ultrafast-pycocotools"),
            "default": None,
        },
        "--precision": {"choices": ("float32", "bf16", "int8"), "default": "float32"},
        "--runtime": {"choices": ("paddle", "torch"), "default": None},
        **dict.fromkeys(
            ("--offline", "--gpu", "--fresh", "--require-measured", "--zoo-debug"),
            SWITCH,
        ),
    }


@pytest.mark.parametrize(
    ("twin", "default", "told"),
    [
        ("", "", "helps"),
        ("ZOO_X", "", "helps (ZOO_X)"),
        ("", "here", "helps (default here)"),
        ("ZOO_X", "here", "helps (ZOO_X, default here)"),
    ],
)
def test_the_help_of_an_option_tells_its_twin_and_its_default(
    twin: str, default: str, told: str
) -> None:
    option = Option(
        name="--x", kind=Kind.TEXT, help="helps", twin=twin, default=default
    )

    assert help_of(option) == told
