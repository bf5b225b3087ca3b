"""Draws a Pascal-VOC-format folder of scenes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias
from xml.etree import ElementTree as ET

from harness.dataset.drawn.bmp import bmp_bytes
from harness.dataset.drawn.scene_folder import fill_beside
from harness.dataset.drawn.scenes import CLASS_NAMES, Scene, draw_scene
from harness.dataset.voc import DEVKIT
from harness.dataset.voc_lists import LABEL_LIST

#: List of a year -> its share of the images, as (first, end) of a hundred.
Lists: TypeAlias = Mapping[tuple[str, str], tuple[int, int]]

TEST: Lists = {("VOC2007", "test"): (0, 100)}
#: Both years have images, as the published training set.  # zoo-spec 1.6
TRAINING: Lists = {
    ("VOC2007", "trainval"): (0, 50),
    ("VOC2012", "trainval"): (50, 100),
}


def write_voc_scenes(
    root: Path,
    *,
    seed: int,
    count: int,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Draw ``count`` scenes as a VOC2007 test set under a data root.

    An object that the image border cuts is difficult. The files are named ``.jpg`` as
    the official ones and hold BMP, which every decoder turns into the same pixels. The
    list appears last, when every file is there; a set that is there already is kept.

    Args:
        root: the data root; gets ``VOCdevkit``.
        seed: of the series of scenes.
        count: scenes 0 to ``count - 1`` of the series.
        report: called with (done, total) after each image.
    """
    _write(root, TEST, "", seed=seed, count=count, report=report)


def write_voc_training_scenes(
    root: Path,
    *,
    seed: int,
    count: int,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Draw ``count`` scenes as the trainval sets of VOC2007 and VOC2012.

    Args:
        root: as for :func:`write_voc_scenes`; may hold the test set.
        seed: of the series of scenes; that of the test set is another.
        count: scenes 0 to ``count - 1`` of the series, at least 2: half for each year.
        report: called with (done, total) after each image.
    """
    _write(root, TRAINING, "t", seed=seed, count=count, report=report)


def _write(
    root: Path,
    lists: Lists,
    prefix: str,
    *,
    seed: int,
    count: int,
    report: Callable[[int, int], None],
) -> None:
    """Draw lists of images whose names begin with a prefix."""
    paths = {
        key: DEVKIT / key[0] / "ImageSets" / "Main" / f"{key[1]}.txt" for key in lists
    }
    if all((root / path).is_file() for path in paths.values()):
        return
    names = [f"{prefix}{index + 1:06d}" for index in range(count)]
    listed = {
        key: range(count * start_pct // 100, count * end_pct // 100)
        for key, (start_pct, end_pct) in lists.items()
    }

    def fill(beside: Path) -> None:
        for key, indices in listed.items():
            for part in ("Annotations", "ImageSets/Main", "JPEGImages"):
                (beside / DEVKIT / key[0] / part).mkdir(parents=True)
            for index in indices:
                scene, name = draw_scene(seed, index), names[index]
                image, annotation = _files_of(key[0], name)
                (beside / image).write_bytes(bmp_bytes(scene.rgb))
                (beside / annotation).write_bytes(annotation_of(scene, name, key[0]))
                report(index + 1, count)
            _write_lines(beside / paths[key], [names[index] for index in indices])
        _write_lines(beside / DEVKIT / LABEL_LIST, list(CLASS_NAMES))

    files = [
        path
        for (year, _), indices in listed.items()
        for index in indices
        for path in _files_of(year, names[index])
    ]
    fill_beside(root, [DEVKIT / LABEL_LIST, *files, *paths.values()], fill)


def _files_of(year: str, name: str) -> tuple[Path, Path]:
    """Return where an image and its annotations are, below a data root."""
    folder = DEVKIT / year
    return (
        folder / "JPEGImages" / f"{name}.jpg",
        folder / "Annotations" / f"{name}.xml",
    )


def annotation_of(scene: Scene, name: str, year: str = "VOC2007") -> bytes:
    """Return the XML of one scene; its first pixel is 1, its far edges inclusive."""
    height_px, width_px, depth = scene.rgb.shape
    top = ET.Element("annotation")
    _add(top, "folder", year)
    _add(top, "filename", f"{name}.jpg")
    size = ET.SubElement(top, "size")
    for tag, value in (("width", width_px), ("height", height_px), ("depth", depth)):
        _add(size, tag, value)
    for kind, (x1, y1, x2, y2) in zip(
        scene.classes.tolist(), scene.boxes_xyxy.tolist(), strict=True
    ):
        is_cut = x1 == 0 or y1 == 0 or x2 == width_px or y2 == height_px
        item = ET.SubElement(top, "object")
        _add(item, "name", CLASS_NAMES[kind])
        _add(item, "truncated", int(is_cut))
        _add(item, "difficult", int(is_cut))
        box = ET.SubElement(item, "bndbox")
        for tag, edge in (
            ("xmin", x1 + 1),
            ("ymin", y1 + 1),
            ("xmax", x2),
            ("ymax", y2),
        ):
            _add(box, tag, edge)
    ET.indent(top)
    return ET.tostring(top) + b"\n"


def _add(parent: ET.Element, tag: str, value: object) -> None:
    ET.SubElement(parent, tag).text = str(value)


def _write_lines(path: Path, lines: list[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
