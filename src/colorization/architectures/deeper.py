"""Section 3.4.1: the baseline's ab and L through a second encoder, a bottleneck and a decoder."""

import keras
from keras import layers

from colorization.networks import blocks
from colorization.networks.architecture import Architecture
from colorization.networks.blocks import conv_relu
from colorization.networks.koalarization import koalarization


def _build(*, embedding: bool) -> keras.Model:
    """Build both networks in one, to be trained together on the final output alone.

    The paper specifies only the bottleneck's 1024 kernels of 5x5 and "fewer layers". Here the
    second encoder has the baseline's three downsamplings, with one convolution each, and the second
    decoder is the baseline's.
    """
    baseline = koalarization(conv_relu, embedding=embedding)
    L = baseline.inputs[0]
    x = layers.Concatenate(name="hybrid")([L, baseline.output])
    x = blocks.encoder(x, conv_relu, plan=blocks.SHORT_ENCODER, prefix="second_")
    x = conv_relu(x, 1024, kernel_size=5, name="bottleneck")
    return keras.Model(baseline.inputs, blocks.decoder(x, conv_relu, prefix="second_"))


ARCHITECTURE = Architecture(
    build=_build,
    description="the baseline's ab and L through a second encoder, a bottleneck of 1024 5x5 "
    "kernels, a decoder",
    section="3.4.1",
    takes_embedding=True,
)
