"""Says which small mutations of a room its tests see: `tox -e mutants -- ROOM`.

mutmut makes the mutations and runs the tests that reach each of them. This program
gives it a copy of the checkout, a room and a sample: the checkout is never mutated.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
PLACE = CHECKOUT / ".zoo" / "mutants"  # ignored by git
#: What mutmut's exit codes of a mutation mean; any other is a test that failed.
FATES = {
    0: "survived",
    **dict.fromkeys((5, 33), "not reached"),
    None: "not tried",
    **dict.fromkeys((36, 24, -24, 152, 255), "timed out"),  # many: a busy machine
}
NOTICED = ("killed", "timed out")


def main(words: list[str]) -> int:
    """Try a sample of a room's mutations; no share is demanded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("room", help="of harness/: compare, pipeline/gate, model/boxes")
    parser.add_argument("--sample", type=int, default=100, help="0 for every mutation")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--tests", nargs="*", help="default: the room's in cases/unit")
    parser.add_argument("--words", action="store_true", help="change messages too")
    asked = parser.parse_args(words)
    room = re.sub(r"^harness/|\.py$|/$", "", asked.room)
    modules = modules_of(room)
    if not modules:
        parser.error(f"no modules in harness/{room}; name a folder or a module of it")
    copy_checkout(modules, asked.tests or [tests_of(room)])
    os.chdir(PLACE)  # where mutmut finds its settings
    names = [
        name for module in modules for name in mutations_of(module, words=asked.words)
    ]
    if not names:
        parser.error(f"nothing in harness/{room} can be changed; name another room")
    if asked.sample and asked.sample < len(names):
        chosen = sorted(random.Random(asked.seed).sample(names, asked.sample))
    else:
        chosen = names
    ended = subprocess.run(
        [sys.executable, "-m", "mutmut", "run", *chosen],
        # For processes that tests start: they too run what is mutated.
        env={**os.environ, "PYTHONPATH": str(PLACE / "mutants")},
        check=False,
    )
    if ended.returncode:
        return ended.returncode
    fates = fates_of(modules, set(chosen))
    say(fates, f"{room}: {len(chosen)} of {len(names)} mutations, seed {asked.seed}")
    return 0


def modules_of(room: str) -> list[Path]:
    """Return the modules of a room, or the one that is named, relative to the root."""
    place = CHECKOUT / "harness" / room
    paths = sorted(place.rglob("*.py")) or [place.with_suffix(".py")]
    return [path.relative_to(CHECKOUT) for path in paths if path.is_file()]


def mutations_of(module: Path, *, words: bool) -> list[str]:
    """Return the names of the mutations that mutmut makes of a module.

    Args:
        module: relative to the root.
        words: also those that change nothing but text for people.
    """
    # Here, for the unit tests do without: they know no mutmut.
    from mutmut.mutation.file_mutation import mutate_file_contents
    from mutmut.utils.format_utils import get_mutant_name

    made = mutate_file_contents(str(module), module.read_text(encoding="utf-8"))
    silent = {
        node.name: silenced(node)
        for node in ast.walk(ast.parse(made.code))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    return [
        get_mutant_name(module, name)
        for name in made.mutant_names
        if words or silent[name] != silent[re.sub(r"\d+$", "orig", name)]
    ]


def silenced(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """Return a function as text, without its name and the strings that hold a space.

    A string that holds none is a key as often as not.
    """
    for node in ast.walk(function):
        if isinstance(node, ast.Constant) and " " in str(node.value):
            node.value = ""
    return "".join(ast.dump(node) for node in (function.args, *function.body))


def tests_of(room: str) -> str:
    """Return the tests of a room, those of a folder or module in it being there too."""
    place = Path("cases", "unit", Path(room).parts[0])
    return str(place if (CHECKOUT / place).is_dir() else place.parent)


def copy_checkout(modules: list[Path], tests: list[str]) -> None:
    """Copy what git knows or would add, and tell mutmut the modules and the tests."""
    shutil.rmtree(PLACE, ignore_errors=True)
    # There before Python starts, which asks a missing folder of its path never again.
    (PLACE / "mutants").mkdir(parents=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    paths = [Path(one) for one in listed if one and (CHECKOUT / one).is_file()]
    for path in paths:
        (PLACE / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(CHECKOUT / path, PLACE / path)
    settings = {
        "source_paths": ["harness"],
        "only_mutate": [str(module) for module in modules],
        "pytest_add_cli_args_test_selection": tests,
        # Not "fork": tests leave threads in the process that forks (OpenBLAS, Paddle),
        # and its children would wait for them for ever.
        "process_isolation": "forkserver",
        "also_copy": sorted({path.parts[0] for path in paths} - {"harness"}),
    }
    with (PLACE / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("\n[tool.mutmut]\n")
        # Strings and lists of them are written alike in JSON and in TOML.
        file.writelines(f"{key} = {json.dumps(one)}\n" for key, one in settings.items())


def fates_of(modules: list[Path], chosen: set[str]) -> dict[str, str]:
    """Return what became of each chosen mutation."""
    fates = {}
    for module in modules:
        told = PLACE / "mutants" / f"{module}.meta"
        codes = json.loads(told.read_text(encoding="utf-8"))["exit_code_by_key"]
        fates.update(
            (name, FATES.get(code, "killed"))
            for name, code in codes.items()
            if name in chosen
        )
    return fates


def say(fates: dict[str, str], title: str) -> None:
    """Print every mutation that is not seen, as a difference, and the shares."""
    for name, fate in sorted(fates.items()):
        if fate not in NOTICED:
            shown = subprocess.run(
                [sys.executable, "-m", "mutmut", "show", name],
                capture_output=True,
                text=True,
                check=False,
            )
            sys.stdout.write(f"\n{fate}: {shown.stdout or name}")
    counts = Counter(fates.values())
    told = ", ".join(f"{count} {fate}" for fate, count in sorted(counts.items()))
    share_pct = 100 * sum(counts[fate] for fate in NOTICED) / max(1, len(fates))
    sys.stdout.write(f"\n{title}: {told}: {share_pct:.0f} % noticed\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
