"""Says which small mutations of a room its tests see: `tox -e mutants -- ROOM`.

mutmut makes the mutations and runs the tests that reach each of them. This program
gives it a copy of the checkout, a room and a sample: the checkout is never mutated.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from mutmut.mutation.file_mutation import mutate_file_contents
from mutmut.utils.format_utils import get_mutant_name

CHECKOUT = Path(__file__).parents[2]
PLACE = CHECKOUT / ".zoo" / "mutants"  # ignored by git
#: What mutmut's exit codes of a mutation mean; any other is a test that failed.
FATES = {0: "survived", 5: "not reached", 33: "not reached", None: "not tried"}


def main(words: list[str]) -> int:
    """Try a sample of a room's mutations, and return 1 where any is not seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("room", help="of harness/: compare, pipeline/gate, model/boxes")
    parser.add_argument("--sample", type=int, default=100, help="0 for every mutation")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--tests", nargs="*", help="default: the room's in cases/unit")
    asked = parser.parse_args(words)
    room = re.sub(r"^harness/|\.py$|/$", "", asked.room)
    modules = modules_of(room)
    if not modules:
        parser.error(f"no modules in harness/{room}; name a folder or a module of it")
    copy_checkout(modules, asked.tests or [tests_of(room)])
    os.chdir(PLACE)  # where mutmut finds its settings
    names = [name for module in modules for name in mutations_of(module)]
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
    return int(any(fate != "killed" for fate in fates.values()))


def modules_of(room: str) -> list[Path]:
    """Return the modules of a room, or the one that is named, relative to the root."""
    place = CHECKOUT / "harness" / room
    paths = sorted(place.rglob("*.py")) or [place.with_suffix(".py")]
    return [path.relative_to(CHECKOUT) for path in paths if path.is_file()]


def mutations_of(module: Path) -> list[str]:
    """Return the names of every mutation that mutmut makes of a module."""
    text = module.read_text(encoding="utf-8")
    made = mutate_file_contents(str(module), text).mutant_names
    return [get_mutant_name(module, name) for name in made]


def tests_of(room: str) -> str:
    """Return the test file or folder that mirrors a room, or the nearest above it."""
    unit = Path("cases", "unit")
    place = unit / room
    named = place.with_name(f"test_{place.name}.py")
    if (CHECKOUT / named).is_file():
        return str(named)
    while not (CHECKOUT / place).is_dir():
        place = place.parent
    return str(place)


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
        if fate != "killed":
            shown = subprocess.run(
                [sys.executable, "-m", "mutmut", "show", name],
                capture_output=True,
                text=True,
                check=False,
            )
            sys.stdout.write(f"\n{fate}: {shown.stdout or name}")
    counts = Counter(fates.values())
    told = ", ".join(f"{count} {fate}" for fate, count in sorted(counts.items()))
    share_pct = 100 * counts["killed"] / max(1, len(fates))
    sys.stdout.write(f"\n{title}: {told}: {share_pct:.0f} % killed\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
