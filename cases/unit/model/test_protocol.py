from harness.model.protocol import yolov3_protocol


def test_the_protocol_holds_the_published_values():
    protocol = yolov3_protocol()

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


def test_the_protocol_is_plain_words():
    assert all(isinstance(one, str) for one in yolov3_protocol().values())
