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

from colorization.colorizing.unpacking import Unpacked, unpack
from colorization.core.errors import ColorizationError, reason
from colorization.core.files import whole_folder
from colorization.embedding import imagenet
from colorization.imaging import lab, view
from colorization.networks.dial import Dialled

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
    if out.is_file():
        raise ColorizationError(f"{out} is a file; name a folder")
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
        embedder = imagenet.build_embedder(unpacked.embedder.params)
        seen = resize(L, side, unpacked.embedder.image_size)
        inputs.append((embedder(seen) - mean) / deviation)
    if dialled := Dialled.of(unpacked.model):
        inputs.append(ops.full_like(L[:, 0, 0], dialled.default))
    ab = in_float32(unpacked.model)(inputs, training=False) * lab.AB_SCALE
    return keras.Model(grey, {"ab": ab})


def luminance(grey: keras.KerasTensor) -> keras.KerasTensor:
    """Look sRGB greys, (...) uint8, up as L, in the precision that the model was trained in."""
    every = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=-1)
    return ops.take(view.luminance(every).ravel(), ops.cast(grey, "int32"))


def resize(L: keras.KerasTensor, from_px: int, to_px: int) -> keras.KerasTensor:
    """Resize squares, (N, from_px, from_px, 1), as `view.square_for`, within a model."""
    matrix = view.resize_matrix(from_px, to_px)
    return ops.matmul(ops.matmul(matrix, L[..., 0]), matrix.T)[..., None]


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
    except OSError as error:
        sys.exit(f"export: {reason(error)}")
    print(f"wrote {options.output / SAVED_MODEL} and {options.output / ONNX}")


if __name__ == "__main__":
    main()
