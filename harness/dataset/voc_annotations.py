"""Parses and checks one Pascal VOC XML file: the image's size and objects."""

from __future__ import annotations

import math
import re
from codecs import lookup
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn
from xml.etree import ElementTree as ET

from harness.dataset.foreign_file import refuse_foreign
from harness.errors import DatasetInvalid, located

#: The published ones have below 20 kB.
MAX_XML_BYTES = 4 << 20
#: The encoding that the first line of an XML file declares.
DECLARED = re.compile(
    rb"""\s*<\?xml[^>]{0,80}\bencoding\s*=\s*["'](?P<name>[A-Za-z0-9._-]{1,40})["']"""
)
#: Those of several bytes that labelling tools write, as Python names them.
MULTIBYTE = frozenset(
    ("gbk", "gb2312", "gb18030", "big5", "shift_jis", "euc_jp", "euc_kr", "cp949")
)
CORNERS = ("xmin", "ymin", "xmax", "ymax")


@dataclass(frozen=True, slots=True, kw_only=True)
class VocObject:
    """One object as its file states it."""

    class_id: int  # 0-based place in the class list
    box_xyxy: tuple[float, float, float, float]  # raw: the first pixel is 1
    is_difficult: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VocAnnotation:
    """One XML file, checked."""

    width_px: int  # as stated, whatever the image file says  # zoo-spec 1.2
    height_px: int
    objects: tuple[VocObject, ...]  # file order


def parse_annotation(content: bytes, classes: Mapping[str, int]) -> VocAnnotation:
    """Read and check one VOC annotation file.

    Boxes stay raw: neither shifted nor clipped, and they may lie beyond the image.
    Boxes of an object's parts (head, hand, foot) are none of its own. An object that
    does not say whether it is difficult, or says nothing there, is not.

    Args:
        content: the XML, in any encoding that it declares and Python reads.
        classes: class number by name.

    Raises:
        DatasetInvalid: oversized, not XML, a document type declaration (it could define
            entities), an element that is missing or there twice, an unknown class, a
            number that is none or not finite, a far edge before its near edge.
    """
    root = _parse_xml(content)
    if root.tag != "annotation":
        raise DatasetInvalid("root element", expected="annotation", got=root.tag)
    size = _only(root, "size")
    objects = []
    for number, element in enumerate(root.findall("object"), start=1):
        with located(f"object {number}"):
            objects.append(_parse_object(element, classes))
    return VocAnnotation(
        width_px=_side_px(size, "width"),
        height_px=_side_px(size, "height"),
        objects=tuple(objects),
    )


class _NoDoctype(ET.TreeBuilder):
    """Builds a tree; stops at a document type, before it can define an entity."""

    def doctype(self, name: str, _public_id: object, _system: object) -> NoReturn:
        raise DatasetInvalid(
            "document type declaration", expected="none in a VOC file", got=name
        )


def _parse_xml(content: bytes) -> ET.Element:
    if len(content) > MAX_XML_BYTES:
        raise DatasetInvalid(
            "size of the file",
            expected=f"at most {MAX_XML_BYTES} bytes",
            got=len(content),
        )
    refuse_foreign(content, "an XML file of VOC annotations")
    # No entity can be defined without a document type, and that is refused.
    parser = ET.XMLParser(target=_NoDoctype())  # noqa: S314
    try:
        parser.feed(_decoded(content))
        root: ET.Element = parser.close()
    # ValueError and LookupError: an encoding that Python does not know or cannot read.
    except (ET.ParseError, ValueError, LookupError) as error:
        raise DatasetInvalid(
            "not XML" if _is_utf8(content) else "not XML in the encoding UTF-8",
            got=error,
            next_step="mend the file"
            if _is_utf8(content)
            else "save it as UTF-8, or declare its encoding in its first line",
        ) from error
    return root


def _decoded(content: bytes) -> str | bytes:
    """Return the text of a file in an encoding of several bytes that it declares.

    expat reads none of those but UTF-8 and UTF-16, and leaves them undecoded.
    """
    declared = DECLARED.match(content)
    encoding = lookup(declared["name"].decode("ascii")).name if declared else ""
    return content.decode(encoding) if encoding in MULTIBYTE else content


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return True


def _parse_object(element: ET.Element, classes: Mapping[str, int]) -> VocObject:
    name = _text(element, "name")
    if name not in classes:
        raise DatasetInvalid(
            "name", expected=f"one of the {len(classes)} classes", got=repr(name)
        )
    with located(name):
        box = _only(element, "bndbox")
        xmin, ymin, xmax, ymax = (_number(box, corner) for corner in CORNERS)
        for near, far, axis in ((xmin, xmax, "x"), (ymin, ymax, "y")):
            if near > far:
                raise DatasetInvalid(
                    f"bndbox, {axis}min beyond {axis}max",
                    expected=f"{axis}max {near:g} or more",
                    got=f"{far:g}",
                )
        return VocObject(
            class_id=classes[name],
            box_xyxy=(xmin, ymin, xmax, ymax),
            is_difficult=_is_difficult(element),
        )


def _only(parent: ET.Element, tag: str) -> ET.Element:
    elements = parent.findall(tag)
    if len(elements) != 1:
        raise DatasetInvalid(
            f"element {tag} in {parent.tag}", expected="exactly one", got=len(elements)
        )
    return elements[0]


def _text(parent: ET.Element, tag: str) -> str:
    return (_only(parent, tag).text or "").strip()


def _number(parent: ET.Element, tag: str) -> float:
    text = _text(parent, tag)
    try:
        value = float(text) if "_" not in text else math.nan  # to Python, 1_0 is ten
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DatasetInvalid(tag, expected="a finite number", got=repr(text))
    return value


def _side_px(size: ET.Element, tag: str) -> int:
    value = _number(size, tag)
    if value < 1 or not value.is_integer():
        raise DatasetInvalid(
            tag,
            expected="whole pixels, 1 or more",
            got=f"{value:g}",
            next_step="write the image's own width and height into the file",
        )
    return int(value)


def _is_difficult(element: ET.Element) -> bool:
    if element.find("difficult") is None:
        return False
    text = _text(element, "difficult")
    if text not in {"", "0", "1"}:
        raise DatasetInvalid("difficult", expected="0 or 1", got=repr(text))
    return text == "1"
