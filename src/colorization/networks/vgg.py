"""Parts of variants whose encoder is a VGG network trained on ImageNet (section 3.5).

L is scaled and centred as the VGG weights expect inside the model: a saved one needs nothing
beside it. That happens in float32 whatever the precision policy, since bfloat16 has no more than
128 values from 128 to 255.
"""

import keras
from keras import layers

from colorization.backbones.pretrained import build_pretrained
from colorization.networks.blocks import ab_output, conv_relu, upsample

# By the name that an encoder has in params.yaml, and as a layer of the models.
ENCODERS = {"vgg16": keras.applications.VGG16, "vgg19": keras.applications.VGG19}

# Mean of ImageNet's channels, BGR on 0..255, as `keras.applications.vgg16.preprocess_input`
# subtracts it (Simonyan and Zisserman, arXiv:1409.1556, section 2.1). The channels of a grey
# image are equal, so nothing has to be turned from RGB to BGR.
MEAN_BGR = (103.939, 116.779, 123.68)

DECODER = (256, 128, 64, 32, 16)  # filters of vgg16's decoder


def load_encoder(model: keras.Model, name: str, weights: str) -> None:
    """Give a model's VGG encoder pretrained weights; random ones stay as they were drawn.

    Parameters
    ----------
    model : keras.Model
        With a layer of that name.
    name : str
        A key of `ENCODERS`, and of `encoders` in params.yaml.
    weights : str
        "random", "imagenet", or the path of a file with the weights of the network without top.

    Raises
    ------
    ColorizationError
        As `pretrained.build_pretrained`.
    """
    if weights == "random":
        return
    pretrained = build_pretrained(
        ENCODERS[name],
        weights,
        parameter=f"encoders.{name}",
        name=f"{name} without top",
        include_top=False,
    )
    for layer in model.get_layer(name).layers:
        if layer.weights:
            layer.set_weights(pretrained.get_layer(layer.name).get_weights())


def to_0_255(L: keras.KerasTensor) -> keras.KerasTensor:
    """Scale L to the range of 8-bit pixels."""
    return layers.Rescaling(127.5, offset=127.5, dtype="float32", name="to_0_255")(L)  # L* x 2.55


def repeated(L: keras.KerasTensor) -> keras.KerasTensor:
    """Give L three times, as red, green and blue."""
    return layers.Concatenate(dtype="float32", name="to_three")([L, L, L])


def encode(
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


def through_vgg16(three: keras.KerasTensor) -> keras.KerasTensor:
    """Three channels on 0..255 to ab; `layers[0]` of Keras' VGG16, an input, is not "the first"."""
    (x,) = encode(three, "vgg16", outputs=("block5_pool",), trained=("block1_conv1",))
    for index, filters in enumerate(DECODER, start=1):
        x = conv_relu(x, filters, name=f"decoder_{index}")
        x = upsample(x, name=f"decoder_{index}_up")
    return ab_output(x)
