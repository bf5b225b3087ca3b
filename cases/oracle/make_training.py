"""Make, or check, ten training steps of the old runtime: the door of ``train/``.

    make_training.py           check: make all again and compare with what is committed
    make_training.py --write   make the committed goldens, from the committed starts
    make_training.py --starts  train the starts too (twenty minutes), then as --write

Runs on CPython 3.7 with requirements-quant.txt; ``tox -e oracle`` sets that up.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

#: Where the committed files lie.
TRAIN = Path(__file__).resolve().parent / "train"


def main(arguments=None):
    """Run one mode; the exit code says whether everything is as it should be."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="the default")
    mode.add_argument("--write", action="store_true")
    mode.add_argument("--starts", action="store_true")
    asked = parser.parse_args(arguments)
    if sys.version_info[:2] != (3, 7):
        print(
            "Python {}.{}: the old runtime needs CPython 3.7; install it and run "
            "tox -e oracle".format(*sys.version_info[:2]),
            file=sys.stderr,
        )
        return 2
    if asked.starts:
        write_starts()
    with tempfile.TemporaryDirectory() as fresh:
        if asked.write or asked.starts:
            return publish(make_goldens(fresh, committed=None), fresh)
        return check(make_goldens(fresh, committed=TRAIN), fresh)


def write_starts():
    """Train the starts, and put them among the committed files."""
    # before anything that imports paddle: it sets the number of threads
    import old_runtime  # noqa: F401
    import train_starts

    TRAIN.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as fresh:
        for backbone in train_starts.BACKBONES:
            train_starts.write_start(
                backbone, fresh, lambda line: print(line, flush=True)
            )
        names = [train_starts.start_archive(one) for one in train_starts.BACKBONES]
        publish(names, fresh)


def make_goldens(folder, committed):
    """Make every golden in ``folder``; their names.

    Each step starts from the committed state before it: last places grow from step to
    step, and another processor would soon be elsewhere. None: from the step before.
    """
    import old_runtime  # noqa: F401
    import train_prune
    import train_steps

    train_prune.write_pruned(TRAIN, folder)
    train_steps.write_batches(folder)
    names = [train_prune.GOLDEN, train_steps.BATCHES]
    for word in train_steps.KINDS:
        train_steps.write_steps(word, TRAIN, committed, folder)
        names.append(train_steps.golden_name(word))
    return names


def publish(names, fresh):
    """Put freshly made files among the committed ones."""
    for name in names:
        shutil.copyfile(str(Path(fresh) / name), str(TRAIN / name))
        print("{}: {} bytes".format(name, (TRAIN / name).stat().st_size))
    return 0


def check(names, fresh):
    """Compare freshly made files with the committed ones."""
    from golden_check import compare_file

    findings = [compare_file(name, TRAIN, fresh) for name in names]
    for finding in findings:
        print(("ok      " if finding.is_equal else "DIFFERS ") + finding.text)
    return 0 if all(finding.is_equal for finding in findings) else 1


if __name__ == "__main__":
    sys.exit(main())
