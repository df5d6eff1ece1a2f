"""Variants whose encoder is a VGG network trained on ImageNet (section 3.5).

L is scaled and centred as the VGG weights expect inside the model: a saved one needs nothing
beside it. That happens in float32 whatever the precision policy, since bfloat16 has no more than
128 values from 128 to 255.
"""

import keras
from keras import layers

from colorization.models.blocks import ab_output, conv_relu, upsample
from colorization.pretrained import build_network

# By the name that an encoder has in params.yaml, and as a layer of the models.
ENCODERS = {"vgg16": keras.applications.VGG16, "vgg19": keras.applications.VGG19}

# Mean of ImageNet's channels, BGR on 0..255, as `keras.applications.vgg16.preprocess_input`
# subtracts it (Simonyan and Zisserman, arXiv:1409.1556, section 2.1). The channels of a grey
# image are equal, so nothing has to be turned from RGB to BGR.
MEAN_BGR = (103.939, 116.779, 123.68)

DECODER = (256, 128, 64, 32, 16)  # filters of vgg16's decoder
UNET_DECODER = (512, 256, 128, 64)  # filters of the U-Net's decoder
UNET_SKIPS = ("block4_conv4", "block3_conv4", "block2_conv2", "block1_conv2")  # deepest first


def vgg16_conv() -> keras.Model:
    """Section 3.5.1: a new 1x1 convolution makes three channels; it and VGG's first are trained.

    Its kernel starts as ones and its bias as zero, so that training starts from `vgg16_repeat`.
    """
    L = keras.Input((None, None, 1), name="L")
    three = layers.Conv2D(3, 1, kernel_initializer="ones", dtype="float32", name="to_three")(
        _to_0_255(L)
    )
    return keras.Model([L], _vgg16_colorized(three))


def vgg16_repeat() -> keras.Model:
    """Section 3.5.1: L repeated three times; VGG's first convolution is trained."""
    L = keras.Input((None, None, 1), name="L")
    return keras.Model([L], _vgg16_colorized(_repeated(_to_0_255(L))))


def vgg19_unet() -> keras.Model:
    """Section 3.5.2: a U-Net around VGG19, all of it frozen.

    The paper names neither the skips nor the decoder's widths: each block joins the last
    convolution of VGG19 at its size, and has as many filters as that. The transposed convolutions
    have no activation, as in the original U-Net (arXiv:1505.04597).
    """
    L = keras.Input((None, None, 1), name="L")
    deepest, *skips = _encode(
        _repeated(_to_0_255(L)), "vgg19", outputs=("block5_conv4", *UNET_SKIPS)
    )
    x = conv_relu(deepest, 512, name="bridge")
    for index, (filters, skip) in enumerate(zip(UNET_DECODER, skips, strict=True), start=1):
        name = f"decoder_{index}"
        x = layers.Conv2DTranspose(filters, 2, strides=2, name=f"{name}_up")(x)
        x = layers.Concatenate(name=f"{name}_skip")([x, skip])
        x = conv_relu(x, filters, name=f"{name}_first")
        x = conv_relu(x, filters, name=f"{name}_second")
    return keras.Model([L], ab_output(x, kernel_size=1))


def load_encoder(model: keras.Model, name: str, weights: str) -> None:
    """Give a model's VGG encoder pretrained weights; random ones stay as they were drawn.

    Parameters
    ----------
    model : keras.Model
        Of this module.
    name : str
        A key of `ENCODERS`, and of `encoders` in params.yaml.
    weights : str
        "random", "imagenet", or the path of a file with the weights of the network without top.

    Raises
    ------
    ColorizationError
        As `pretrained.build_network`.
    """
    if weights == "random":
        return
    pretrained = build_network(
        ENCODERS[name],
        weights,
        parameter=f"encoders.{name}",
        name=f"{name} without top",
        include_top=False,
    )
    for layer in model.get_layer(name).layers:
        if layer.weights:
            layer.set_weights(pretrained.get_layer(layer.name).get_weights())


def _to_0_255(L: keras.KerasTensor) -> keras.KerasTensor:
    return layers.Rescaling(127.5, offset=127.5, dtype="float32", name="to_0_255")(L)  # L* x 2.55


def _repeated(L: keras.KerasTensor) -> keras.KerasTensor:
    return layers.Concatenate(dtype="float32", name="to_three")([L, L, L])


def _encode(
    x: keras.KerasTensor, name: str, outputs: tuple[str, ...], trained: tuple[str, ...] = ()
) -> list[keras.KerasTensor]:
    """Outputs of layers of a VGG network, of which only the `trained` layers are not frozen."""
    vgg = ENCODERS[name](include_top=False, weights=None, input_shape=(None, None, 3))
    for layer in vgg.layers:
        layer.trainable = layer.name in trained
    encoder = keras.Model(
        vgg.input, [vgg.get_layer(output).output for output in outputs], name=name
    )
    minus_mean = layers.Rescaling(
        1.0, offset=[-mean for mean in MEAN_BGR], dtype="float32", name="minus_mean"
    )
    return encoder(minus_mean(x))


def _vgg16_colorized(three: keras.KerasTensor) -> keras.KerasTensor:
    """Three channels on 0..255 to ab; `layers[0]` of Keras' VGG16, an input, is not "the first"."""
    (x,) = _encode(three, "vgg16", outputs=("block5_pool",), trained=("block1_conv1",))
    for index, filters in enumerate(DECODER, start=1):
        x = conv_relu(x, filters, name=f"decoder_{index}")
        x = upsample(x, name=f"decoder_{index}_up")
    return ab_output(x)
