"""Measure the convolutions of a training step one at a time: a lower bound for the step.

PyTorch calls the same kernels of oneDNN. Prints a Markdown table of medians: milliseconds, and the
rate of each pass in GFLOP/s.

    python benchmarks/convolutions.py --variants baseline bn_maxpool
"""

import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from keras import layers

import turns
from arguments import build_parser
from colorization.backbones.precision import choose_precision
from colorization.networks import catalog as all_variants
from colorization.networks.architecture import takes_embedding
from steps import batch, compiled

PASSES = ["forward", "backward, data", "backward, weights"]


def main(variants: list[str], image_size: int, batch_size: int, rounds: int) -> None:
    print(f"{turns.machine()}\n\n{image_size} px, batches of {batch_size}\n")
    policy = choose_precision("auto", float16=True)
    rows = []
    for variant in variants:
        model = compiled(variant, policy)
        shape = (batch_size, image_size)
        inputs, target = batch(variant, shape, embedding=takes_embedding(model))
        step = median(partial(model.train_on_batch, inputs, target), rounds)
        spent = pd.DataFrame(passes(model, inputs, rounds)).groupby("pass").sum()
        rates = spent["operations"] / spent["seconds"] / 1e9
        together = spent["seconds"].sum()
        row = {"variant": variant}
        for name in PASSES:
            row[name] = f"{1000 * spent['seconds'][name]:.0f} ({rates[name]:.0f})"
        row |= {"together": f"{1000 * together:.0f}", "step": f"{1000 * step:.0f}"}
        rows.append(row | {"of the step": f"{together / step:.0%}"})
    print(f"\n{pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True)}")


def passes(model: keras.Model, inputs: list, rounds: int) -> Iterator[dict[str, str | float]]:
    """Measure seconds and operations of each pass through a convolution in a step."""
    convolutions = [layer for layer in model.layers if isinstance(layer, layers.Conv2D)]
    ends = keras.Model(model.inputs, [[layer.input, layer.output] for layer in convolutions])
    for layer, (before, after) in zip(convolutions, ends(inputs), strict=True):
        dtype, strides = layer.compute_dtype, [1, *layer.strides, 1]
        kernel = tf.cast(layer.kernel.value, dtype)
        x, y = (tf.random.normal(tensor.shape, dtype=dtype) for tensor in (before, after))
        passes = [
            partial(tf.raw_ops.Conv2D, input=x, filter=kernel),
            partial(
                tf.raw_ops.Conv2DBackpropInput,
                input_sizes=x.shape.as_list(),
                filter=kernel,
                out_backprop=y,
            ),
            partial(
                tf.raw_ops.Conv2DBackpropFilter,
                input=x,
                filter_sizes=kernel.shape.as_list(),
                out_backprop=y,
            ),
        ]
        for name, function in zip(PASSES, passes, strict=True):
            if name == "backward, data" and layer.input is model.inputs[0]:
                continue  # the gradient of the input L is not needed
            computed = tf.function(partial(function, strides=strides, padding="SAME"))
            yield {
                "pass": name,
                "seconds": median(partial(fetch, computed), rounds),
                "operations": 2 * int(tf.size(y)) * int(tf.size(kernel)) / kernel.shape[-1],
            }


def fetch(compute: Callable[[], tf.Tensor]) -> np.ndarray:
    return compute().numpy()


def median(step: turns.Step, rounds: int) -> float:
    """Measure seconds, after an untimed first call."""
    step()
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument(
        "--variants",
        nargs="+",
        choices=[name for name in all_variants.names() if not all_variants.load(name).encoder],
        default=["baseline", "deeper", "bn_maxpool"],  # others share those of bn_maxpool
    )
    parser.add_argument("--image_size", type=int, default=224)
    parser.add_argument("--batch_size", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    main(**vars(parser.parse_args()))
