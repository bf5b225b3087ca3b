"""The command ``zoo`` in a home folder of its own, with a demo zoo cut down."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from harness.__main__ import main
from harness.files.record_files import write_record
from harness.pipeline.measure.embedded import serving, with_scenes
from harness.pipeline.measure.known_datasets import known_datasets
from harness.pipeline.measure.measure import measure_rows
from harness.pipeline.measure.settings import Settings
from harness.registry.lock import read_lock, write_lock
from harness.registry.zoo import open_zoo
from harness.values.options import OPTIONS
from testing.zoos import copy_home, write_claims

ROWS = tuple(f"yolov3-mobilenet_v1-coco-baseline-{px}" for px in (224, 160))
ARCHIVE = "demo_yolov3_mobilenet_v1"
LOCK = Path("expected", "archives.lock.toml")
DESCRIPTION = Path("cases", "rows", "demo", "archives", "embedded.toml")
SCENES = "[scenes.coco]\nseed = 5\ncount = 8\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def no_twins(monkeypatch: pytest.MonkeyPatch) -> None:
    for option in OPTIONS:
        if option.twin:
            monkeypatch.delenv(option.twin, raising=False)


@pytest.fixture(scope="session")
def measured_home(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A home whose demo zoo has one table, few scenes, and records of its rows.

    To be copied and not changed.
    """
    home = tmp_path_factory.mktemp("measured") / "home"
    copy_home(request.config.rootpath, home)
    marker = Path("harness", "registry", "location.py")  # what makes it a checkout
    (home / marker).parent.mkdir(parents=True)
    (home / marker).touch()
    kept = "baseline_coco.toml"
    for table in (home / "cases" / "rows" / "demo").glob("*_*.toml"):
        if table.name != kept:
            table.unlink()
    for archive in (home / "cases" / "rows" / "demo").rglob("*.tar"):
        if archive.stem != ARCHIVE:
            archive.unlink()  # every test copies this home
    # It is of rows that are not left.
    (home / "expected" / "demo.retrained.csv").unlink()
    tolerance = home / "expected" / "tolerance.toml"
    parts = tolerance.read_text(encoding="utf-8").split("\n\n")
    kept_parts = [one for one in parts if not _is_for_quantised_demo_rows(one)]
    tolerance.write_text("\n\n".join(kept_parts), encoding="utf-8")
    pins = read_lock(home / LOCK, "demo")
    write_lock(home / LOCK, "demo", {ARCHIVE: pins[ARCHIVE]})
    (home / DESCRIPTION).write_text(SCENES, encoding="utf-8")
    _claim(home, dict.fromkeys(ROWS, "50.0"))
    found = _measure(home)
    _claim(home, {row_id: f"{ap_pct:.1f}" for row_id, (ap_pct, _) in found.items()})
    ((pins,),) = [{one for _, one in found.values()}]
    (home / DESCRIPTION).write_text(f"{SCENES}{pins}", encoding="utf-8")
    _measure(home)  # replayed, and judged by what is claimed now
    return home


def _is_for_quantised_demo_rows(part: str) -> bool:
    return "[[demo.part]]" in part and '["quant"]' in part


@pytest.fixture
def home(measured_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that home, which one stands in."""
    copy = shutil.copytree(measured_home, tmp_path / "home")
    monkeypatch.chdir(copy)
    return copy


@pytest.fixture
def zoo(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Said]:
    """Run the command ``zoo`` with some words."""

    def run(*words: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["zoo", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        return Said(code=code, out=printed.out, err=printed.err)

    return run


def _claim(home: Path, printed: dict[str, str]) -> None:
    claims = {(row_id, "box_ap"): one for row_id, one in printed.items()}
    write_claims(home / "expected" / "demo.csv", claims)


def _measure(home: Path) -> dict[str, tuple[float, str]]:
    """Measure the demo's rows into its records; return AP and pins of its data."""
    demo = open_zoo("demo", home=home)
    settings = Settings(
        cache=home / ".zoo" / "cache",
        records=home / ".zoo" / "records" / "demo",
        data_root=None,
        offline=True,
        known_datasets=known_datasets(demo, home),
    )
    found = {}
    with serving(demo, with_scenes(demo, settings, ["coco"])) as served:
        for record in measure_rows(demo, demo.rows, served):
            (run,) = record.measurements
            assert record.dataset is not None
            pins = (
                f'fingerprint = "{record.dataset.fingerprint}"\n'
                f'truth_sha256 = "{record.dataset.truth_sha256}"\n'
            )
            found[record.row_id] = run.scores_pct["box_ap"], pins
            took = replace(run, replayed=False, detect_wall_s=1.0, detect_cpu_s=1.0)
            write_record(settings.records, replace(record, measurements=(took,)))
    return found
