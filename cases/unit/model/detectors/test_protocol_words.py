import pytest

from harness.model.boxes.face_finding import FACE_SCALES
from harness.model.boxes.preprocess import NORMALISATIONS
from harness.model.detectors.protocol_words import (
    SCALES,
    blazeface_protocol,
    rounding_protocol,
    yolov3_protocol,
)


def test_the_protocol_holds_the_published_values():
    protocol = yolov3_protocol("mobilenet_v1")

    assert protocol["confidence_threshold"] == "0.01"
    assert protocol["score_threshold"] == "0.01"
    assert protocol["nms_top_k"] == "1000"
    assert protocol["nms_threshold"] == "0.45"
    assert protocol["keep_top_k"] == "100"
    assert protocol["nms_pixels"] == "inclusive"
    assert protocol["channels"] == "RGB"
    assert protocol["normalise"] == (
        "(x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]"
    )


@pytest.mark.parametrize("backbone", NORMALISATIONS)
def test_the_protocol_is_plain_words(backbone):
    assert all(isinstance(one, str) for one in yolov3_protocol(backbone).values())


def test_object365_differs_in_the_normalisation_alone():
    plain, object365 = (
        yolov3_protocol(one) for one in ("resnet50_vd_dcn", "resnet50_vd_dcn_obj365")
    )

    assert {name for name in plain if plain[name] != object365[name]} == {"normalise"}
    assert object365["normalise"] == (
        "(x - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]"
    )


def test_faces_at_a_single_scale_say_so():
    protocol = blazeface_protocol("single")

    assert protocol["scales"] == "single: the base scale, at most 1"
    assert protocol["nms_threshold"] == "0.3"
    assert protocol["nms_top_k"] == "5000"
    assert protocol["keep_top_k"] == "750"
    assert protocol["nms_pixels"] == "exclusive"
    assert protocol["normalise"] == "minus (104.0, 117.0, 123.0), divided by 127.502231"


@pytest.mark.parametrize("strategy", ["quant_post", "quant_aware"])
def test_quantised_rows_say_how_they_round(strategy):
    assert rounding_protocol(strategy) == {
        "quantisation_rounding": "clipped to the scale, then half to even; weights per "
        "output channel"
    }


def test_float_rows_round_nothing():
    assert rounding_protocol("baseline") == {}


def test_faces_at_several_scales_say_how_they_are_merged():
    protocol = blazeface_protocol("multi")

    assert protocol["scales"] == (
        "multi: base, mirrored, shrunk, enlarged, pyramid; "
        "boxes vote from overlap 0.3 on, 750 kept"
    )
    single = blazeface_protocol("single")
    assert {key for key in single if single[key] != protocol[key]} == {"scales"}


def test_every_way_to_look_at_faces_has_words():
    assert SCALES.keys() == FACE_SCALES.keys()
