import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

from harness.errors import DeviceMissing
from harness.model.paddle_run.device import open_device
from harness.model.paddle_run.graph import static_mode
from harness.model.paddle_run.runtime import (
    NEW_PROGRAMS,
    add_tensors,
    demand_old_programs,
    import_paddle,
    operator_names,
    sigmoid,
)
from harness.model.program.opened_program import demand_operators

LOG_LEVEL = "GLOG_minloglevel"


def test_a_missing_paddle_is_a_missing_device(monkeypatch):
    monkeypatch.setitem(sys.modules, "paddle", None)

    with pytest.raises(
        DeviceMissing,
        match=r"^Paddle cannot be imported; got .*paddle.*; "
        r"install zoo-harness\[cpu\], \[cpu3\] or \[gpu\]$",
    ):
        open_device(gpu=False)


def test_tf32_is_off_unless_the_user_says_otherwise(monkeypatch):
    monkeypatch.delenv("NVIDIA_TF32_OVERRIDE", raising=False)
    import_paddle()

    assert os.environ["NVIDIA_TF32_OVERRIDE"] == "0"  # zoo-spec 8


@pytest.mark.parametrize("said", [None, "0"])
def test_paddle_logs_errors_alone_unless_the_user_says_otherwise(monkeypatch, said):
    monkeypatch.delenv(LOG_LEVEL, raising=False)
    if said is not None:
        monkeypatch.setenv(LOG_LEVEL, said)

    import_paddle()

    assert os.environ[LOG_LEVEL] == (said or "2")


def test_a_thread_imports_paddle_and_leaves_signals_to_the_main_one():
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(import_paddle).result() is import_paddle()


def test_a_handler_of_sigterm_stays_in_its_place():
    def handler(*_):
        raise AssertionError

    before = signal.signal(signal.SIGTERM, handler)
    try:
        import_paddle()
        assert signal.getsignal(signal.SIGTERM) is handler
    finally:
        signal.signal(signal.SIGTERM, before)


def test_sigterm_is_heard_by_python_after_paddle_was_imported():
    code = (
        "import os, signal\n"
        "from harness.model.paddle_run.runtime import import_paddle\n"
        "from harness.process.stop_signal import stopping\n"
        "try:\n"
        "    with stopping():\n"
        "        import_paddle()\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "except KeyboardInterrupt:\n"
        "    print('stopped')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "stopped"


def test_programs_are_of_the_old_form_whatever_the_environment_says():
    code = (
        "from harness.model.paddle_run.runtime import import_paddle\n"
        "from harness.model.paddle_run.runtime import NEW_PROGRAMS as flag\n"
        "print('flag:', import_paddle().get_flags(flag)[flag])\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, NEW_PROGRAMS: "1"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert "flag: False" in done.stdout


def test_a_paddle_that_was_imported_with_new_programs_is_refused():
    early = SimpleNamespace(
        __version__="3.3.1", get_flags=lambda name: {NEW_PROGRAMS: True}
    )

    with pytest.raises(
        DeviceMissing,
        match=r"^Paddle 3\.3\.1 was imported before, with FLAGS_enable_pir_api on; "
        "expected off; set FLAGS_enable_pir_api=0 in the environment, "
        "or let the harness import Paddle$",
    ):
        demand_old_programs(early)


X = np.linspace(-30, 30, 61, dtype=np.float32)


def in_dynamic_mode(paddle, function):
    return function(paddle.to_tensor(X)).numpy()


def in_static_mode(paddle, function):
    with static_mode():
        main = paddle.static.Program()
        with paddle.static.program_guard(main, paddle.static.Program()):
            y = function(paddle.static.data("x", [-1], "float32"))
        executor = paddle.static.Executor(paddle.CPUPlace())
        return executor.run(main, feed={"x": X}, fetch_list=[y])[0]


@pytest.mark.parametrize("mode", [in_dynamic_mode, in_static_mode])
def test_the_sigmoid_is_its_formula_in_either_mode(mode):
    y = mode(import_paddle(), sigmoid)

    assert y == pytest.approx(1 / (1 + np.exp(-X.astype(np.float64))), abs=1e-6)


@pytest.mark.parametrize("mode", [in_dynamic_mode, in_static_mode])
def test_a_sum_is_one_in_either_mode_without_a_warning(mode, recwarn):
    y = mode(import_paddle(), lambda x: add_tensors(x, x))

    assert np.array_equal(y, X + X)
    assert [one for one in recwarn if "expression A + B" in str(one.message)] == []


def test_the_operators_of_the_published_programs_are_there():
    names = operator_names(import_paddle())

    assert {"conv2d", "leaky_relu", "yolo_box", "multiclass_nms"} <= names
    demand_operators(sorted(names))


#: Ctrl-C in the middle; and what Paddle makes of an interruption there.
INTERRUPTED = """
import os, signal
try:
    os.kill(os.getpid(), signal.SIGINT)
    sum(range(1000))  # a signal acts between two steps of Python
except KeyboardInterrupt as error:
    raise ImportError("initialization failed") from error
def get_flags(name):
    return {name: False}
"""


def test_a_signal_while_paddle_is_imported_is_no_missing_paddle(tmp_path):
    (tmp_path / "paddle.py").write_text(INTERRUPTED)
    code = (
        "import sys; from harness.model.paddle_run.runtime import import_paddle\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "try: import_paddle()\n"
        "except KeyboardInterrupt: print('stopped')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout == "stopped\n"


@pytest.mark.parametrize("asked", [None, "1"])
def test_paddle_does_not_answer_for_the_user_how_many_threads_may_compute(asked):
    code = (
        "import os; from harness.model.paddle_run.runtime import import_paddle; "
        "import_paddle(); print(os.environ.get('OMP_NUM_THREADS'))"
    )
    environment = {
        name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"
    } | ({} if asked is None else {"OMP_NUM_THREADS": asked})

    told = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout.split()[-1] == str(asked)


def test_paddle_does_not_decide_what_libraries_log():
    code = (
        "import logging; from harness.model.paddle_run.runtime import import_paddle; "
        "root = logging.getLogger(); before = list(root.handlers), root.level; "
        "import_paddle(); assert (root.handlers, root.level) == before, root.handlers"
    )

    subprocess.run([sys.executable, "-c", code], check=True)
