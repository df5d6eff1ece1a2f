"""Builds the ImageNet networks that serve as encoders, and loads their weights."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import keras

from colorization.backbones.efficientnet_lite import EfficientNetLite2
from colorization.backbones.folding import fold_normalization
from colorization.backbones.precision import dtype_policy
from colorization.backbones.pretrained import build_pretrained


@dataclass(frozen=True)
class Encoder:
    """An encoder: a network of `keras.applications`, or one that is built in its manner.

    Attributes
    ----------
    build : callable
        A function as of `keras.applications`.
    top : bool
        Whether its weights file includes the top, as the file of an embedding network does.
    folded : bool
        Whether its normalizations are folded into the preceding convolutions. The network then runs
        in float32 whatever the precision policy, since depthwise convolutions are slow in 16 bits.
    """

    build: Callable[..., keras.Model]
    top: bool = False
    folded: bool = False

    def without_top(self) -> keras.Model:
        """Build the network without its top, for images of any size, with random weights.

        With Keras' initializers, activations vanish after a few layers unless they are normalized.
        Where normalizations are folded away, kernels are drawn by He's initializer instead.
        """
        options = {"include_top": False, "weights": None, "input_shape": (None, None, 3)}
        if not self.folded:
            return self.build(**options)
        with dtype_policy("float32"):
            network = fold_normalization(self.build(**options))
        for layer in network.layers:
            if layer.weights:
                _draw_kernel(layer.kernel)
        return network


# An encoder has the same name here, in params.yaml, and as a layer of the models.
ENCODERS = {
    "vgg16": Encoder(keras.applications.VGG16),
    "vgg19": Encoder(keras.applications.VGG19),
    "mobilenet_v2": Encoder(keras.applications.MobileNetV2, top=True, folded=True),
    "efficientnet_lite2": Encoder(EfficientNetLite2, top=True, folded=True),
}


def _draw_kernel(kernel: keras.Variable) -> None:
    """Draw a kernel whose outputs, after a ReLU, have the scale of its inputs.

    References
    ----------
    He, Zhang, Ren, Sun: Delving Deep into Rectifiers. ICCV 2015, equation 10.
    """
    height, width, channels, _ = kernel.shape
    depthwise = kernel.shape[-1] == 1  # each output depends on one channel
    inputs = height * width * (1 if depthwise else channels)
    kernel.assign(keras.random.normal(kernel.shape, stddev=(2 / inputs) ** 0.5))


def encode(
    x: keras.KerasTensor, name: str, outputs: tuple[str, ...], trainable: Collection[str] = ()
) -> list[keras.KerasTensor]:
    """Apply an encoder and return the outputs of some layers; freeze all but `trainable` layers.

    Parameters
    ----------
    x : (N, H, W, 3) tensor
        In the range that the network's weights expect.
    name : str
        A key of `ENCODERS`.
    outputs : tuple of str
        Names of the layers whose outputs to return.
    trainable : collection of str
        Names of the layers to train.
    """
    network = ENCODERS[name].without_top()
    for layer in network.layers:
        layer.trainable = layer.name in trainable
    encoder = keras.Model(
        network.input, [network.get_layer(output).output for output in outputs], name=name
    )
    return encoder(x)


def load_encoder(model: keras.Model, name: str, weights: str) -> None:
    """Load pretrained weights into a model's encoder; "random" leaves it as it was initialized.

    Parameters
    ----------
    model : keras.Model
        Its encoder is the layer called `name`.
    name : str
        A key of `ENCODERS`, and of `encoders` in params.yaml.
    weights : str
        "random", "imagenet", or the path of a file with the network's weights, with the top if
        `Encoder.top`.

    Raises
    ------
    ColorizationError
        As for `pretrained.build_pretrained`.
    """
    if weights == "random":
        return
    encoder = ENCODERS[name]
    pretrained = build_pretrained(
        encoder.build,
        weights,
        parameter=f"encoders.{name}",
        name=name if encoder.top else f"{name} without top",
        **({"classifier_activation": None} if encoder.top else {"include_top": False}),
    )
    if encoder.folded:
        pretrained = fold_normalization(pretrained)
    for layer in model.get_layer(name).layers:
        if layer.weights:
            layer.set_weights(pretrained.get_layer(layer.name).get_weights())
