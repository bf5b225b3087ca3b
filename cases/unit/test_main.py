import io
import subprocess
import sys
from pathlib import Path

import pytest

from harness import __version__
from harness.__main__ import main
from harness.commands.printing import out


def run_main(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["zoo", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def run_python(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], cwd=cwd, capture_output=True, text=True, check=False
    )


def test_the_package_is_the_command(tmp_path: Path) -> None:
    done = run_python("-m", "harness", "list", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("january-2020: 32 rows, 44 numbers, 16 archives\n")


def test_its_exit_code_is_the_process_s(tmp_path: Path) -> None:
    done = run_python("-m", "harness", "list", "--zoo", "none", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("zoo: no zoo 'none'; expected the path of a folder")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words", [["list"], ["list", "--json"], ["check"], ["--help"], ["--version"]]
)
def test_what_needs_no_network_imports_neither_paddle_nor_opencv(
    tmp_path: Path, words: list[str]
) -> None:
    code = (
        "import sys\n"
        "from harness.__main__ import main\n"
        f"sys.argv = ['zoo', *{words!r}]\n"
        "try:\n    main()\n"
        "except SystemExit as ended:\n    assert not ended.code, ended.code\n"
        "heavy = {'paddle', 'cv2', 'pycocotools', 'numpy', 'pytest'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = run_python("-c", code, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_version_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_main(monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"zoo-harness {__version__}\n"


@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["check"],
        ["fetch"],
        ["report"],
        ["gate"],
        ["accept", "a-row", "--reason", "r"],
    ],
    ids=lambda words: words[0],
)
def test_an_unknown_zoo_is_a_usage_error_that_names_the_known_ones(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
) -> None:
    assert run_main(monkeypatch, *words, "--zoo", "none") == 2

    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("zoo: no zoo 'none'")
    assert "demo or january-2020" in told.err


@pytest.mark.parametrize(
    "words", [["nothing"], ["list", "--nothing"], ["import"], ["demo", "nothing"]]
)
def test_words_that_mean_nothing_are_a_usage_error(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
) -> None:
    assert run_main(monkeypatch, *words) == 2
    assert "Usage:" in capsys.readouterr().err


def test_help_lists_the_frozen_commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_main(monkeypatch, "--help") == 0

    told = capsys.readouterr().out.split()
    assert {
        *("list", "check", "import", "fetch"),
        *("report", "gate", "accept", "demo"),
    } <= set(told)


def test_what_the_terminal_cannot_write_is_written_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    monkeypatch.setattr(
        "harness.__main__.app", lambda args: out.print("caf\xe9 \udcff – a")
    )

    main()
    sys.stdout.flush()

    assert written.getvalue() == rb"caf\xe9 \udcff \u2013 a" + b"\n"
