"""A packaged model for programs without this project: a TensorFlow SavedModel and an ONNX file.

Both take `grey`, (N, S, S, 1) uint8, sRGB values of grey photographs, and give `ab`,
(N, S, S, 2) float32, CIE a* and b*; S is the size that the model was trained at.

    python -m colorization.colorizing.export models/chosen --output models/exported
"""

import argparse
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from colorization.backbones import embedding
from colorization.colorizing.unpacking import Unpacked, unpack
from colorization.core.errors import ColorizationError
from colorization.core.files import whole_folder
from colorization.dataset import arrays
from colorization.imaging import lab

SAVED_MODEL, ONNX = "saved_model", "model.onnx"


def export(package: Path, out: Path, embedding_weights: Path | None = None) -> None:
    """Write a packaged model in both formats.

    Parameters
    ----------
    package : Path
        A folder that the stage `package` made.
    out : Path
        Gets SAVED_MODEL, a folder, and ONNX, a file; replaced if it exists.
    embedding_weights : Path, optional
        See `unpacking.unpack`.

    Raises
    ------
    ColorizationError
        If the package cannot be loaded, or what ONNX needs is not installed.
    """
    if find_spec("tf2onnx") is None:
        raise ColorizationError("writing ONNX needs tf2onnx: pip install 'colorization[export]'")
    if out.exists() and not {path.name for path in out.iterdir()} <= {SAVED_MODEL, ONNX}:
        raise ColorizationError(f"{out} holds other files; name a folder of its own")
    model = from_grey_to_ab(unpack(package, embedding_weights))
    with whole_folder(out) as folder:
        model.export(folder / SAVED_MODEL, verbose=False)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "In the future `np.object`", FutureWarning)  # Keras'
            model.export(folder / ONNX, format="onnx", verbose=False)


def from_grey_to_ab(unpacked: Unpacked) -> keras.Model:
    """Join conversion to L, embedding and colorization in one float32 model of one input.

    Parameters
    ----------
    unpacked : Unpacked

    Returns
    -------
    keras.Model
        From `grey`, (N, S, S, 1) uint8, to `ab`, (N, S, S, 2) float32, CIE.
    """
    side = unpacked.image_size
    grey = keras.Input((side, side, 1), dtype="uint8", name="grey")
    L = luminance(grey)
    inputs = [L]
    if unpacked.embedder is not None:
        mean, deviation = unpacked.embedder.mean_and_deviation
        embedder = embedding.build_embedder(unpacked.embedder.params, resize=by_matrices(side))
        inputs.append((embedder(L) - mean) / deviation)
    ab = in_float32(unpacked.model)(inputs, training=False) * lab.AB_SCALE
    return keras.Model(grey, {"ab": ab})


def luminance(grey: keras.KerasTensor) -> keras.KerasTensor:
    """Look sRGB greys, (...) uint8, up as L, in the precision that the model was trained in."""
    every = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=-1)
    L = lab.rgb_to_lab(every, arrays.CACHE_DTYPE)[0].astype(np.float32)
    return ops.take(L.ravel(), ops.cast(grey, "int32"))


def by_matrices(side: int) -> embedding.Resize:
    """Resize squares of one size as `embedding.antialiased` does, in operations that ONNX has."""

    def resize(L: keras.KerasTensor, image_size: int) -> keras.KerasTensor:
        # Resizing is linear, and apart in rows and columns: the identity's rows show how.
        rows = ops.image.resize(np.eye(side)[..., None], (image_size, side), antialias=True)
        rows = ops.convert_to_numpy(rows)[..., 0]
        return ops.matmul(ops.matmul(rows, L[..., 0]), rows.T)[..., None]

    return resize


def in_float32(model: keras.Model) -> keras.Model:
    """The same weights without reduced precision, which few programs compute in."""

    def layer_in_float32(layer: layers.Layer) -> layers.Layer:
        return type(layer).from_config(layer.get_config() | {"dtype": "float32"})

    copy = keras.models.clone_model(model, clone_function=layer_in_float32)
    copy.set_weights(model.get_weights())
    return copy


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m colorization.colorizing.export", description=__doc__
    )
    parser.add_argument("package", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--embedding-weights", type=Path)
    options = parser.parse_args()
    try:
        export(options.package, options.output, options.embedding_weights)
    except ColorizationError as error:
        sys.exit(f"export: {error}")
    print(f"wrote {options.output / SAVED_MODEL} and {options.output / ONNX}")


if __name__ == "__main__":
    main()
