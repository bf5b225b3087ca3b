"""`zoo data`, by its words."""

import hashlib
import io
import json
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.artifact.server import serve_folder
from harness.dataset.coco import ANNOTATIONS
from harness.dataset.drawn.coco_scenes import write_coco_scenes
from harness.dataset.image_header import read_size_wh

Zoo = Callable[..., Any]  # conftest's fixture

SOURCES = """
[coco.val2017]
split = "val"
holds = "2 images"
url = "http://images.example/zips/val2017.zip"
size_bytes = {size}
digests = ["md5:{md5}"]
below = "coco"
takes = ["val2017"]
files = {{ "coco/val2017" = 2 }}

[voc.test2007]
split = "test"
holds = "an image"
url = "http://images.example/VOCtest.tar"
takes = ["VOCdevkit"]
files = {{ "VOCdevkit/VOC2007/test.txt" = 1 }}
"""


@pytest.fixture
def mirror(home: Path, tmp_path: Path) -> Path:
    """A folder with an archive, which the home's facts describe."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("1.jpg", "2.jpg"):
            archive.writestr(f"val2017/{name}", name)
    path = tmp_path / "mirror" / "zips" / "val2017.zip"
    path.parent.mkdir(parents=True)
    path.write_bytes(out.getvalue())
    md5 = hashlib.md5(out.getvalue()).hexdigest()
    facts = SOURCES.format(size=len(out.getvalue()), md5=md5)
    (home / "expected" / "dataset_sources.toml").write_text(facts)
    return tmp_path / "mirror"


@pytest.fixture
def root(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A set of three images, of the classes that the published rows tell apart."""
    root = tmp_path / "root"
    write_coco_scenes(root, seed=3, count=3)
    home = request.config.rootpath
    facts = tomllib.loads((home / "expected" / "datasets.toml").read_text())
    data = json.loads((root / ANNOTATIONS).read_text())
    names = facts["january-2020"]["coco"]["class_names"]
    data["categories"] = [
        {"id": number, "name": name} for number, name in enumerate(names, start=1)
    ]
    (root / ANNOTATIONS).write_text(json.dumps(data))
    return root


def test_the_list_says_what_is_here(mirror: Path, tmp_path: Path, zoo: Zoo) -> None:
    plain = zoo("data", "list")
    said = zoo("data", "list", "--data-root", tmp_path)
    told = json.loads(zoo("data", "list", "--json").out)

    assert (plain.code, said.code) == (0, 0)
    assert "no --data-root" in plain.out
    assert "no: no coco/val2017" in said.out
    assert "not known" in said.out
    assert told["data_root"] is None
    assert [one["part"] for one in told["parts"]] == ["val2017", "test2007"]
    assert told["parts"][0]["present"] is None
    assert " ".join(plain.out.splitlines()[2].split()) == (
        "voc test2007 test an image not known not known VOCdevkit/VOC2007/test.txt "
        "no --data-root"
    )


def test_the_json_of_the_list_has_every_part_whole(
    mirror: Path, tmp_path: Path, zoo: Zoo
) -> None:
    (tmp_path / "VOCdevkit" / "VOC2007").mkdir(parents=True)
    (tmp_path / "VOCdevkit" / "VOC2007" / "test.txt").touch()

    told = json.loads(zoo("data", "list", "--data-root", tmp_path, "--json").out)

    assert told["data_root"] == str(tmp_path)
    assert told["parts"][1] == {
        "dataset": "voc",
        "part": "test2007",
        "split": "test",
        "holds": "an image",
        "url": "http://images.example/VOCtest.tar",
        "mirrors": [],
        "size_bytes": None,
        "digests": [],
        "paths": ["VOCdevkit/VOC2007/test.txt"],
        "present": True,
        "missing": "",
    }
    assert told["parts"][0]["present"] is False
    assert told["parts"][0]["missing"] == "no coco/val2017"


def test_a_dataset_is_fetched_and_then_there(
    mirror: Path, tmp_path: Path, zoo: Zoo
) -> None:
    words = ("data", "fetch", "coco", "--data-root", tmp_path / "new")
    with serve_folder(mirror) as base:
        said = zoo(*words, "--mirror", base, "--zoo-cache", tmp_path / "cache")
    again = zoo(*words, "--offline", "--zoo-cache", tmp_path / "cache")
    listed = json.loads(
        zoo("data", "list", "--data-root", tmp_path / "new", "--json").out
    )

    assert said.code == 0
    assert said.out == f"coco val2017: from {base}/zips/val2017.zip\n"
    assert "fetching val2017.zip: " in said.err
    assert "unpacking val2017.zip: " in said.err
    assert again.out == "coco val2017: was there already\n"
    assert [one["present"] for one in listed["parts"]] == [True, False]


def test_what_nobody_serves_is_incomplete(
    mirror: Path, tmp_path: Path, zoo: Zoo
) -> None:
    words = ("data", "fetch", "voc", "--data-root", tmp_path, "--offline")
    cache = ("--zoo-cache", tmp_path / "cache")
    said, told = zoo(*words, *cache), json.loads(zoo(*words, *cache, "--json").out)

    assert (said.code, said.out) == (3, "")
    assert "not on this machine, and offline" in said.err
    (part,) = told
    assert "offline" in part.pop("refusal")
    assert part == {"part": "test2007", "was_present": False, "source": None}


def test_a_file_that_differs_fails(mirror: Path, tmp_path: Path, zoo: Zoo) -> None:
    path = tmp_path / "new" / "coco" / "val2017" / "1.jpg"
    path.parent.mkdir(parents=True)
    path.write_text("mine")

    said = zoo(
        *("data", "fetch", "coco", "--data-root", tmp_path / "new", "--offline"),
        *("--mirror", mirror, "--zoo-cache", tmp_path / "cache"),
    )

    assert said.code == 1
    assert "1 of 2 files are in " in said.err
    assert path.read_text() == "mine"


@pytest.mark.parametrize("words", [("fetch", "coco"), ("check",), ("pin", "coco")])
def test_without_a_data_root_it_says_how_to_give_one(
    home: Path, zoo: Zoo, words: tuple[str, ...]
) -> None:
    said = zoo("data", *words)

    assert said.code == 2
    assert "no data root; give --data-root DIR or set ZOO_DATA_ROOT" in said.err


@pytest.mark.parametrize(
    ("words", "is_file", "code"),
    [
        (("check", "coco"), True, 2),
        (("check", "coco"), False, 2),
        (("pin", "coco"), False, 2),
        (("fetch", "coco", "--offline"), True, 2),
        (("fetch", "coco", "--offline"), False, 3),
    ],
)
def test_a_data_root_that_is_no_folder_is_a_usage_error(
    home: Path,
    tmp_path: Path,
    zoo: Zoo,
    words: tuple[str, ...],
    is_file: bool,
    code: int,
) -> None:
    root = tmp_path / "r"
    if is_file:
        root.write_text("no folder")

    said = zoo("data", *words, "--data-root", root, "--zoo-cache", home / "c")

    assert said.code == code
    if code == 2:
        assert f"data root {root}; expected a folder that holds coco, VOC" in said.err
        assert f"got {'a file' if is_file else 'nothing there'}; give an" in said.err


def test_a_check_names_what_differs(home: Path, root: Path, zoo: Zoo) -> None:
    words = ("data", "check", "coco", "--data-root", root, "--zoo-cache", home / "c")
    (root / "coco" / "val2017" / "more.jpg").write_bytes(b"")
    min((root / "coco" / "val2017").iterdir()).write_bytes(b"broken")
    said, told = zoo(*words), json.loads(zoo(*words, "--json").out)

    assert said.code == 1
    assert "coco: 3 images, " in said.out
    assert "coco: FAULT image " in said.out
    assert "coco: DIFFERS image_count: published 5000, here 3" in said.out
    assert "coco: unlisted: 1: coco/val2017/more.jpg" in said.out
    assert "coco: not the published set" in said.out
    assert "checking coco: 3 of 3 images" in said.err
    (dataset,) = told["datasets"]
    assert told["zoo"] == "january-2020"
    assert (dataset["dataset"], dataset["refusal"]) == ("coco", None)
    assert dataset["sound"] is False
    assert dataset["images"] == 3
    assert f"coco: 3 images, {dataset['annotations']} annotations, " in said.out
    assert f"fingerprint {dataset['fingerprint']}" in said.out
    assert [f"coco: FAULT {one}" in said.out for one in dataset["faults"]] == [True]
    assert "image_count: published 5000, here 3" in dataset["differences"]
    assert dataset["traits"] == {"unlisted": ["coco/val2017/more.jpg"]}


def test_a_sound_set_passes(home: Path, root: Path, zoo: Zoo) -> None:
    (home / "expected" / "datasets.toml").write_text("")

    said = zoo("data", "check", "coco", "--data-root", root, "--zoo-cache", home / "c")

    assert said.code == 0
    assert said.out.endswith("coco: sound\n")


def test_a_placeholder_in_front_of_the_classes_is_a_fault(
    home: Path, root: Path, zoo: Zoo
) -> None:
    (home / "expected" / "datasets.toml").write_text("")
    data = json.loads((root / ANNOTATIONS).read_text())
    data["categories"].insert(0, {"id": 0, "name": "none"})
    (root / ANNOTATIONS).write_text(json.dumps(data))

    said = zoo("data", "check", "coco", "--data-root", root, "--zoo-cache", home / "c")

    assert said.code == 1
    assert "coco: FAULT for 20 of 20 rows: the dataset has another number" in said.out
    assert "expected 80 classes, got 81 classes: none, person, bicycle" in said.out
    assert "take 'none' out of the dataset's classes" in said.out


def test_the_limit_of_pixels_is_an_option_of_a_check(
    home: Path, root: Path, zoo: Zoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_MAX_IMAGE_PIXELS", "")  # given back after the test
    words = ("data", "check", "coco", "--data-root", root, "--zoo-cache", home / "c")

    sizes = [read_size_wh(one) for one in (root / "coco" / "val2017").iterdir()]
    most = max(width * height for width, height in sizes)
    enough = zoo(*words, "--max-image-pixels", str(most))
    few = zoo(*words, "--max-image-pixels", str(most - 1))
    none = zoo(*words, "--max-image-pixels", "0")

    assert "FAULT" not in enough.out
    assert f"has too many pixels; expected at most {most - 1}, got" in few.out
    assert none.code == 2


def test_a_set_that_is_not_there_is_incomplete_and_a_malformed_one_fails(
    home: Path, root: Path, zoo: Zoo
) -> None:
    words = ("data", "check", "coco", "--zoo-cache", home / "c", "--data-root")
    (home / "empty").mkdir()
    missing = zoo(*words, home / "empty")
    (root / "coco" / "annotations" / "instances_val2017.json").write_text("{")
    malformed = zoo(*words, root)

    assert missing.code == 3
    assert "is not under the data root" in missing.out
    (told,) = json.loads(zoo(*words, home / "empty", "--json").out)["datasets"]
    assert "is not under the data root" in told.pop("refusal")
    assert told == {"dataset": "coco", "sound": False}
    assert malformed.code == 1
    assert "not JSON" in malformed.out


def test_a_set_that_differs_fails_beside_one_that_is_not_there(
    home: Path, root: Path, zoo: Zoo
) -> None:
    words = ("coco", "voc", "--data-root", root, "--zoo-cache", home / "c")

    differs = zoo("data", "check", *words)
    (home / "expected" / "datasets.toml").write_text("")
    sound = zoo("data", "check", *words)

    assert differs.code == 1
    assert sound.code == 3
    assert "coco: sound" in sound.out
    assert "voc: " in sound.out


def test_a_set_is_pinned_when_it_is_the_published_one(
    home: Path, root: Path, zoo: Zoo
) -> None:
    words = ("data", "pin", "coco", "--data-root", root, "--zoo-cache", home / "c")
    refused = zoo(*words)
    (home / "expected" / "datasets.toml").write_text("[january-2020.coco]\n")
    pinned, told = zoo(*words), json.loads(zoo(*words, "--json").out)
    path = home / "expected" / "datasets" / "coco.txt"

    assert refused.code == 1
    assert "coco is not the published dataset" in refused.err
    assert pinned.out == f"coco: pinned in {path}\n"
    assert told == {"dataset": "coco", "path": str(path)}
    assert zoo("data", "check", "coco", *words[3:]).code == 0
