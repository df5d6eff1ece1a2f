"""Section 3.4.3: `bn_maxpool` with an L2 penalty on every convolution kernel."""

from functools import partial

import keras
from keras import layers

from colorization.networks.architecture import Architecture
from colorization.networks.blocks import conv_norm_relu_pool
from colorization.networks.koalarization import koalarization

L2 = 0.01  # section 3.4.3


def _build(*, embedding: bool) -> keras.Model:
    """Build `bn_maxpool`, with the same initial weights, and add the penalty."""
    plain = koalarization(conv_norm_relu_pool, embedding=embedding)
    model = keras.models.clone_model(plain, clone_function=partial(_penalized, l2=L2))
    model.set_weights(plain.get_weights())
    return model


def _penalized(layer: layers.Layer, l2: float) -> layers.Layer:
    config = layer.get_config()
    if isinstance(layer, layers.Conv2D):
        config["kernel_regularizer"] = keras.regularizers.L2(l2)
    return type(layer).from_config(config)


ARCHITECTURE = Architecture(
    build=_build,
    description="`bn_maxpool` with an L2 penalty of 0.01 on every convolution kernel",
    section="3.4.3",
    takes_embedding=True,
)
