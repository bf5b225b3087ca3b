"""Lists the attributes that any operator may have: hints, and traces of its making."""

from __future__ import annotations

from collections.abc import Mapping

from harness.model.fluid.attribute_rules import (
    AttributeRule,
    only_bool,
    whole,
    words,
    yes_or_no,
)
from harness.model.fluid.program_schema import AttributeType

#: Told to any operator: hints that change no value.
HINTS: Mapping[str, AttributeRule] = {
    "is_test": only_bool(True),  # of networks that are not trained any more
    "use_cudnn": yes_or_no(),
    "mkldnn_data_type": words("float32"),
    "onednn_data_type": words("", "float32"),
    "use_mkldnn": only_bool(False),  # the optimiser decides that
    "use_onednn": only_bool(False),
    "use_quantizer": only_bool(False),
    "skip_quant": whole(0, 1),
}

#: Told to any operator by those who made the program, about the making: left out of
#: what is written anew. ``out_threshold`` is the largest output that was seen while
#: scales were found. Paddle's int8 takes it for the scale of what the operator gives,
#: and after it has fused a normalisation into a convolution that is another value: a
#: program of quant_post loses most of its AP (decision 0011).
LEFT_OUT: Mapping[str, AttributeType] = {
    "exhaustive_search": AttributeType.BOOLEAN,
    "op_callstack": AttributeType.STRINGS,
    "op_device": AttributeType.STRING,
    "op_namescope": AttributeType.STRING,
    "op_role": AttributeType.INT,
    "op_role_var": AttributeType.STRINGS,
    "out_threshold": AttributeType.FLOAT,
    "quantization_type": AttributeType.STRING,
    "use_addto": AttributeType.BOOLEAN,
    "with_quant_attr": AttributeType.BOOLEAN,
    "workspace_size_MB": AttributeType.INT,
}
