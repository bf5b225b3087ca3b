"""Pairs the activation scales of a checkpoint with the convolutions that read them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np

from harness.errors import ArchiveUnreadable, located
from harness.model.layouts.contract import WeightSource, listed
from harness.model.layouts.weights import BOOKKEEPING
from harness.model.networks.functions import NetworkFunction
from harness.model.quantised.fluid_names import ConvInput, conv_inputs
from harness.model.quantised.quantisation import (
    CHECKPOINT,
    Quantisation,
    QuantisedConv,
    is_output,
)

SCALE = ".scale"  # after the name of the variable it is the scale of  # zoo-spec 2.7


def scale_names(network: NetworkFunction, *, outputs: bool) -> set[str]:
    """Return the names of the scales of a network.

    Args:
        network: which one.
        outputs: the outputs of YOLOv3 are quantised too.
    """
    return {
        one.activation + SCALE
        for one in conv_inputs(network)
        if outputs or not is_output(one.weights)
    }


def known_scales(source: WeightSource, network: NetworkFunction) -> list[str]:
    """Return the names of scales of the network that are there, as tensors.

    A file of such a name that is no tensor is passed over.
    """
    return [
        name
        for name in sorted(scale_names(network, outputs=True) & set(source.stored))
        if _is_tensor(source, name)
    ]


def found_scales(
    source: WeightSource, network: NetworkFunction, variables: Collection[str]
) -> list[str]:
    """Return the names of scales that are no variable of the network.

    Normalisations of the head and of a teacher have variables of such names too. A name
    that no scale of the network has counts if it is a tensor's: then it is a scale of
    another network. Otherwise it is just a file.
    """
    known = scale_names(network, outputs=True)
    return [
        name
        for name in source.names()
        if name.endswith(SCALE)
        and name not in variables
        and not BOOKKEEPING.fullmatch(name)
        and (name in known or _is_tensor(source, name))
    ]


def _is_tensor(source: WeightSource, name: str) -> bool:
    try:
        source.read(name)
    except ArchiveUnreadable:
        return False
    return True


def read_scales(
    source: WeightSource,
    network: NetworkFunction,
    variables: Collection[str],
) -> Quantisation:
    """Pair the scale of each activation with the convolutions that read it.

    The outputs of YOLOv3 are quantised all or none, and that is so if they have scales.

    Raises:
        ArchiveUnreadable: a scale is missing, no convolution reads its activation, or
            it is no positive finite number; it is named.
    """
    inputs = conv_inputs(network)
    present = set(found_scales(source, network, variables))
    body = {one.activation + SCALE for one in inputs if not is_output(one.weights)}
    outputs = {one.activation + SCALE for one in inputs if is_output(one.weights)}
    wanted = body | outputs if present & outputs else body
    missing, more = sorted(wanted - present), sorted(present - wanted)
    if missing:
        raise ArchiveUnreadable(
            f"{len(missing)} of {len(wanted)} activation scales have no {source.unit}",
            expected=listed(missing),
            got=f"{source.unit}s of no activation: {listed(more)}" if more else "none",
        )
    if more:
        raise ArchiveUnreadable(
            f"{len(more)} activation scales that no convolution reads",
            expected=f"{len(wanted)} scales",
            got=listed(more),
        )
    scales = {name: read_scale(source, name) for name in sorted(wanted)}
    return Quantisation(
        kind=CHECKPOINT,
        convs=tuple(_quantised(inputs, scales)),
        float_convs=tuple(
            one.weights for one in inputs if one.activation + SCALE not in wanted
        ),
    )


def read_scale(source: WeightSource, name: str) -> float:
    """Return the scale of an activation.

    Raises:
        ArchiveUnreadable: no positive finite float32 number of shape [1]; it is named.
    """
    array = source.read(name)
    with located(source.stored[name].place):
        if array.shape != (1,) or array.dtype != np.float32:
            raise ArchiveUnreadable(
                "activation scale",
                expected="one float32 number",
                got=f"{array.dtype} of shape {array.shape}",
            )
        scale = float(array[0])
        if not (np.isfinite(scale) and scale > 0):
            raise ArchiveUnreadable(
                "activation scale", expected="a finite number above 0", got=scale
            )
        return scale


def _quantised(
    inputs: Iterable[ConvInput], scales: dict[str, float]
) -> Iterable[QuantisedConv]:
    for conv in inputs:
        name = conv.activation + SCALE
        if name in scales:
            yield QuantisedConv(
                weights=conv.weights,
                activation=conv.activation,
                activation_scale=scales[name],
            )
