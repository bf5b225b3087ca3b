"""Run make_goldens.py in a CPython 3.7 environment of its own: the door tox opens.

``--quant`` and ``--full-quant`` go to quant_steps.py, and need two environments more.
``--train`` goes to make_training.py; a check and ``--write`` of all end with it.

tox cannot make that environment itself: virtualenv dropped 3.7 in its release 20.27.
CPython 3.7 brings ``venv``, so it makes its own. This file runs on the Python of tox.

    in_old_python.py --venv DIR [-- ARGUMENTS OF make_goldens.py]

CPython 3.7 is looked for in the variable ZOO_PYTHON37, on PATH, and under pyenv.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements-oracle.txt"
QUANT = ("--quant", "--full-quant")
TRAIN = "--train"
#: What is done with all that is committed: make_goldens, then make_training.
OF_ALL = ([], ["--check"], ["--write"])
ASK_VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"
INCOMPLETE = 3  # the project's exit code for "could not be measured"


def main(arguments=None):
    """Make the environment when it is not there, then run; make_goldens' exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--venv", required=True, type=Path)
    parser.add_argument("rest", nargs="*", help="arguments of make_goldens.py")
    asked = parser.parse_args(arguments)
    candidates = list_candidates(os.environ)
    python = first_of_version_3_7(candidates)
    if python is None:
        tried = ", ".join(candidates) or "nothing by that name"
        print(
            "tox -e oracle: CPython 3.7 is missing; expected python3.7 on PATH, under "
            "pyenv or in ZOO_PYTHON37, got {}; install it (pyenv install 3.7) and run "
            "again. Nothing else needs it: the goldens are committed.".format(tried),
            file=sys.stderr,
        )
        return INCOMPLETE

    def environment_of(word):
        folder = asked.venv.with_name("{}-{}".format(asked.venv.name, word))
        requirements = HERE / "requirements-{}.txt".format(word)
        return make_environment(python, folder, requirements)

    def train(arguments):
        inside = environment_of("quant")  # its paddleslim prunes and merges teachers
        return subprocess.call([inside, str(HERE / "make_training.py"), *arguments])

    if asked.rest and asked.rest[0] in QUANT:
        import quant_steps

        return quant_steps.run(asked.rest, environment_of)
    if asked.rest and asked.rest[0] == TRAIN:
        return train(asked.rest[1:])
    inside = make_environment(python, asked.venv, REQUIREMENTS)
    code = subprocess.call([inside, str(HERE / "make_goldens.py"), *asked.rest])
    if asked.rest in OF_ALL:
        return train(asked.rest) or code
    return code


def list_candidates(environ):
    """Paths that may be CPython 3.7, most wanted first."""
    if environ.get("ZOO_PYTHON37"):
        return [environ["ZOO_PYTHON37"]]
    on_path = shutil.which("python3.7", path=environ.get("PATH", ""))
    pyenv = Path(environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    under_pyenv = sorted(str(path) for path in pyenv.glob("3.7.*/bin/python"))
    return ([on_path] if on_path else []) + under_pyenv[::-1]


def first_of_version_3_7(candidates):
    """Find the first that starts and says it is 3.7: a pyenv shim may do neither."""
    for candidate in candidates:
        try:
            said = subprocess.run(
                [candidate, "-c", ASK_VERSION],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                check=False,
            )
        except OSError:
            continue
        if said.stdout.strip() == b"3.7":
            return candidate
    return None


def make_environment(python, folder, requirements):
    """Give the python of an environment in ``folder`` that holds the requirements.

    The mark is written last, and holds what was installed: an environment that was
    interrupted, or made for other requirements, is made again.
    """
    inside = str(folder / "bin" / "python")
    mark = folder / "installed-requirements.txt"
    wanted = requirements.read_text(encoding="utf-8")
    if mark.is_file() and mark.read_text(encoding="utf-8") == wanted:
        return inside
    subprocess.check_call([python, "-m", "venv", "--clear", str(folder)])
    install = [inside, "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
    subprocess.check_call([*install, "-r", str(requirements)])
    mark.write_text(wanted, encoding="utf-8")
    return inside


if __name__ == "__main__":
    sys.exit(main())
