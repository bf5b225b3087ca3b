"""The convolutions of an archive that are in 8 bits, and how they are held."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from harness.model.networks.structure import FLOAT_OUTPUTS

CHECKPOINT, FLOAT_PROGRAM, FROZEN = "checkpoint", "float_program", "frozen_program"

#: Kind -> what a record says of it.
KINDS: Mapping[str, str] = {
    CHECKPOINT: "float weights and activation scales, simulated",
    FLOAT_PROGRAM: "a program that quantises float weights, simulated",
    FROZEN: "a program with integer weights, dequantised after each convolution",
}

#: What every kind does.  # zoo-spec 4.5
EIGHT_BIT_ROUNDING = (
    "clipped to the scale, then half to even; weights per output channel"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantisedConv:
    """A convolution that reads 8 bits."""

    weights: str  # variable of the network
    activation: str  # variable of the old runtime that it reads
    activation_scale: float
    #: Variables of the scales of its weights, beside integers; None: the weights' own.
    weight_scale: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantisation:
    """The convolutions of an archive, in 8 bits or not, in the order they run in."""

    kind: str  # key of KINDS
    convs: tuple[QuantisedConv, ...]
    float_convs: tuple[str, ...]  # weights of the plain convolutions left in float

    def scales(self) -> dict[str, float]:
        """Return the scale of what each quantised convolution reads, by its weights."""
        return {one.weights: one.activation_scale for one in self.convs}

    def protocol(self) -> dict[str, str]:
        """Return how the archive is quantised, as records have it."""
        return {"quantisation": f"8 bits: {KINDS[self.kind]}"}

    def notes(self, strategy: str) -> tuple[str, ...]:
        """Tell what is quantised, and where the published sizes say otherwise.

        The published sizes say that ``quant_aware`` rows of YOLOv3 have float outputs
        and all others none. An archive is measured as it is.  # zoo-spec 0.4
        """
        activations = {one.activation for one in self.convs}
        notes = [
            f"8 bits: {len(self.convs)} convolutions, {len(activations)} activations",
        ]
        outputs = [one.weights for one in self.convs if is_output(one.weights)]
        float_outputs = [one for one in self.float_convs if is_output(one)]
        if strategy == "quant_aware" and outputs:
            notes.append(_unlike("float", outputs, "quantised", strategy))
        if strategy == "quant_post" and float_outputs:
            notes.append(_unlike("quantised", float_outputs, "float", strategy))
        others = [one for one in self.float_convs if not is_output(one)]
        if others:
            notes.append(f"not quantised: {', '.join(others)}")
        return tuple(notes)


def is_output(weights: str) -> bool:
    """Tell whether weights are those of a YOLOv3 output, which may stay in float."""
    return weights.startswith(FLOAT_OUTPUTS)


def is_quantised(strategy: str) -> bool:
    """Tell whether the archive of a row ought to be quantised."""
    return strategy.startswith("quant")


def _unlike(expected: str, weights: Collection[str], held: str, strategy: str) -> str:
    return (
        f"{len(weights)} outputs are {held}; by the published sizes those of "
        f"{strategy} are {expected}"
    )
