"""What is logged of an archive on its way to detections; silent unless asked."""

import logging

import numpy as np
import pytest

from harness.errors import ArchiveUnreadable, LimitReached
from harness.model.detectors.archive_heads import open_heads, plain_heads
from harness.model.paddle_run.device import open_device
from harness.model.program.limits import ProgramLimits
from harness.model.program.messages import Found, answer_bytes
from harness.model.program.program_child import ProgramProcess, start_program
from harness.process.limited_child import ChildCrashed


@pytest.fixture(autouse=True)
def listening(caplog):
    caplog.set_level(logging.DEBUG, logger="harness")


def test_the_layout_and_the_way_of_an_archive(caplog, layout_folder, open_layout):
    folder = layout_folder("program_params")
    caplog.clear()
    open_layout(folder)

    assert caplog.messages == [
        "layout program in folder .",
        "241 arrays, run by the archive's program, in float",
    ]
    assert {one.levelname for one in caplog.records} == {"INFO"}


def test_an_archive_of_weights_is_run_by_our_network(
    caplog, layout_folder, open_layout
):
    folder = layout_folder("pdparams")
    caplog.clear()
    open_layout(folder)

    assert caplog.messages == [
        "layout pdparams in folder .",
        "241 arrays, run by our network, in float",
    ]


def test_the_device(caplog):
    device = open_device(gpu=False)

    assert caplog.messages == [
        f"device cpu ({device.model}, threads: {device.threads}) in float32"
    ]


def test_a_graph_or_the_plain_forward(caplog, tiny_opened, cpu):
    open_heads(tiny_opened, cpu)
    plain_heads(tiny_opened)

    assert caplog.messages == [
        "exported graph on cpu, optimised",
        "plain forward, without a graph",
    ]


def test_the_start_of_a_program(caplog, layout_folder, open_layout, cpu):
    opened = open_layout(layout_folder("program_params"))
    process = start_program(
        opened.program,
        opened.weights,
        cpu,
        limits=ProgramLimits(),
        batch_pixels=96 * 96,
    )
    process.child.close()

    assert caplog.messages[-1] == "program started in a process of its own, on cpu"


class Child:
    """Answers with what it is given, or raises it."""

    def __init__(self, answer):
        self.answer = answer

    def ask(self, *_parts, **_kind):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def close(self):
        pass


def find(answer):
    process = ProgramProcess(child=Child(answer), limits=ProgramLimits(first_s=77))
    images = np.zeros((1, 4, 4, 3), np.uint8)
    process.find("objects", "mobilenet_v1", 4, images, np.int32([[4, 4]]))


def test_an_answer_is_a_detail(caplog):
    nothing = {"classes": b"", "scores": b"", "boxes_xyxy": b""}
    find(answer_bytes(Found(counts=[0], cpu_s=0.0, **nothing)))

    (record,) = caplog.records
    assert record.levelname == "DEBUG"
    assert record.getMessage().startswith("program answered for 1 images in ")
    assert record.getMessage().endswith(" s, of 77 s")


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (
            ChildCrashed("SIGSEGV"),
            ArchiveUnreadable,
            "program crashed its process: SIGSEGV",
        ),
        (
            LimitReached("time of the child process"),
            LimitReached,
            "program killed: time of the child process",
        ),
        (b"", ArchiveUnreadable, "program killed: what it answered is no answer"),
    ],
)
def test_the_end_of_a_program(caplog, answer, error, message):
    with pytest.raises(error):
        find(answer)

    assert caplog.messages == [message]
