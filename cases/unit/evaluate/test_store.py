import json
import logging
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.errors import DetectionsInvalid
from harness.evaluate.batches import BATCH_SIZE
from harness.evaluate.store import PART_IMAGES, DetectionStore, StoredParts, StoreKey
from harness.model.boxes.revision import DETECTION_REVISION
from harness.values.detections import Detections

KeyOf = Callable[..., StoreKey]
IMAGE_IDS = tuple(range(500, 500 + 2 * PART_IMAGES + 5))


def found_of(image_ids: tuple[int, ...], seed: int = 0) -> Detections:
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.choice(image_ids, 3 * len(image_ids)))
    return Detections(
        evaluated_ids=np.array(image_ids, np.int64),
        image_ids=chosen.astype(np.int64),
        classes=rng.integers(0, 80, len(chosen)).astype(np.int32),
        scores=rng.random(len(chosen), np.float32),
        boxes_xyxy=rng.random((len(chosen), 4), np.float32),
    )


@pytest.fixture
def run(tmp_path: Path, key_of: KeyOf) -> StoredParts:
    return DetectionStore(tmp_path / "store").open_run(key_of(), IMAGE_IDS)


def write_all(run: StoredParts) -> None:
    for part in range(run.part_count):
        run.write_part(part, found_of(run.part_image_ids(part), seed=part), {})


# --- the key --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("archive_sha256", "b" * 64),
        ("dataset_fingerprint", "b" * 64),
        ("protocol", {"score_threshold": "0.05", "nms_threshold": "0.45"}),
        ("protocol", {"score_threshold": "0.01"}),
        ("input_px", 64),
        ("paddle", "3.3.1"),
        ("device_model", "another cpu"),
        ("precision", "bfloat16"),
        ("graph_optimiser", "off"),
        ("decoder", "opencv-python-headless 5.0.0.1"),
        ("detection_revision", 2),
        ("runtime", "torch 2.14.1, torchvision 0.29.1"),
        ("libraries", "CUDA 13.0, cuDNN 9.24.0"),
        ("arithmetic", "TF32 off"),
    ],
)
def test_every_part_of_the_key_changes_its_digest(
    key_of: KeyOf, part: str, value: object
) -> None:
    assert key_of(**{part: value}).digest() != key_of().digest()


@pytest.mark.parametrize("part", ["runtime", "libraries", "arithmetic"])
def test_a_key_of_paddle_has_no_part_of_another_runtime(
    key_of: KeyOf, part: str
) -> None:
    assert part not in json.loads(key_of().to_json())
    assert json.loads(key_of(**{part: "b"}).to_json())[part] == "b"


def test_the_order_of_protocol_values_does_not_change_the_digest(key_of: KeyOf) -> None:
    turned = dict(reversed(key_of().protocol.items()))

    assert key_of(protocol=turned).digest() == key_of().digest()


def test_the_digest_of_a_known_key_does_not_drift(key_of: KeyOf) -> None:
    assert (
        key_of().digest()
        == "fffa83320eb34e9accbb18288e588bef7d685a5e48842b3a5ea25c4bfc42657e"
    )


def test_a_key_has_the_present_revision_when_none_is_said(key_of: KeyOf) -> None:
    parts = json.loads(key_of().to_json())
    del parts["detection_revision"]

    assert StoreKey(**parts).detection_revision == DETECTION_REVISION


# --- parts ----------------------------------------------------------------------------


def test_a_part_is_whole_batches() -> None:
    assert PART_IMAGES % BATCH_SIZE == 0


def test_parts_cut_the_images_in_order(run: StoredParts) -> None:
    assert run.part_count == 3
    assert sum((run.part_image_ids(part) for part in range(3)), ()) == IMAGE_IDS
    assert len(run.part_image_ids(2)) == 5


def test_opening_a_run_makes_nothing(run: StoredParts, tmp_path: Path) -> None:
    assert run.missing_parts() == (0, 1, 2)
    assert list(tmp_path.iterdir()) == []


def test_written_parts_come_back_as_they_were(run: StoredParts) -> None:
    write_all(run)

    found = run.read_all()

    assert run.missing_parts() == ()
    assert found.evaluated_ids.tolist() == list(IMAGE_IDS)
    first = found_of(run.part_image_ids(0), seed=0)
    for name, array in first.arrays().items():
        back = found.arrays()[name][: len(array)]
        assert back.dtype == array.dtype
        assert (back == array).all()


def test_parts_may_be_written_in_any_order(run: StoredParts) -> None:
    run.write_part(2, found_of(run.part_image_ids(2)), {})

    assert run.missing_parts() == (0, 1)


def test_a_part_without_detections_is_there_all_the_same(run: StoredParts) -> None:
    ids = run.part_image_ids(2)
    empty = {name: array[:0] for name, array in found_of(ids).arrays().items()}
    empty["evaluated_ids"] = np.array(ids, np.int64)
    run.write_part(2, Detections(**empty), {})

    assert run.missing_parts() == (0, 1)


def test_the_key_is_explained_beside_the_parts(run: StoredParts, key_of: KeyOf) -> None:
    run.write_part(0, found_of(run.part_image_ids(0)), {})

    text = (run.folder / "key.json").read_text()

    assert text == key_of().to_json()
    assert json.loads(text)["protocol"]["nms_threshold"] == "0.45"
    assert sorted(path.name for path in run.folder.iterdir()) == [
        "key.json",
        "part-00000.npz",
    ]


def test_runs_of_other_keys_are_apart(tmp_path: Path, key_of: KeyOf) -> None:
    store = DetectionStore(tmp_path)
    write_all(store.open_run(key_of(), IMAGE_IDS))

    assert store.open_run(key_of(input_px=64), IMAGE_IDS).missing_parts() == (0, 1, 2)
    assert store.open_run(key_of(), IMAGE_IDS).missing_parts() == ()


def test_other_images_under_the_same_key_are_not_those(
    tmp_path: Path, key_of: KeyOf
) -> None:
    store = DetectionStore(tmp_path)
    write_all(store.open_run(key_of(), IMAGE_IDS))

    shifted = store.open_run(key_of(), IMAGE_IDS[1:])

    assert shifted.missing_parts() == (0, 1, 2)


def test_discarding_forgets_every_part(run: StoredParts) -> None:
    write_all(run)

    run.discard()

    assert run.missing_parts() == (0, 1, 2)


# --- damage ---------------------------------------------------------------------------


def test_a_truncated_part_is_computed_again(run: StoredParts) -> None:
    write_all(run)
    path = run.folder / "part-00001.npz"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])

    assert run.missing_parts() == (1,)
    with pytest.raises(
        DetectionsInvalid,
        match=rf"part 1 of {re.escape(str(run.folder))}; expected 3 whole parts, got a "
        "missing or damaged one; run again: only what is missing is computed",
    ):
        run.read_all()

    run.write_part(1, found_of(run.part_image_ids(1), seed=1), {})
    assert run.missing_parts() == ()


def test_one_changed_byte_never_changes_a_trusted_value(
    tmp_path: Path, key_of: KeyOf
) -> None:
    run = DetectionStore(tmp_path).open_run(key_of(), (1, 2, 3))
    run.write_part(0, found_of((1, 2, 3)), {})
    path = run.folder / "part-00000.npz"
    content, right = path.read_bytes(), run.read_all().sha256()
    trusted = 0
    for place in range(0, len(content), 7):
        changed = bytearray(content)
        changed[place] ^= 0x55
        path.write_bytes(changed)
        if not run.missing_parts():  # a time stamp in the zip, for example
            trusted += 1
            assert run.read_all().sha256() == right

    assert trusted < len(content) / 7 / 2


def test_a_part_with_altered_values_is_computed_again(run: StoredParts) -> None:
    write_all(run)
    path = run.folder / "part-00000.npz"
    with np.load(path) as arrays:
        altered = {name: arrays[name].copy() for name in arrays.files}
    altered["scores"][0] += 0.25
    np.savez(path, **altered)

    assert run.missing_parts() == (0,)


def test_a_part_copied_from_another_run_is_computed_again(
    tmp_path: Path, key_of: KeyOf
) -> None:
    store = DetectionStore(tmp_path)
    one = store.open_run(key_of(), IMAGE_IDS)
    other = store.open_run(key_of(input_px=64), IMAGE_IDS)
    write_all(one)
    write_all(other)
    name = "part-00000.npz"
    (one.folder / name).write_bytes((other.folder / name).read_bytes())

    assert one.missing_parts() == (0,)


def test_a_run_that_finds_its_key_explained_leaves_that_alone(run: StoredParts) -> None:
    run.write_part(0, found_of(run.part_image_ids(0)), {})
    before = (run.folder / "key.json").stat().st_ino

    run.write_part(1, found_of(run.part_image_ids(1)), {})

    assert (run.folder / "key.json").stat().st_ino == before


def test_a_pickle_is_not_opened(run: StoredParts) -> None:
    run.folder.mkdir(parents=True)
    np.savez(
        run.folder / "part-00000.npz",
        digest=np.array([{"an": "object"}], dtype=object),
    )

    assert run.missing_parts() == (0, 1, 2)


def test_a_half_written_part_is_not_found(
    run: StoredParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(file: object, **arrays: object) -> None:
        file.write(b"half")  # type: ignore[attr-defined]
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez_compressed", killed)

    with pytest.raises(KeyboardInterrupt):
        run.write_part(0, found_of(run.part_image_ids(0)), {})

    assert [path.name for path in run.folder.iterdir()] == ["key.json"]


# --- what is refused ------------------------------------------------------------------


def test_detections_of_other_images_are_not_stored(run: StoredParts) -> None:
    with pytest.raises(
        DetectionsInvalid, match=r"evaluated images of part 1; expected \(564, .*, got "
    ):
        run.write_part(1, found_of(run.part_image_ids(0)), {})

    assert not run.folder.exists()


def test_detections_that_no_metric_may_score_are_not_stored(run: StoredParts) -> None:
    found = found_of(run.part_image_ids(0))
    found.scores[4] = np.nan

    with pytest.raises(DetectionsInvalid, match="scores, detection 4 of image "):
        run.write_part(0, found, {})

    assert not run.folder.exists()


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda path: path.write_bytes(b"no zip\x1b"), "pickled"),
        (
            lambda path: path.replace(path.with_name("part-00001.npz")),
            "it is of other images",
        ),
    ],
)
def test_why_a_part_counts_as_not_computed_is_logged(
    run: StoredParts,
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[Path], object],
    why: str,
) -> None:
    write_all(run)
    damage(run.folder / "part-00000.npz")
    with caplog.at_level(logging.INFO, logger="harness.evaluate"):
        missing = run.missing_parts()

    assert 0 in missing
    path, _, reason = caplog.messages[0].partition(" is not taken from the store: ")
    assert Path(path).parent == run.folder
    assert why in reason
