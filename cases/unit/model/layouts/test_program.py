from dataclasses import replace

import numpy as np
import pytest

from harness.errors import ArchiveUnreadable
from harness.model.fluid.lod_tensor import write_tensor
from harness.model.fluid.program_desc import Operator, parse_program, write_program
from harness.model.layouts.program import PROGRAM


@pytest.mark.parametrize("name", ["program_separate", "program_params"])
def test_the_image_is_open_to_any_size(layout_folder, name):
    program = PROGRAM.open(layout_folder(name), ()).program

    desc = program.desc
    assert (program.image, program.im_size) == ("image", "im_size")
    assert desc.variables["image"].shape == (-1, 3, -1, -1)
    assert desc.variables["im_size"].shape == (-1, 2)


def test_a_program_tells_its_operators_and_parameters(layout_folder):
    program = PROGRAM.open(layout_folder("program_params"), ()).program

    kinds = {one.kind for one in program.operators}
    assert {"conv2d", "yolo_box", "multiclass_nms", "feed"} <= kinds
    assert len(program.parameters) == 241


def test_a_later_pair_of_names_is_opened(layout_copy):
    folder = layout_copy("program_params")
    (folder / "__model__").rename(folder / "yolov3.pdmodel")
    (folder / "__params__").rename(folder / "yolov3.pdiparams")

    assert len(PROGRAM.open(folder, ()).names()) == 241


def test_other_files_are_listed(layout_copy):
    folder = layout_copy("program_params")
    (folder / "infer_cfg.yml").write_text("mode: fluid")

    assert PROGRAM.open(folder, ()).ignored_files == ("infer_cfg.yml",)


@pytest.mark.parametrize("cut", [1, 1000, 50_000])
def test_a_truncated_program_is_recognised_and_names_its_byte(layout_copy, cut):
    folder = layout_copy("program_params")
    path = folder / "__model__"
    path.write_bytes(path.read_bytes()[:-cut])

    assert PROGRAM.recognise(folder)
    with pytest.raises(
        ArchiveUnreadable, match=r"^__model__: byte \d+: field \d+ is cut off; expected"
    ):
        PROGRAM.open(folder, ())


def test_a_program_without_feeds_is_not_recognised(layout_folder):
    assert not PROGRAM.recognise(layout_folder("pdparams"))


def test_a_folder_without_a_program_is_not_recognised(layout_folder):
    assert not PROGRAM.recognise(layout_folder("training_checkpoint"))


@pytest.mark.parametrize(
    ("program", "parameters"),
    [("__model__", "__params__"), ("yolov3.pdmodel", "yolov3.pdiparams")],
)
def test_a_program_alone_says_which_file_is_missing(layout_copy, program, parameters):
    folder = layout_copy("program_params")
    (folder / "__params__").unlink()
    (folder / "__model__").rename(folder / program)
    (folder / "README").write_text("more")

    with pytest.raises(
        ArchiveUnreadable,
        match=rf"^the parameters of {program} are missing; expected {parameters} "
        rf"beside it, or a file for each of its 241 parameters, got README; pack "
        rf"{parameters} too: save_inference_model wrote both$",
    ):
        PROGRAM.open(folder, ())


def test_a_missing_parameter_is_named(layout_copy):
    folder = layout_copy("program_separate")
    (folder / "conv1_weights").unlink()

    with pytest.raises(ArchiveUnreadable, match=r"^conv1_weights: no such file"):
        PROGRAM.open(folder, ())


def test_a_truncated_file_of_parameters_names_variable_and_byte(layout_copy):
    folder = layout_copy("program_params")
    path = folder / "__params__"
    path.write_bytes(path.read_bytes()[:-4])

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^__params__: yolo_transition.1.conv.weights: byte \d+: data of shape",
    ):
        PROGRAM.open(folder, ())


def test_a_parameter_of_another_shape_than_in_the_program_is_refused(layout_copy):
    folder = layout_copy("program_separate")
    write_tensor(folder / "conv1_bn_mean", np.zeros(3, np.float32))

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^conv1_bn_mean: shape; expected \(2,\), as in the program, got \(3,\)$",
    ):
        PROGRAM.open(folder, ())


def test_a_parameter_of_another_type_than_in_the_program_is_refused(layout_copy):
    folder = layout_copy("program_separate")
    write_tensor(folder / "conv1_bn_mean", np.zeros(2, np.float64))

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^conv1_bn_mean: type; expected float32, as in the program, got floa",
    ):
        PROGRAM.open(folder, ())


def test_other_feeds_than_an_image_and_its_size_are_told(layout_copy):
    folder = layout_copy("program_separate")
    path = folder / "__model__"
    program = parse_program(path.read_bytes())
    flat = replace(program.variables["image"], shape=(-1, 3, 608))
    variables = {**program.variables, "image": flat}
    path.write_bytes(write_program(replace(program, variables=variables)))

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^__model__: feeds of the program; expected an image \[-1, 3, H, W\] "
        r"and at most its size \[-1, 2\], got im_size \[-1, 2\], image \[-1, 3, 608",
    ):
        PROGRAM.open(folder, ())


def test_a_program_that_does_anything_else_is_refused_where_it_is_read(layout_copy):
    folder = layout_copy("program_separate")
    path = folder / "__model__"
    program = parse_program(path.read_bytes())
    save = Operator(kind="save", inputs={"X": ("image",)}, outputs={}, attributes={})
    several = (*program.operators, save)
    path.write_bytes(write_program(replace(program, operators=several)))

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^__model__: operator 164 of the program: save; expected one of the \d+",
    ):
        PROGRAM.open(folder, ())


def test_more_than_one_fetch_is_refused(layout_copy):
    folder = layout_copy("program_separate")
    path = folder / "__model__"
    program = parse_program(path.read_bytes())
    fetch = Operator(
        kind="fetch",
        inputs={"X": ("image",)},
        outputs={"Out": ("fetch",)},
        attributes={},
    )
    several = (*program.operators, fetch)
    path.write_bytes(write_program(replace(program, operators=several)))

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^__model__: fetches of the program; expected one, the detections, "
        r"got save_infer_model/scale_0.tmp_0, image$",
    ):
        PROGRAM.open(folder, ())
