"""A convolution and its batch normalisation in the old runtime, by the names given."""

import paddle.fluid as fluid

BN_EPSILON = 1e-5  # zoo-spec 2


def conv_bn(x, names, channels, kernel_px, stride=1, groups=1, act=None, train=False):
    """Convolution without bias, then BN; ``names`` names their five variables.

    Names of activations are fluid's own, unless ``names`` has the BN's ``layer``: they
    become names of variables in a quantised network (zoo-spec 2.7).
    """
    convolved = fluid.layers.conv2d(
        x,
        num_filters=channels,
        filter_size=kernel_px,
        stride=stride,
        padding=kernel_px // 2,
        groups=groups,
        bias_attr=False,
        param_attr=fluid.ParamAttr(name=names["weights"]),
        # off, a convolution of one channel a group is the op depthwise_conv2d
        use_cudnn=groups == 1,
    )
    return batch_norm(convolved, names, act=act, train=train)


def batch_norm(x, names, act=None, train=False):
    """BN with the statistics of the batch when ``train``, of its variables otherwise.

    A training pass leaves the statistics of its batch in the variables.
    """
    return fluid.layers.batch_norm(
        x,
        act=act,
        is_test=not train,
        # 0: one training pass leaves the statistics of its batch (seeded_weights)
        momentum=0.0 if train else 0.9,
        epsilon=BN_EPSILON,
        param_attr=fluid.ParamAttr(name=names["scale"]),
        bias_attr=fluid.ParamAttr(name=names["offset"]),
        moving_mean_name=names["mean"],
        moving_variance_name=names["variance"],
        name=names.get("layer"),
    )
