"""Paths of this machine in texts, and what is told in their place."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.pipeline.measure.settings import Settings
from harness.pipeline.measure.told_places import places_of, tell, told_record
from harness.values.records import (
    DatasetUsed,
    Record,
    SpeedRecord,
    StructureRecord,
    Verdict,
)

SETTINGS = Settings(
    cache=Path("/home/maria/.zoo/cache"),
    records=Path("/home/maria/.zoo/records/demo"),
    data_root=Path("/data"),
    mirror="/srv/my mirror",
)
PLACES = places_of(SETTINGS, home=Path("/home/maria"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "/data/coco/val2017/1.jpg: cut short",
            "<data root>/coco/val2017/1.jpg: cut short",
        ),
        ("/home/maria/.zoo/cache/archives-1/x", "<cache>/archives-1/x"),
        ("/home/maria/.zoo/records/demo: full", "<records>: full"),
        ("/home/maria/elsewhere/x", "~/elsewhere/x"),
        ("'/home/maria'", "'~'"),
        ("in /data.", "in <data root>."),
        ("two: /data/a, /data/b", "two: <data root>/a, <data root>/b"),
        ("file:///srv/my%20mirror/x.tar: no", "<mirror>/x.tar: no"),
        ("/srv/my mirror/x.tar", "<mirror>/x.tar"),
        # What another user's run kept, told by this one.
        ("/home/peter/data/1.jpg: gone", "~/data/1.jpg: gone"),
        ("/Users/peter/data/1.jpg", "~/data/1.jpg"),
    ],
)
def test_a_path_is_told_by_what_it_is(text: str, told: str) -> None:
    assert tell(text, PLACES) == told


@pytest.mark.parametrize(
    "text",
    [
        "/data-2/x and /data.old/x and /database",
        "/mnt/data/x",
        "https://models.example/data/x.tar",
        "https://models.example/home/peter/x.tar",
        "<data root>/coco/1.jpg",
        "coco/val2017/1.jpg",
        "",
    ],
)
def test_what_only_looks_alike_stays(text: str) -> None:
    assert tell(text, PLACES) == text


def test_a_text_is_told_once_and_for_all() -> None:
    once = tell("/data/x in /home/maria/.zoo/cache, /home/peter/y", PLACES)

    assert tell(once, PLACES) == once


def test_the_root_of_all_paths_is_no_place(tmp_path: Path) -> None:
    places = places_of(replace(SETTINGS, data_root=Path("/")), home=Path("/"))

    assert tell("/usr/x", places) == "/usr/x"


def test_a_folder_behind_a_link_is_told_under_both_names(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    places = places_of(replace(SETTINGS, data_root=tmp_path / "link"), home=Path("/h"))

    assert tell(f"{tmp_path}/link/a", places) == "<data root>/a"
    assert tell(f"{tmp_path}/real/a", places) == "<data root>/a"


def test_every_text_of_a_record_is_told_and_nothing_else_changes() -> None:
    used = DatasetUsed(
        name="coco",
        fingerprint="f",
        image_count=1,
        annotation_count=1,
        truth_sha256="t",
        truth_file="truth/t.npz",
        differences=("1 images without detections: /data/1.jpg: cut",),
    )
    record = Record(
        zoo="demo",
        row_id="a",
        verdict=Verdict.ERRORED,
        reason="OSError: /home/maria/x",
        dataset=used,
        protocol={"from": "/home/maria/y"},
        notes=("/data/z",),
    )

    assert told_record(record, PLACES) == replace(
        record,
        reason="OSError: ~/x",
        dataset=replace(
            used,
            differences=("1 images without detections: <data root>/1.jpg: cut",),
        ),
        protocol={"from": "~/y"},
        notes=("<data root>/z",),
    )
    assert type(told_record(record, PLACES).verdict) is Verdict


def test_structure_and_speed_records_are_told_likewise() -> None:
    structure = StructureRecord(
        zoo="demo", row_id="a", verdict=Verdict.UNREADABLE, reason="/home/maria/x"
    )
    speed = SpeedRecord(
        zoo="demo",
        row_id="a",
        precision="bf16",
        instructions=("/home/maria/x",),
        device_model="m",
        threads=1,
        input_px=32,
        ms=1.0,
        float32_ms=2.0,
    )

    assert told_record(structure, PLACES) == replace(structure, reason="~/x")
    assert told_record(speed, PLACES) == replace(speed, instructions=("~/x",))


def test_a_local_mirror_is_a_place_and_an_address_is_none(tmp_path: Path) -> None:
    home, address = Path("/home/maria"), "https://mirror.example/x"
    settings = Settings(
        cache=tmp_path / "cache", records=tmp_path / "records", data_root=None
    )
    local = replace(settings, mirror=str(tmp_path / "mirror"))
    remote = replace(settings, mirror=address)

    told = places_of(local, home=home)
    assert told[str(tmp_path / "mirror")] == "<mirror>"
    assert "<mirror>" not in places_of(remote, home=home).values()
    assert "<mirror>" not in places_of(settings, home=home).values()
    assert tell(f"{address}/a.tar", places_of(remote, home=home)) == f"{address}/a.tar"


def test_the_root_of_the_file_system_is_no_place(tmp_path: Path) -> None:
    settings = Settings(
        cache=tmp_path / "cache", records=tmp_path / "records", data_root=Path("/")
    )
    told = places_of(settings, home=Path("/home/maria"))

    assert "/" not in told
    assert tell("/etc/passwd", told) == "/etc/passwd"
