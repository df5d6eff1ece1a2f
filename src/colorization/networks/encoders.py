"""ImageNet networks that variants see L through, and their weights."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import keras

from colorization.backbones.folding import fold_normalization
from colorization.backbones.precision import dtype_policy
from colorization.backbones.pretrained import build_pretrained


@dataclass(frozen=True)
class Encoder:
    """A network of `keras.applications`.

    Attributes
    ----------
    build : callable
    top : bool
        Whether its weights are those with the top, so that the file of an embedding network serves
        here too.
    folded : bool
        Whether its normalizations are folded into the convolutions before them. It then runs in
        float32 whatever the precision policy: depthwise convolutions are slow in 16 bits.
    """

    build: Callable[..., keras.Model]
    top: bool = False
    folded: bool = False

    def without_top(self) -> keras.Model:
        """Build it for images of any size, with random weights.

        Keras' own would leave nothing of the image after a few layers, were it not for the
        normalizations: where these are folded away, kernels are drawn anew.
        """
        options = {"include_top": False, "weights": None, "input_shape": (None, None, 3)}
        if not self.folded:
            return self.build(**options)
        with dtype_policy("float32"):
            network = fold_normalization(self.build(**options))
        for layer in network.layers:
            if layer.weights:
                _draw(layer.kernel)
        return network


# By the name that an encoder has in params.yaml, and as a layer of the models.
ENCODERS = {
    "vgg16": Encoder(keras.applications.VGG16),
    "vgg19": Encoder(keras.applications.VGG19),
    "mobilenet_v2": Encoder(keras.applications.MobileNetV2, top=True, folded=True),
}


def _draw(kernel: keras.Variable) -> None:
    """Draw a kernel so that a ReLU after it keeps the scale of what comes in, channel by channel.

    References
    ----------
    He, Zhang, Ren, Sun: Delving Deep into Rectifiers. ICCV 2015, equation 10.
    """
    height, width, channels, _ = kernel.shape
    depthwise = kernel.shape[-1] == 1  # its outputs see one channel each
    inputs = height * width * (1 if depthwise else channels)
    kernel.assign(keras.random.normal(kernel.shape, stddev=(2 / inputs) ** 0.5))


def encode(
    x: keras.KerasTensor, name: str, outputs: tuple[str, ...], trained: Collection[str] = ()
) -> list[keras.KerasTensor]:
    """Outputs of layers of an encoder, of which only the `trained` layers are not frozen.

    Parameters
    ----------
    x : (N, H, W, 3) tensor
        As the network's weights expect it.
    name : str
        A key of `ENCODERS`.
    outputs : tuple of str
        Names of its layers.
    trained : collection of str
        Likewise.
    """
    network = ENCODERS[name].without_top()
    for layer in network.layers:
        layer.trainable = layer.name in trained
    encoder = keras.Model(
        network.input, [network.get_layer(output).output for output in outputs], name=name
    )
    return encoder(x)


def load_encoder(model: keras.Model, name: str, weights: str) -> None:
    """Give a model's encoder pretrained weights; random ones stay as they were drawn.

    Parameters
    ----------
    model : keras.Model
        With a layer of that name.
    name : str
        A key of `ENCODERS`, and of `encoders` in params.yaml.
    weights : str
        "random", "imagenet", or the path of a file with the weights of the network, with its top
        if the encoder's record says so.

    Raises
    ------
    ColorizationError
        As `pretrained.build_pretrained`.
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
