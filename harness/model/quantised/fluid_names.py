"""Names the input of each convolution of a network as the old runtime did.

The scale of an activation is saved under that name. A layer that the old code names
gives its name to its output. Other layers are numbered as they are created, each kind
for itself.  # zoo-spec 2.7
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from harness.model.networks.ops import BatchNormNames

#: How the old code names the output of the residual backbones' normalisations. It names
#: those of the YOLOv3 head too, but a leaky ReLU follows there as a layer of its own.
NAMED_LAYER = ".output.1"
RESIDUAL_START = "bn"
#: The last convolution of a block whose sum is named; other sums are numbered.
NAMED_SUM = "branch2c"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A value that flows: its variable before and after an activation in its layer."""

    plain: str
    activated: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvInput:
    """What a plain convolution reads."""

    weights: str
    activation: str  # variable of the old runtime


class NamingOps:
    """Runs a network on the names of variables alone."""

    def __init__(self) -> None:
        self.conv_inputs: list[ConvInput] = []
        self._created: Counter[str] = Counter()

    def conv(
        self,
        x: Named,
        weights: str,
        *,
        out: int,  # noqa: ARG002 -- names do not ask
        kernel: int,  # noqa: ARG002
        stride: int = 1,  # noqa: ARG002
        depthwise: bool = False,  # noqa: ARG002
        bias: str | None = None,  # noqa: ARG002
    ) -> Named:
        """Note what is read; no convolution reads this output itself."""
        self.conv_inputs.append(ConvInput(weights=weights, activation=x.plain))
        return Named(plain=f"output of {weights}")

    def batch_norm(self, x: Named, names: BatchNormNames) -> Named:  # noqa: ARG002
        """Name the layer, or number it."""
        stem = names.scale.removesuffix("_scale")
        if stem.startswith(RESIDUAL_START):
            return _layer(f"{stem}{NAMED_LAYER}", plain=2)
        return _layer(self._number("batch_norm"), plain=2)

    def relu(self, x: Named) -> Named:
        """Take the value after the activation of the same layer."""
        return Named(plain=x.activated)

    def leaky_relu(self, x: Named) -> Named:  # noqa: ARG002
        """Number the layer."""
        return _layer(self._number("leaky_relu"))

    def upsample(self, x: Named) -> Named:
        """Name nothing: a convolution reads it through a join only."""
        return x

    def concat(self, first: Named, second: Named) -> Named:  # noqa: ARG002
        """Number the join."""
        return _layer(self._number("concat"))

    def add(self, first: Named, second: Named) -> Named:  # noqa: ARG002
        """Name the sum after the block, or number it."""
        block, _, last = second.plain.partition("_")
        if last.startswith(NAMED_SUM):
            stem = block.removeprefix(RESIDUAL_START)
            return _layer(f"res{stem}.add.output.5", plain=0)
        return _layer(self._number("elementwise_add"), plain=0)

    def max_pool(
        self,
        x: Named,  # noqa: ARG002
        *,
        kernel: int,  # noqa: ARG002
        stride: int,  # noqa: ARG002
        ceil_mode: bool = False,  # noqa: ARG002
    ) -> Named:
        """Number the pool; both kinds count as one."""
        return _layer(self._number("pool2d"))

    def avg_pool(self, x: Named) -> Named:  # noqa: ARG002
        """Number the pool; both kinds count as one."""
        return _layer(self._number("pool2d"))

    def deform_conv(
        self,
        x: Named,  # noqa: ARG002
        steering: Named,  # noqa: ARG002
        weights: str,
        *,
        out: int,  # noqa: ARG002
        stride: int = 1,  # noqa: ARG002
    ) -> Named:
        """Note nothing: it is never quantised."""
        return Named(plain=f"output of {weights}")

    def fake_quantise(self, x: Named, *, scale: float) -> Named:  # noqa: ARG002
        """Keep the name."""
        return x

    def _number(self, kind: str) -> str:
        self._created[kind] += 1
        return f"{kind}_{self._created[kind] - 1}"


def _layer(name: str, plain: int = 0) -> Named:
    return Named(plain=f"{name}.tmp_{plain}", activated=f"{name}.tmp_{plain + 1}")


def conv_inputs(network: Callable[[NamingOps, Named], object]) -> tuple[ConvInput, ...]:
    """Return what each plain convolution reads, in the order in which they run."""
    ops = NamingOps()
    network(ops, Named(plain="image"))
    return tuple(ops.conv_inputs)
