"""The quantised archives, made and compared: the order of the steps.

Two versions of paddleslim cannot be in one environment, and the modern side draws the
pictures and scores what is found in them. Runs on the modern side.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
QUANT = HERE / "quant"
USAGE = 2  # the project's exit code for a wrong command


def run(arguments, environment_of):
    """Run what the arguments of the door ask for; its exit code.

    ``environment_of`` makes the python of an environment with the requirements of a
    word, ``quant`` or ``freeze``; it is asked only when it is needed.
    """
    mode, more = arguments[0], arguments[1:]
    names_folder = len(more) == 1 and not more[0].startswith("-")
    if mode == "--full-quant" and names_folder:
        call(environment_of("quant"), "make_quant.py", *arguments)
        return 0
    if mode != "--quant" or not (more in ([], ["--write"]) or names_folder):
        print(
            "tox -e oracle: expected --quant, --quant --write, --quant DIR or "
            "--full-quant DIR, got {}".format(" ".join(arguments)),
            file=sys.stderr,
        )
        return USAGE
    quantising, freezing = environment_of("quant"), environment_of("freeze")
    with tempfile.TemporaryDirectory() as work:
        make(work, quantising, freezing)
        if not more:
            return check(Path(work) / "packed")
        if more == ["--write"]:
            return publish(Path(work) / "packed")
        shutil.copytree(str(Path(work) / "folders"), more[0])
        print("wrote every kind and layout into {}".format(more[0]))
        return 0


def make(work, quantising, freezing):
    """Make everything in ``work``."""
    call(sys.executable, "quant_pixels.py", work)
    call(quantising, "make_quant.py", "--step", "quantise", "--work", work)
    call(freezing, "make_quant.py", "--step", "freeze", "--work", work)
    call(quantising, "make_quant.py", "--step", "evaluate", "--work", work)
    call(sys.executable, "quant_scores.py", work, str(Path(work) / "results"))
    call(quantising, "make_quant.py", "--step", "pack", "--work", work)


def call(python, script, *arguments):
    """Run a script of this folder; what goes wrong there ends the run here."""
    environ = dict(os.environ, PYTHONHASHSEED="0")  # passes walk over sets of names
    subprocess.check_call([python, str(HERE / script), *arguments], env=environ)


def publish(fresh):
    """Put freshly made files into the folder of committed ones."""
    QUANT.mkdir(exist_ok=True)
    for path in sorted(fresh.iterdir()):
        shutil.copyfile(str(path), str(QUANT / path.name))
        print("{}: {} bytes".format(path.name, path.stat().st_size))
    return 0


def check(fresh):
    """Compare freshly made files with the committed ones."""
    from quant_check import compare_file

    names = sorted(one.name for one in fresh.iterdir())
    findings = [compare_file(name, QUANT, fresh) for name in names]
    for finding in findings:
        print(("ok      " if finding.is_equal else "DIFFERS ") + finding.text)
    return 0 if all(finding.is_equal for finding in findings) else 1
