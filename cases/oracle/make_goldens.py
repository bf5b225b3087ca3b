"""Make, or check, what the old runtime says: the door of this folder.

    make_goldens.py             check: make all again and compare with what is committed
    make_goldens.py --write     make the committed archives and goldens
    make_goldens.py --full DIR  make the full-width archives, goldens and a data root
    make_goldens.py --full-faces DIR
                                make the full-width BlazeFace archives and their goldens
    make_goldens.py --layouts DIR
                                make each narrow network in each layout
    make_goldens.py --counts    check the networks against the known variable counts

Runs on CPython 3.7 with requirements-oracle.txt; ``tox -e oracle`` sets that up.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

#: Where the committed files lie.
MADE = Path(__file__).resolve().parent / "made"


def main(arguments=None):
    """Run one mode; the exit code says whether everything is as it should be."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="the default")
    mode.add_argument("--write", action="store_true")
    mode.add_argument("--full", metavar="DIR", type=Path)
    mode.add_argument("--full-faces", metavar="DIR", type=Path)
    mode.add_argument("--layouts", metavar="DIR", type=Path)
    mode.add_argument("--counts", action="store_true")
    asked = parser.parse_args(arguments)
    if sys.version_info[:2] != (3, 7):
        print(
            "Python {}.{}: the old runtime needs CPython 3.7; install it and run "
            "tox -e oracle".format(*sys.version_info[:2]),
            file=sys.stderr,
        )
        return 2
    if asked.counts:
        return check_counts()
    if asked.full:
        make_full(asked.full, lambda line: print(line, flush=True))
        return 0
    if asked.full_faces:
        # before anything that imports paddle: it sets the number of threads
        import old_runtime  # noqa: F401
        from faces_golden import write_full_golden

        write_full_golden(asked.full_faces)
        return 0
    if asked.layouts:
        import old_runtime  # noqa: F401
        from network_layouts import EVERY, write_layouts

        write_layouts(EVERY, MADE, asked.layouts)
        print("wrote {} archives".format(len(EVERY)))
        return 0
    with tempfile.TemporaryDirectory() as fresh:
        names = make_committed(fresh, weights_from=fresh if asked.write else MADE)
        return (publish if asked.write else check)(names, fresh)


def make_committed(folder, weights_from):
    """Make every committed file in ``folder``; their names.

    Goldens come from the archives in ``weights_from``. A check takes the committed
    ones: a weight that rounds the other way here would move every golden.
    """
    # before anything that imports paddle: it sets the number of threads
    import old_runtime  # noqa: F401
    import faces_golden
    import faces_postprocess_golden
    import layout_golden
    import network_layouts
    import postprocess_golden
    import residual_golden
    import tiny_golden

    tiny_golden.write_archive(folder)
    tiny_golden.write_golden(Path(weights_from) / tiny_golden.ARCHIVE, folder)
    postprocess_golden.write_postprocess(folder)
    names = [tiny_golden.ARCHIVE, tiny_golden.GOLDEN, postprocess_golden.GOLDEN]
    for one in residual_golden.COMMITTED:
        residual_golden.write_archive(one, folder)
        residual_golden.write_golden(one, weights_from, folder)
        names += [one.archive, one.golden]
    faces_golden.write_archives(folder)
    faces_golden.write_golden(weights_from, folder)
    faces_postprocess_golden.write_postprocess(folder)
    layout_golden.write_checkpoint(folder)
    checkpoint = Path(weights_from) / layout_golden.CHECKPOINT
    layout_golden.write_layouts(checkpoint, folder)
    layout_golden.write_golden(checkpoint, folder)
    network_layouts.write_layouts(network_layouts.COMMITTED, weights_from, folder)
    return [
        *names,
        *faces_golden.ARCHIVES,
        faces_golden.GOLDEN,
        faces_postprocess_golden.GOLDEN,
        layout_golden.CHECKPOINT,
        layout_golden.GOLDEN,
        *layout_golden.LAYOUTS,
        *network_layouts.ARCHIVES,
    ]


def make_full(folder, progress):
    """Make everything of full width in ``folder``, which may not exist yet."""
    import old_runtime  # noqa: F401
    import residual_golden
    from full_golden import write_full

    folder.mkdir(parents=True, exist_ok=True)
    for one in residual_golden.ON_DEMAND:
        residual_golden.write_archive(one, folder)
        progress("wrote " + one.archive)
        residual_golden.write_golden(one, folder, folder)
        progress("wrote " + one.golden)
    write_full(folder, progress)


def publish(names, fresh):
    """Put freshly made files among the committed ones."""
    for name in names:
        shutil.copyfile(str(Path(fresh) / name), str(MADE / name))
        print("{}: {} bytes".format(name, (MADE / name).stat().st_size))
    return 0


def check(names, fresh):
    """Compare freshly made files with the committed ones."""
    from golden_check import compare_file

    findings = [compare_file(name, MADE, fresh) for name in names]
    for finding in findings:
        print(("ok      " if finding.is_equal else "DIFFERS ") + finding.text)
    return 0 if all(finding.is_equal for finding in findings) else 1


def check_counts():
    """Compare the networks' variables with the known counts (zoo-spec 2, 4.2)."""
    import fluid_blazeface
    from fluid_yolov3 import KNOWN_COUNTS, count

    wrong = 0
    for (backbone, num_classes, plan_name), expected in sorted(KNOWN_COUNTS.items()):
        got = count(backbone, num_classes, plan_name)
        wrong += got != expected
        print(
            "{} {}, {} classes, {}: expected {} variables and {} elements, got {} "
            "and {}".format(
                "ok     " if got == expected else "DIFFERS",
                backbone,
                num_classes,
                plan_name,
                *(expected + got),
            )
        )
    for edition, expected in sorted(fluid_blazeface.KNOWN_COUNTS.items()):
        got = fluid_blazeface.count(edition)
        wrong += got != expected
        print(
            "{} blazeface {}: expected variables, elements, BNs and first output {}, "
            "got {}".format(
                "ok     " if got == expected else "DIFFERS", edition, expected, got
            )
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
