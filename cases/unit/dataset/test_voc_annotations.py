"""What one XML file may say, and what each thing that it may not say is told as."""

from __future__ import annotations

import re

import pytest

from harness.dataset.voc_annotations import MAX_XML_BYTES, parse_annotation
from harness.errors import DatasetInvalid

CLASSES = {"cat": 0, "dog": 1, "été": 2}

CAT = (
    "<object><name>cat</name><difficult>0</difficult><bndbox><xmin>2</xmin>"
    "<ymin>3</ymin><xmax>20</xmax><ymax>30</ymax></bndbox></object>"
)
SIZE = "<size><width>50</width><height>40</height><depth>3</depth></size>"


def xml(objects: str = CAT, size: str = SIZE, head: str = "") -> bytes:
    return f"{head}<annotation>{size}{objects}</annotation>".encode()


def test_an_object_is_kept_as_it_is_stated() -> None:
    found = parse_annotation(xml(), CLASSES)

    assert (found.width_px, found.height_px) == (50, 40)
    (cat,) = found.objects
    assert (cat.class_id, cat.box_xyxy, cat.is_difficult) == (0, (2, 3, 20, 30), False)


def test_objects_keep_the_order_of_the_file() -> None:
    found = parse_annotation(xml(CAT.replace("cat", "dog") + CAT), CLASSES)

    assert [one.class_id for one in found.objects] == [1, 0]


def test_an_image_may_have_no_object() -> None:
    assert parse_annotation(xml(objects=""), CLASSES).objects == ()


def test_a_difficult_object_says_so() -> None:
    difficult = CAT.replace("<difficult>0", "<difficult>1")

    assert parse_annotation(xml(difficult), CLASSES).objects[0].is_difficult


def test_an_object_that_does_not_say_is_not_difficult() -> None:
    silent = CAT.replace("<difficult>0</difficult>", "")

    assert not parse_annotation(xml(silent), CLASSES).objects[0].is_difficult


def test_coordinates_may_have_fractions_and_white_space() -> None:
    box = CAT.replace(">2<", ">\n 15.700000762939453 \t<")

    (found,) = parse_annotation(xml(box), CLASSES).objects

    assert found.box_xyxy == (15.700000762939453, 3, 20, 30)


def test_boxes_beyond_the_image_and_of_one_pixel_stay_as_they_are() -> None:
    box = CAT.replace(">2<", ">-4<").replace(">30<", ">300<").replace(">3<", ">300<")

    (found,) = parse_annotation(xml(box), CLASSES).objects

    assert found.box_xyxy == (-4, 300, 20, 300)


def test_boxes_of_parts_are_none_of_the_object_s() -> None:
    head = (
        "<part><name>head</name><bndbox><xmin>5</xmin><ymin>5</ymin><xmax>9</xmax>"
        "<ymax>9</ymax></bndbox></part>"
    )
    with_part = CAT.replace("<bndbox>", f"{head}<bndbox>", 1)

    (found,) = parse_annotation(xml(with_part), CLASSES).objects

    assert found.box_xyxy == (2, 3, 20, 30)


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "utf-16", "cp1252"])
def test_a_file_is_read_in_the_encoding_that_it_declares(encoding: str) -> None:
    text = xml(CAT.replace("cat", "été")).decode()
    content = f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(encoding)

    assert parse_annotation(content, CLASSES).objects[0].class_id == 2


def test_a_byte_order_mark_is_no_content() -> None:
    assert parse_annotation(b"\xef\xbb\xbf" + xml(), CLASSES).width_px == 50


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE annotation SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE annotation [<!ENTITY a "cat"><!ENTITY b "&a;&a;">]>',
    ],
)
def test_a_document_type_is_refused(head: str) -> None:
    with pytest.raises(
        DatasetInvalid,
        match="document type declaration; expected none in a VOC file, got annotation",
    ):
        parse_annotation(xml(head=head), CLASSES)


@pytest.mark.parametrize(
    "content",
    [
        b"not XML",
        xml()[:-9],
        xml() + b"<more/>",
        xml().replace(b"cat", b"&cat;"),
        b'<?xml version="1.0" encoding="no-such"?><annotation/>',
    ],
)
def test_what_is_not_xml_is_refused(content: bytes) -> None:
    with pytest.raises(DatasetInvalid, match=r"not XML; got .+; mend the file"):
        parse_annotation(content, CLASSES)


def test_another_encoding_than_the_declared_one_is_told() -> None:
    content = xml().replace(b"cat", "类别".encode("gbk"))

    with pytest.raises(
        DatasetInvalid,
        match=r"not XML in the encoding UTF-8; got .+; save it as UTF-8, or declare "
        r"its encoding in its first line$",
    ):
        parse_annotation(content, CLASSES)


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("gbk", "类别"), ("GB2312", "类别"), ("Shift_JIS", "猫"), ("EUC-KR", "고양이")],
)
def test_a_declared_encoding_of_several_bytes_is_read(encoding: str, name: str) -> None:
    declared = f'<?xml version="1.0" encoding="{encoding}"?>'.encode()
    content = declared + xml().replace(b"cat", name.encode(encoding))

    (found, *_) = parse_annotation(content, {name: 7, **CLASSES}).objects

    assert found.class_id == 7


def test_text_that_is_not_of_its_declared_encoding_is_told() -> None:
    content = b'<?xml version="1.0" encoding="gbk"?>' + xml().replace(
        b"cat", b"\xff\xff"
    )

    with pytest.raises(DatasetInvalid, match=r"^not XML in the encoding UTF-8; got "):
        parse_annotation(content, CLASSES)


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (b"", "an empty file; write or copy it again"),
        (b"<!DOCTYPE html><p>log in", "an HTML page; fetch it again: a page was saved"),
        (b"PK\x03\x04...", "a zip; unpack it"),
    ],
)
def test_a_file_of_another_kind_is_named(content: bytes, got: str) -> None:
    with pytest.raises(
        DatasetInvalid,
        match=rf"^another kind of file; expected an XML file of VOC annotations, "
        rf"got {got}",
    ):
        parse_annotation(content, CLASSES)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("annotation>", "labels>", "root element; expected annotation, got labels"),
        (SIZE, "", "element size in annotation; expected exactly one, got 0"),
        (SIZE, SIZE * 2, "element size in annotation; expected exactly one, got 2"),
        ("<height>40</height>", "", "element height in size; expected exactly one, g"),
        ("50</w", "0</w", "width; expected whole pixels, 1 or more, got 0"),
        ("50</w", "50.5</w", "width; expected whole pixels, 1 or more, got 50.5"),
        ("50</w", "wide</w", "width; expected a finite number, got 'wide'"),
        ("cat", "cow", "object 1: name; expected one of the 3 classes, got 'cow'"),
        ("<name>cat</name>", "", "object 1: element name in object; expected exactly"),
        ("bndbox", "box", "object 1: cat: element bndbox in object; expected exactly"),
        (">2<", ">nan<", "object 1: cat: xmin; expected a finite number, got 'nan'"),
        (">2<", ">-inf<", "object 1: cat: xmin; expected a finite number, got '-inf'"),
        (">2<", "><", "object 1: cat: xmin; expected a finite number, got nothing"),
        (">2<", ">1_0<", "object 1: cat: xmin; expected a finite number, got '1_0'"),
        (">2<", ">left<", "object 1: cat: xmin; expected a finite number, got 'left'"),
        (
            ">2<",
            ">20.5<",
            "object 1: cat: bndbox, xmin beyond xmax; expected xmax 20.5 or more, got",
        ),
        (">3<", ">31<", "bndbox, ymin beyond ymax; expected ymax 31 or more, got 30"),
        ("<ymax>30</ymax>", "", "object 1: cat: element ymax in bndbox; expected exac"),
        (">0<", ">Unspecified<", "difficult; expected 0 or 1, got 'Unspecified'"),
    ],
)
def test_a_malformed_file_says_object_and_field(
    old: str, new: str, message: str
) -> None:
    content = xml().decode().replace(old, new).encode()

    with pytest.raises(DatasetInvalid, match=re.escape(message)):
        parse_annotation(content, CLASSES)


def test_the_object_at_fault_is_counted_from_one() -> None:
    with pytest.raises(DatasetInvalid, match=r"^object 2: name"):
        parse_annotation(xml(CAT + CAT.replace("cat", "cow")), CLASSES)


def test_a_file_has_only_so_many_bytes() -> None:
    filled = xml() + b" " * (MAX_XML_BYTES - len(xml()))

    assert len(parse_annotation(filled, CLASSES).objects) == 1
    with pytest.raises(
        DatasetInvalid,
        match=r"^size of the file; expected at most 4194304 bytes, got 4194305$",
    ):
        parse_annotation(filled + b" ", CLASSES)


def test_a_deep_file_is_refused_like_any_other() -> None:
    with pytest.raises(DatasetInvalid, match=r"^root element; expected annotation"):
        parse_annotation(b"<a>" * 100_000 + b"</a>" * 100_000, CLASSES)


def test_an_object_that_says_nothing_of_difficult_is_not() -> None:
    content = xml(CAT.replace("<difficult>0</difficult>", "<difficult/>"))

    (cat,) = parse_annotation(content, CLASSES).objects
    assert (cat.class_id, cat.is_difficult) == (0, False)


def test_a_size_of_nothing_says_to_write_the_image_s_own() -> None:
    content = xml().replace(SIZE.encode(), re.sub(r"\d+", "0", SIZE).encode())

    with pytest.raises(
        DatasetInvalid,
        match=r"^width; expected whole pixels, 1 or more, got 0; write the image's own "
        r"width and height into the file$",
    ):
        parse_annotation(content, CLASSES)
