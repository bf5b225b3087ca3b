"""An error of ours while rows are measured: told as a verdict, or let through."""

import shutil
from pathlib import Path

import pytest

from harness.dataset.drawn.coco_scenes import write_coco_scenes
from harness.registry.zoo import open_zoo
from harness.values.options import OPTIONS

ROW = "yolov3-mobilenet_v1-coco-baseline-160"
CONFTEST = """
from harness.pipeline.measure import judged_row

pytest_plugins = ["harness.pytest_zoo"]


def broken(*_, **__):
    raise ZeroDivisionError("a fault of ours")


judged_row.metric_of = broken
"""


@pytest.fixture
def words(
    pytester: pytest.Pytester,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[str, ...]:
    """The command line of a row whose score ends in an error of ours."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    for option in OPTIONS:
        if option.twin:
            monkeypatch.delenv(option.twin, raising=False)
    demo = open_zoo("demo", home=request.config.rootpath)
    folder = pytester.mkdir("mine")
    shutil.copy(demo.root / "baseline_coco.toml", folder)
    claims = f"row,metric,printed\n{ROW.replace('160', '224')},box_ap,50.0\n"
    (folder / "expected.csv").write_text(f"{claims}{ROW},box_ap,50.0\n", "utf-8")
    cases = request.config.rootpath / "cases" / "zoo"
    shutil.copy(cases / "test_published_ap.py", pytester.path)
    write_coco_scenes(pytester.path / "data", seed=1, count=2)
    pytester.makeconftest(CONFTEST)
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider\n")
    mirror = f"--mirror={demo.root / 'archives'}"
    return (mirror, "--zoo=mine", "--data-root=data", "--offline", "--records=kept")


def test_a_fault_of_ours_is_a_verdict_and_with_debug_a_traceback(
    pytester: pytest.Pytester, words: tuple[str, ...]
) -> None:
    run = (*words, "test_published_ap.py", "-k", "160")
    told = pytester.runpytest_subprocess(*run)
    debugged = pytester.runpytest_subprocess(*run, "--zoo-debug")

    told.assert_outcomes(failed=1, deselected=1)
    told.stdout.fnmatch_lines(["errored: ZeroDivisionError: a fault of ours*"])
    told.stdout.no_fnmatch_line("*def broken*")
    kept = Path(pytester.path, "kept", "mine", "errors", f"{ROW}.txt")
    assert "in broken" in kept.read_text("utf-8")
    debugged.assert_outcomes(failed=1, deselected=1)
    debugged.stdout.fnmatch_lines(["*def broken*", "*ZeroDivisionError: a fault*"])
    debugged.stdout.no_fnmatch_line("errored: *")
