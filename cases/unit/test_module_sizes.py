from pathlib import Path

import harness

HARNESS = Path(harness.__file__).parent
LIMIT_LINES = 300  # design 2

#: Modules that may be longer: their own limit, and why.
EXCEPTIONS: dict[str, tuple[int, str]] = {}


def lines_of(path):
    return len(path.read_text(encoding="utf-8").splitlines())


def test_a_module_stops_at_its_limit():
    long = {}
    for path in sorted(HARNESS.rglob("*.py")):
        name = path.relative_to(HARNESS).as_posix()
        limit, _ = EXCEPTIONS.get(name, (LIMIT_LINES, ""))
        if lines_of(path) > limit:
            long[name] = f"{lines_of(path)} lines, at most {limit}"

    assert long == {}, "split it by idea, or write an exception with its reason"


def test_an_exception_is_dropped_when_it_is_no_longer_needed():
    needless = [name for name in EXCEPTIONS if lines_of(HARNESS / name) <= LIMIT_LINES]

    assert needless == []
