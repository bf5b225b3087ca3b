"""What an archive says of its making: written the same each time, never believed."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import ArchiveUnreadable
from harness.train.manifest import (
    FILE_NAME,
    FORMAT,
    MOST_BYTES,
    LossPoint,
    Manifest,
    OriginUsed,
    ScorePoint,
    TrainingSetUsed,
    manifest_bytes,
    parse_manifest,
    read_manifest,
)


@pytest.fixture
def manifest() -> Manifest:
    return Manifest(
        format=FORMAT,
        archive="a",
        recipe_id="z/a",
        recipe_sha256="1" * 64,
        recipe={"seed": 7, "network": {"width": 0.125}},
        subject_sha256="2" * 64,
        seed=7,
        batch=8,
        steps=90,
        of_steps=100,
        origins=(
            OriginUsed(
                role="start",
                archive="b",
                source="https://b.invalid/b.tar",
                sha256="3" * 64,
                size_bytes=10,
                taken=5,
                new=1,
                left=("fc_0.w_0",),
            ),
        ),
        training_set=TrainingSetUsed(
            dataset="coco",
            split="train2017",
            fingerprint="4" * 64,
            image_count=8,
            listed_count=9,
        ),
        versions={"paddle": "paddlepaddle 2.6.2"},
        device="cpu",
        device_model="m",
        losses=(LossPoint(step=90, losses={"xy": 1.5}),),
        scores=(ScorePoint(step=90, ap_pct=12.5),),
        notes=("n",),
    )


def test_it_is_read_as_it_was_written(manifest: Manifest, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(manifest_bytes(manifest))

    assert read_manifest(tmp_path) == manifest
    assert manifest_bytes(manifest) == manifest_bytes(replace(manifest))


def test_it_is_json_with_sorted_keys_and_lf(manifest: Manifest) -> None:
    text = manifest_bytes(manifest).decode()

    assert text.endswith("}\n")
    assert "\r" not in text
    assert list(json.loads(text)) == sorted(json.loads(text))


def test_a_loss_that_is_no_number_is_never_written(manifest: Manifest) -> None:
    broken = (LossPoint(step=1, losses={"xy": float("nan")}),)

    with pytest.raises(ValueError, match="not JSON compliant"):
        manifest_bytes(replace(manifest, losses=broken))


@pytest.mark.parametrize(("steps", "is_finished"), [(99, False), (100, True)])
def test_it_is_finished_at_the_end_of_the_schedule(
    manifest: Manifest, steps: int, is_finished: bool
) -> None:
    assert replace(manifest, steps=steps).is_finished is is_finished


def test_an_archive_may_say_nothing(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[" * 100_000,
        b'{"recipe": ' + b'{"a":' * 100_000,
        b"\xff\xfe",
        b"null",
        b'{"format": "one"}',
    ],
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(ArchiveUnreadable, match="not a manifest; expected what `zoo"):
        parse_manifest(content)


def test_a_field_of_another_kind_is_named(manifest: Manifest) -> None:
    data = json.loads(manifest_bytes(manifest)) | {"steps": "many"}

    with pytest.raises(ArchiveUnreadable, match=r"Expected `int`, got `str`.*steps"):
        parse_manifest(json.dumps(data).encode())


def test_another_format_is_told(manifest: Manifest) -> None:
    later = replace(manifest, format=FORMAT + 1)

    with pytest.raises(ArchiveUnreadable, match="format of the manifest; expected 1"):
        parse_manifest(manifest_bytes(later))


@pytest.mark.parametrize("more", [0, 1])
def test_a_long_one_is_read_to_its_limit_and_no_further(
    manifest: Manifest, tmp_path: Path, more: int
) -> None:
    content = manifest_bytes(manifest)
    path = tmp_path / FILE_NAME
    path.write_bytes(content + b" " * (MOST_BYTES - len(content) + more))

    if more:
        with pytest.raises(
            ArchiveUnreadable, match=r"trained\.json: length; expected at most"
        ):
            read_manifest(tmp_path)
    else:
        assert read_manifest(tmp_path) == manifest
