"""Packaged untrained models, for tests of colorizing."""

import atexit
import dataclasses
import functools
import shutil
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from colorization.backbones.weights import Pretrained
from colorization.core.settings import NONE
from colorization.dataset.examples import Examples
from colorization.embedding import imagenet, resizing, standardization
from colorization.embedding.imagenet import Predict
from colorization.networks.architecture import takes_embedding
from colorization.networks.record import TRAINING
from colorization.networks.saving import save_architecture
from colorization.networks.vividness import LOGITS
from colorization.packaging.embedder import write_embedder
from colorization.packaging.package import Origin, package
from evaluated import evaluation, rows
from samples import PARAMS, VARIANTS, model_of
from test_inventory import TABLE

SIDE = 32  # px
EMBED = PARAMS.embed.model_copy(update={"network": "mobilenet_v2", "precision": "float32"})
ORIGIN = Origin(PARAMS.download.source, TABLE)


@functools.cache
def logits() -> Predict:
    """The embedding network, built once."""
    return imagenet.compile_embedder(imagenet.build_embedder(EMBED))


@functools.cache
def embedder() -> Path:
    """The output of the stage `embedder`, written once."""
    folder = Path(tempfile.mkdtemp(prefix="embedder-"))
    atexit.register(shutil.rmtree, folder)
    write_embedder(EMBED, "random", folder)
    return folder


@functools.cache
def with_vividness() -> Path:
    """A package with adjustable vividness, written once; read only."""
    folder = Path(tempfile.mkdtemp(prefix="with-vividness-"))
    atexit.register(shutil.rmtree, folder)
    return write_package(folder / "mobilenet_unet", untrained("mobilenet_unet"), "mobilenet_unet")


def with_embeddings(examples: Examples) -> tuple[Examples, np.ndarray]:
    """Examples with the embeddings that the stage `embed` would give them, and their mean and
    deviation.
    """
    side = imagenet.NETWORKS[EMBED.network].image_size
    raw = logits()(resizing.resize_square(examples.images.L.astype(np.float32), side))
    mean_and_deviation = standardization.fit_normalization(raw, "random")
    return (
        dataclasses.replace(
            examples, embeddings=standardization.normalize(raw, mean_and_deviation)
        ),
        mean_and_deviation,
    )


def untrained(variant: str, precision: str = "float32") -> keras.Model:
    """A model whose colors are strong: the last layers' weights are enlarged.

    Without an embedding, their inputs are weaker.
    """
    factor = 32 if variant == "bn_maxpool_no_embedding" else 8
    model = model_of(variant, 1, precision)
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
    return out
