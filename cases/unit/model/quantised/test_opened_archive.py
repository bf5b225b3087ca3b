"""Spoilt archives of the old runtime: each fault is named, or changes what is found."""

from dataclasses import replace

import numpy as np
import pytest

from harness.errors import ArchiveUnreadable
from harness.model.boxes.face_boxes import normalise_faces
from harness.model.detectors.archive_heads import open_heads, plain_heads
from harness.model.detectors.blazeface import open_blazeface
from harness.model.detectors.opened_archive import open_network_folder
from harness.model.layouts.combined_file import write_combined
from harness.model.layouts.separate_files import write_weights
from harness.model.program.opened_program import open_program
from harness.model.quantised.quantisation import CHECKPOINT, FLOAT_PROGRAM, FROZEN


def face_heads(opened, golden):
    return plain_heads(opened)(normalise_faces(golden.arrays["crops"]))


def differ(one, other):
    return max(np.abs(a - b).max() for a, b in zip(one, other, strict=True))


def rows_of(opened, golden, cpu):
    """What a program gives, by a score that any change of its layers moves."""
    run = open_program(opened.program, opened.weights, cpu)
    crops = golden.arrays["crops"]
    rows, _ = run(normalise_faces(crops), np.int32([crops.shape[1:3]] * len(crops)))
    return rows


def test_a_checkpoint_of_separate_files_is_simulated(spoilt):
    one, folder = spoilt("blazeface", "aware")

    opened = one.open(folder)

    assert (opened.layout, opened.quantisation.kind) == ("separate_files", CHECKPOINT)
    assert len(opened.quantisation.convs) == 30  # zoo-spec 2.7
    assert opened.ignored_files == ()


@pytest.mark.parametrize("kind", ["aware", "aware_all"])
def test_a_combined_checkpoint_is_read_with_float_outputs_and_without(
    kind, spoilt, tmp_path
):
    one, folder = spoilt("yolov3", kind)
    separate = one.open(folder)
    scales = {
        f"{conv.activation}.scale": np.float32([conv.activation_scale])
        for conv in separate.quantisation.convs
    }
    combined = tmp_path / "combined"
    combined.mkdir()
    write_combined(combined, {**separate.weights, **scales})

    opened = one.open(combined)

    assert opened.layout == "combined_file"
    assert opened.quantisation == separate.quantisation
    for name, value in separate.weights.items():
        assert np.array_equal(opened.weights[name], value)


def test_a_combined_checkpoint_of_another_network_tells_the_first_reason(
    spoilt, tmp_path
):
    one, folder = spoilt("blazeface", "aware")
    combined = tmp_path / "combined"
    combined.mkdir()
    write_combined(combined, dict(list(one.open(folder).weights.items())[:9]))

    with pytest.raises(ArchiveUnreadable, match=r"the file ends before .*165 records"):
        one.open(combined)


def test_what_training_keeps_of_quantisation_is_understood(spoilt):
    one, folder = spoilt("blazeface", "aware")
    for name in ("state_0", "accum_0"):
        write_weights(folder, {name: np.float32([1])})

    assert one.open(folder).ignored_files == ("accum_0", "state_0")


def test_a_dropped_scale_is_named(spoilt):
    one, folder = spoilt("blazeface", "aware")
    (folder / "pool2d_1.tmp_0.scale").unlink()

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^1 of 27 activation scales have no file; expected pool2d_1\.tmp_0\.s",
    ):
        one.open(folder)


def test_a_scale_that_is_there_twice_is_named(spoilt):
    one, folder = spoilt("blazeface", "aware")
    again = folder / "batch_norm_0.tmp_3.scale copy.scale"
    again.write_bytes((folder / "batch_norm_0.tmp_3.scale").read_bytes())

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^1 activation scales that no convolution reads; .*0\.tmp_3\.scale copy",
    ):
        one.open(folder)


def test_a_scale_of_two_values_is_named(spoilt, change):
    one, folder = spoilt("blazeface", "aware")
    change(folder, "image.scale", lambda value: np.repeat(value, 2))

    with pytest.raises(
        ArchiveUnreadable, match=r"^image\.scale: activation scale; expected one float"
    ):
        one.open(folder)


@pytest.mark.parametrize("value", [0, -1, np.nan, np.inf])
def test_a_scale_that_is_no_positive_number_is_named(value, spoilt, change):
    one, folder = spoilt("blazeface", "aware")
    change(folder, "image.scale", lambda _: np.float32([value]))

    with pytest.raises(
        ArchiveUnreadable, match=r"^image\.scale: activation scale; expected a finite"
    ):
        one.open(folder)


def test_a_doubled_scale_changes_what_is_found(spoilt, change):
    one, folder = spoilt("blazeface", "aware")
    golden, sound = one.golden(), one.open(folder)
    change(folder, "image.scale", lambda value: 2 * value)

    doubled = one.open(folder)

    sound_heads = face_heads(sound, golden)
    assert differ(face_heads(doubled, golden), sound_heads) > 1e-2


def test_two_swapped_scales_change_what_is_found(spoilt):
    one, folder = spoilt("blazeface", "aware")
    golden, sound = one.golden(), one.open(folder)
    first, second = folder / "image.scale", folder / "elementwise_add_6.tmp_1.scale"
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)

    swapped = one.open(folder)

    assert differ(face_heads(swapped, golden), face_heads(sound, golden)) > 1e-1


def test_the_exported_graph_is_the_plain_network(spoilt, cpu):
    """On trained weights: no chaos hides what oneDNN and the rest change."""
    one, folder = spoilt("blazeface", "aware")
    golden, opened = one.golden(), one.open(folder)
    images = normalise_faces(golden.arrays["crops"])

    plain = plain_heads(opened)(images)

    for optimise in (False, True):
        found = open_heads(opened, replace(cpu, optimise=optimise))(images)
        assert differ(plain, found) < 1e-3


def test_outputs_quantised_where_they_should_not_be_are_named(first_archive):
    notes = (
        first_archive("yolov3", "aware_all").open().quantisation.notes("quant_aware")
    )

    assert notes[1] == (
        "3 outputs are quantised; by the published sizes those of quant_aware are float"
    )
    assert len(
        first_archive("yolov3", "aware").open().quantisation.notes("quant_aware")
    )


def test_outputs_quantised_where_they_should_not_be_change_the_heads(spoilt):
    images = np.random.default_rng(2).normal(0, 1, (1, 3, 64, 64)).astype(np.float32)
    every, body = (
        one.open(folder)
        for one, folder in (spoilt("yolov3", kind) for kind in ("aware_all", "aware"))
    )

    assert differ(plain_heads(every)(images), plain_heads(body)(images)) > 1e-2


def test_one_scale_of_an_output_alone_is_refused(spoilt):
    one, folder = spoilt("yolov3", "aware")
    write_weights(folder, {"leaky_relu_5.tmp_0.scale": np.float32([1])})

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^2 of 48 activation scales have no file; expected leaky_relu_12\.tmp_0",
    ):
        one.open(folder)


def test_a_float_checkpoint_is_not_a_quantised_row(spoilt):
    one, folder = spoilt("blazeface", "aware")
    for path in folder.glob("*.scale"):
        path.unlink()

    with pytest.raises(
        ArchiveUnreadable, match=r"^27 of 27 activation scales have no file"
    ):
        one.open(folder)


def test_a_quantised_checkpoint_is_not_a_float_row(spoilt):
    one, folder = spoilt("blazeface", "aware")

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^the archive is quantised, the row \(baseline\) is not; expected float "
        r"weights alone, got batch_norm_0\.tmp_3\.scale, .* and 22 more; the row may "
        "name the wrong archive or strategy$",
    ):
        one.open(folder, strategy="baseline")


def test_a_quantised_program_is_not_a_float_row(first_archive):
    with pytest.raises(
        ArchiveUnreadable,
        match=r"^the archive is quantised, the row \(baseline\) is not; .* got fake_",
    ):
        first_archive("blazeface", "post").open(strategy="baseline")


def test_a_float_program_is_not_a_quantised_row(layout_folder):
    folder = layout_folder("blazeface_nas_program_weights")

    with pytest.raises(
        ArchiveUnreadable, match=r"^the program is not quantised, the row is; "
    ):
        open_blazeface(folder, edition="nas", strategy="quant_post")


def test_integers_without_their_program_are_unreadable(spoilt):
    one, folder = spoilt("blazeface", "post")
    (folder / "__model__").unlink()

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^integer weights without the program that says what they stand for; ",
    ):
        one.open(folder)


@pytest.mark.parametrize("kind", ["post", "frozen"])
def test_a_frozen_program_is_told(kind, first_archive):
    one = first_archive("blazeface", kind)

    opened = one.open()

    assert (opened.layout, opened.quantisation.kind) == ("program", FROZEN)
    assert opened.ignored_files == ()


def test_the_float_folder_of_an_export_is_opened(old_quantised, opened_quantised):
    opened = opened_quantised("blazeface_aware_export")

    assert opened.quantisation.kind == FLOAT_PROGRAM
    assert opened.ignored_files
    assert all(one.startswith("int/") for one in opened.ignored_files)


def test_integer_weights_off_by_one_channel_change_what_is_found(spoilt, change, cpu):
    one, folder = spoilt("blazeface", "post")
    golden, sound = one.golden(), one.open(folder)
    change(folder, "conv1_weights", lambda value: np.roll(value, 1, axis=0))

    rolled = one.open(folder)

    expected, got = (rows_of(each, golden, cpu) for each in (sound, rolled))
    assert expected.shape != got.shape or np.abs(expected - got).max() > 1e-2


def test_a_weight_that_is_no_integer_is_named(spoilt, change):
    one, folder = spoilt("blazeface", "post")

    def spoil(value):
        value[1, 0, 0, 0] = 0.5
        return value

    change(folder, "blaze_01_sep_weights", spoil)

    with pytest.raises(
        ArchiveUnreadable,
        match=r"^blaze_01_sep_weights: blaze_01_sep_weights: element \(1, 0, 0, 0\); "
        "expected a whole number from -127 to 127, got 0.5$",
    ):
        one.open(folder)


@pytest.mark.parametrize("value", [0, -1, np.nan])
def test_a_weight_scale_that_is_no_positive_number_is_named(value, spoilt, change):
    one, folder = spoilt("blazeface", "post")
    name = one.open(folder).quantisation.convs[0].weight_scale

    def spoil(scales):
        scales[2] = value
        return scales

    change(folder, name, spoil)

    with pytest.raises(
        ArchiveUnreadable,
        match=rf"^{name}: weight scale of channel 2; expected a finite number above 0",
    ):
        one.open(folder)


def test_a_zero_scale_of_a_channel_of_zeros_is_sound(spoilt, change):
    one, folder = spoilt("blazeface", "post")
    name = one.open(folder).quantisation.convs[0].weight_scale

    def silence(values):
        values[2] = 0
        return values

    change(folder, name, silence)
    change(folder, "conv1_weights", silence)

    assert one.open(folder).quantisation is not None


def test_weight_scales_of_another_length_are_named(spoilt, change):
    """The program says the length too, and is asked first."""
    one, folder = spoilt("blazeface", "post")
    name = one.open(folder).quantisation.convs[0].weight_scale
    change(folder, name, lambda scales: scales[:-1])

    with pytest.raises(ArchiveUnreadable, match=rf"^{name}: shape; expected \(12,\)"):
        one.open(folder)


def test_a_program_of_another_network_is_named(first_archive):
    with pytest.raises(ArchiveUnreadable, match=r"variables have (no|another)"):
        first_archive("blazeface", "post").open(edition="original")


def test_a_float_row_asks_for_no_scales(tmp_path, layout_folder, layout_shapes):
    word, source = open_network_folder(
        layout_folder("combined_file"),
        lambda *_: None,
        layout_shapes.variables,
        "prune",
    )

    assert word == "combined_file"
    assert set(source.stored) >= set(layout_shapes.variables)
