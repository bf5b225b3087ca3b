"""The rules to judge by, as they stand here, in a folder or in a commit."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.pipeline.gate.rules_from import read_rules, read_rules_from

ZOO = "synthetic"
DATA = Path("cases", "unit", "data", "registry", "synthetic")
WAIVER = """
[[waiver]]
zoo = "synthetic"
row = "{row}"
verdict = "unavailable"
reason = "known"
expires = 2030-01-01
"""

Git = Callable[..., str]


@pytest.fixture
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A checkout with one zoo, to be changed."""
    root = request.config.rootpath
    home = tmp_path / "home"
    shutil.copytree(root / DATA, home)
    for name in ("tolerance.toml", "datasets.toml"):
        shutil.copyfile(root / "expected" / name, home / "expected" / name)
    return home


@pytest.fixture
def git(home: Path) -> Git:
    """Git in that checkout, with everything in its first commit."""

    def run(*words: str) -> str:
        made = subprocess.run(
            ["git", "-C", home, "-c", "user.name=a", "-c", "user.email=a@b", *words],
            check=True,
            capture_output=True,
            text=True,
        )
        return made.stdout.strip()

    run("init", "-q")
    run("add", "-A")
    run("commit", "-qm", "first")
    return run


def change_claims(home: Path) -> None:
    """Let every claim of the checkout be another."""
    path = home / "expected" / f"{ZOO}.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(",2", ",3"), encoding="utf-8")


def printed(rules: object) -> set[str]:
    claims = rules.zoo.claims.values()  # type: ignore[attr-defined]
    return {one.printed for together in claims for one in together}


def test_the_rules_of_a_checkout_have_zoo_datasets_and_waivers(home: Path) -> None:
    row_id = read_rules(ZOO, home).zoo.rows[0].row_id
    (home / "expected" / "waivers.toml").write_text(WAIVER.format(row=row_id))
    rules = read_rules(ZOO, home)

    assert rules.zoo.name == ZOO
    assert [one.row_id for one in rules.waivers] == [row_id]
    assert rules.known_datasets == {}


def test_malformed_rules_cannot_be_judged_by(home: Path) -> None:
    (home / "expected" / "waivers.toml").write_text("waiver = 3")

    with pytest.raises(
        UsageError, match=r"^the rules to judge by cannot be read; got .*`zoo check`"
    ):
        read_rules(ZOO, home)


def test_the_rules_of_a_commit_are_not_those_of_the_files_here(
    home: Path, git: Git
) -> None:
    before = printed(read_rules(ZOO, home))
    change_claims(home)

    assert printed(read_rules(ZOO, home)) != before
    for ref in ("HEAD", git("rev-parse", "HEAD"), git("rev-parse", "--short", "HEAD")):
        rules = read_rules_from(ZOO, ref, home)
        assert printed(rules) == before
        assert rules.zoo.name == ZOO
        assert {row.zoo for row in rules.zoo.rows} == {ZOO}


def test_a_folder_wins_over_a_commit(
    home: Path, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git("branch", "other")
    monkeypatch.chdir(tmp_path)
    shutil.copytree(home, "other")
    change_claims(tmp_path / "other")

    assert printed(read_rules_from(ZOO, "other", home)) == printed(
        read_rules(ZOO, tmp_path / "other")
    )


def test_a_lone_folder_is_a_zoo_of_any_name(home: Path, tmp_path: Path) -> None:
    rows = home / "cases" / "rows" / ZOO
    lone = tmp_path / "copy"
    shutil.copytree(rows, lone)
    shutil.copyfile(home / "expected" / f"{ZOO}.csv", lone / "expected.csv")
    rules = read_rules_from(str(rows), str(lone), home)

    assert rules.zoo.name == ZOO
    assert {row.zoo for row in rules.zoo.rows} == {ZOO}
    assert printed(rules) == printed(read_rules(ZOO, home))


@pytest.mark.parametrize("ref", ["nothing", "-x", "HEAD:cases"])
def test_what_is_neither_folder_nor_commit_is_refused(
    home: Path, git: Git, ref: str
) -> None:
    assert git("status", "--short") == ""
    with pytest.raises(
        UsageError,
        match=rf"^--rules-from; expected a folder, or a commit that git knows here, "
        rf"got '{ref}'; fetch the branch, or name another$",
    ):
        read_rules_from(ZOO, ref, home)


def test_a_commit_without_rules_is_refused(home: Path, git: Git) -> None:
    git("rm", "-qr", "--cached", "cases")
    git("commit", "-qm", "second")
    digest = git("rev-parse", "HEAD")

    with pytest.raises(
        UsageError,
        match=rf"^--rules-from HEAD; expected cases/rows and expected in the commit, "
        rf"got none in {digest}; name a commit that has both$",
    ):
        read_rules_from(ZOO, "HEAD", home)


def test_a_zoo_that_the_rules_do_not_have_is_refused(home: Path, git: Git) -> None:
    new = home / "cases" / "rows" / "new"
    shutil.copytree(home / "cases" / "rows" / ZOO, new)

    for place in ("HEAD", str(home.with_name("there"))):
        if place != "HEAD":
            new.rename(home.parent / "new")
            shutil.copytree(home, place)
        with pytest.raises(
            UsageError,
            match=r"^no zoo 'new' in the rules to judge by; expected one of synthetic; "
            r"a new zoo is judged by rules once they are merged$",
        ):
            read_rules_from("new", place, home)


def test_a_link_in_a_commit_is_no_rule(home: Path, git: Git) -> None:
    link = home / "expected" / "waivers.toml"
    link.symlink_to(home / "expected" / "tolerance.toml")
    git("add", "-A")
    git("commit", "-qm", "second")

    assert read_rules_from(ZOO, "HEAD", home).waivers == ()
