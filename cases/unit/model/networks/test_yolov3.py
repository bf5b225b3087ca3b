from harness.model.networks.shapes import network_shapes


def test_the_outputs_hold_three_anchors_of_every_class(tiny_network):
    outputs = []

    network_shapes(lambda ops, image: outputs.extend(tiny_network(ops, image)))

    assert [one.channels for one in outputs] == [30, 30, 30]
    assert [1 / one.scale for one in outputs] == [32, 16, 8]
