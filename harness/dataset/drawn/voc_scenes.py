"""Draws a Pascal-VOC-format folder of scenes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

from harness.dataset.drawn.bmp import bmp_bytes
from harness.dataset.drawn.scene_folder import fill_beside
from harness.dataset.drawn.scenes import CLASS_NAMES, Scene, draw_scene
from harness.dataset.voc import DEVKIT
from harness.dataset.voc_lists import LABEL_LIST

YEAR = "VOC2007"


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
    folder appears whole or not at all; one that is there already is kept.

    Args:
        root: the data root; gets ``VOCdevkit``.
        seed: of the series of scenes.
        count: scenes 0 to ``count - 1`` of the series.
        report: called with (done, total) after each image.
    """
    if (root / DEVKIT).is_dir():
        return

    def fill(beside: Path) -> None:
        year = beside / DEVKIT / YEAR
        for part in ("Annotations", "ImageSets/Main", "JPEGImages"):
            (year / part).mkdir(parents=True)
        names = [f"{index + 1:06d}" for index in range(count)]
        for index, name in enumerate(names):
            scene = draw_scene(seed, index)
            (year / "JPEGImages" / f"{name}.jpg").write_bytes(bmp_bytes(scene.rgb))
            (year / "Annotations" / f"{name}.xml").write_bytes(
                annotation_of(scene, name)
            )
            report(index + 1, count)
        _write_lines(year / "ImageSets" / "Main" / "test.txt", names)
        _write_lines(beside / DEVKIT / LABEL_LIST, list(CLASS_NAMES))

    fill_beside(root, (DEVKIT.name,), fill)


def annotation_of(scene: Scene, name: str) -> bytes:
    """Return the XML of one scene; its first pixel is 1, its far edges inclusive."""
    height_px, width_px, depth = scene.rgb.shape
    top = ET.Element("annotation")
    _add(top, "folder", YEAR)
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
