"""Packaged untrained models, for tests of colorizing."""

import functools
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

import memory
from colorization.core.model_records import TRAINING, Pretrained
from colorization.core.settings import NONE
from colorization.dataset import arrays
from colorization.dataset.examples import Examples
from colorization.embedding import imagenet, resizing, standardization
from colorization.networks.architecture import Architecture, build_network, takes_embedding
from colorization.networks.blocks import BilinearUpsampling, conv_norm_relu
from colorization.networks.classification import classification
from colorization.networks.saving import save_architecture
from colorization.networks.vividness import LOGITS
from colorization.packaging.embedder import write_embedder
from colorization.packaging.package import Origin, package
from evaluated import evaluation, rows
from samples import PARAMS, VARIANTS, calibrated, colors_of_scenes, examples, model_of
from shared import made_once
from test_inventory import TABLE

SIDE = 32  # px
EMBED = PARAMS.embed.model_copy(update={"network": "mobilenet_v2", "precision": "float32"})
ORIGIN = Origin(PARAMS.download.source, TABLE)


@functools.cache
def embedder() -> Path:
    """The output of the stage `embedder`."""

    def make(folder: Path) -> None:
        folder.mkdir()
        write_embedder(EMBED, "random", folder)
        memory.free_networks_if_grown()

    return made_once("embedder", make)[0]


@functools.cache
def with_vividness() -> Path:
    """A package of `adjustable_model`; read only, as the model's directory next to it."""

    def make(folder: Path) -> None:
        write_package(folder / "adjustable", adjustable_model(), "mobilenet_unet")

    return made_once("with-vividness", make)[0] / "adjustable"


@functools.cache
def adjustable_model() -> keras.Model:
    """A small untrained model with depthwise convolution, normalization, adjustable vividness."""

    def build() -> keras.Model:
        L = keras.Input((None, None, 1), name="L")
        half = conv_norm_relu(L, 8, downsample=True, name="half")
        x = keras.layers.DepthwiseConv2D(3, 2, padding="same", name="depthwise")(half)
        x = conv_norm_relu(x, 16, name="quarter")
        x = keras.layers.Concatenate()([BilinearUpsampling()(x), half])
        return keras.Model([L], conv_norm_relu(x, 16, name="decoder"))

    return classifier("adjustable", build, 128)


def classifier(name: str, build: Callable[[], keras.Model], strength: float) -> keras.Model:
    """A calibrated model with strong colors over the features that `build` gives."""
    objective = partial(classification, rebalancing=0.0)
    architecture = Architecture(build, "for tests", None, objective=objective)
    network = build_network(name, architecture, 1, colors=colors_of_scenes())
    return with_strong_colors(calibrated(network.model), strength)


@functools.cache
def with_embedding() -> Path:
    """A package that takes the embedding; read only, as the model's directory next to it."""

    def make(folder: Path) -> None:
        L = examples(folder / "scenes", 5, SIDE).images.L.astype(np.float32)
        logits = imagenet.compile_embedder(imagenet.build_embedder(EMBED))
        raw = logits(resizing.resize_square(L, imagenet.NETWORKS[EMBED.network].image_size))
        mean_and_deviation = standardization.fit_normalization(raw)
        np.save(folder / "embeddings", standardization.normalize(raw, mean_and_deviation))
        write_package(folder / "baseline", untrained("baseline"), "baseline", mean_and_deviation)

    return made_once("with-embedding", make)[0] / "baseline"


def scenes_with_embeddings() -> Examples:
    """Scenes, with the embeddings that the stage `embed` would give them."""
    folder = with_embedding().parent
    return Examples(arrays.read(folder / "scenes"), np.load(folder / "embeddings.npy"))


def untrained(variant: str, precision: str = "float32") -> keras.Model:
    """A model whose colors are strong: the last layers' weights are enlarged.

    Without an embedding, their inputs are weaker.
    """
    factor = 32 if variant == "bn_maxpool_no_embedding" else 8
    return with_strong_colors(model_of(variant, 1, precision), factor)


def with_strong_colors(model: keras.Model, factor: float) -> keras.Model:
    """Multiply the weights of a model's last layer."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D) and (layer.filters == 2 or layer.name == LOGITS):
            layer.kernel.assign(factor * layer.kernel)
    return model


def write_package(
    out: Path,
    model: keras.Model,
    variant: str,
    mean_and_deviation: np.ndarray | None = None,
    origin: Origin = ORIGIN,
    **training: Any,
) -> Path:
    """Package a model as the stage `package` does."""
    folder = out.with_name(f"{out.name}-directory")
    folder.mkdir(parents=True)
    save_architecture(model, folder)
    model.save_weights(folder / "model.weights.h5")
    if mean_and_deviation is not None:
        np.save(folder / "embedding.npy", mean_and_deviation)
    line = VARIANTS[variant]
    encoder = Pretrained(network=line.encoder, weights="random")
    embedding = Pretrained(network="mobilenet_v2", weights="random", precision=EMBED.precision)
    record: dict[str, Any] = {
        "variant": variant,
        "network": line.network,
        "image_size": SIDE,
        "encoder": encoder if line.encoder != NONE else None,
        "embedding": embedding if takes_embedding(model) else None,
    }
    made_up = evaluation(rows(4), **(record | training))
    made_up.training.write(folder / TRAINING)
    made_up.summary.write(folder / "metrics.json")
    made_up.history.to_csv(folder / "history.csv", index=False)
    out.mkdir()
    package(folder, folder, embedder(), origin, out)
    memory.free_networks_if_grown()  # a conversion takes hundreds of MiB
    return out
