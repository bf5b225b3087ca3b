"""A program that ends its process costs the rows of its own archive, and no other."""

from pathlib import Path

import pytest

from harness.dataset.drawn.coco_scenes import write_coco_scenes
from harness.model.program import program_child as program_process
from harness.pipeline.measure.measure import measure_rows
from harness.pipeline.measure.settings import Settings
from harness.registry.zoo import open_zoo
from harness.values.records import Verdict

BASELINE = "yolov3-mobilenet_v1-coco-baseline-160"
POST = tuple(f"yolov3-mobilenet_v1-coco-quant_post-{px}" for px in (224, 160))

#: Opens what it is told to, and ends at the first look.
SERVICE = """
import os, signal
from harness.model.program.program_service import program_service

def {end}():
    honest, asked = program_service(), []

    def answer(question):
        asked.append(question)
        if len(asked) > 1:
            {how}
        return honest(question)

    return answer
"""
ENDS = {
    "crash": ("os.abort()", Verdict.UNREADABLE, "crashed the process"),
    "killed": ("os.kill(os.getpid(), signal.SIGKILL)", Verdict.ERRORED, "from outside"),
    "memory": ("raise MemoryError", Verdict.ERRORED, "raise --program-memory"),
}


@pytest.mark.parametrize("end", ENDS)
def test_the_other_rows_have_their_numbers(
    end: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    how, verdict, told = ENDS[end]
    write_coco_scenes(tmp_path / "scenes", seed=5, count=8)
    (tmp_path / f"{end}_service.py").write_text(SERVICE.format(end=end, how=how))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(program_process, "SERVICE", f"{end}_service:{end}")
    demo = open_zoo("demo", home=request.config.rootpath)
    settings = Settings(
        cache=tmp_path / "cache",
        records=tmp_path / "records",
        data_root=tmp_path / "scenes",
        mirror=str(demo.root / "archives"),
    )

    records = measure_rows(demo, [demo.row(one) for one in (*POST, BASELINE)], settings)

    assert [one.verdict for one in records[:2]] == [verdict] * 2
    assert all(told in one.reason for one in records[:2]), [
        one.reason for one in records
    ]
    assert records[2].measurements[0].scores_pct["box_ap"] > 40
