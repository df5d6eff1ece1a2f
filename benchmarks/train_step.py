"""Compare a training step of each variant with stock Keras and with the same network in PyTorch.

Prints Markdown tables: images per second (medians), ratios, peak memory, and our step's share of
the machine's matrix multiplication rate. Needs
benchmarks/requirements.txt.

    python benchmarks/train_step.py --variants baseline bn_maxpool
"""

from collections.abc import Callable
from functools import partial

import tensorflow as tf
import torch
from keras import layers

import turns
from arguments import build_parser
from colorization.backbones.precision import choose_precision
from colorization.networks import blocks
from colorization.networks import catalog as all_variants
from colorization.networks.architecture import Network, build_network, takes_embedding
from colorization.networks.normalization import FusedBatchNormalization
from steps import COLORS, batch, compiled
from torch_networks import LOSSES, NETWORKS, penalty, prepared, squared_error

OURS, STOCK = "ours", "stock Keras"


def main(variants: list[str], image_size: int, batch_size: int, rounds: int) -> None:
    shape = (batch_size, image_size)
    print(f"{turns.machine('torch')}\n\n{image_size} px, batches of {batch_size}\n")
    chosen = f"{OURS}, {choose_precision('auto', float16=False)}"
    print()
    for variant in variants:
        steps = {name: partial(method, variant, shape) for name, method in methods(variant).items()}
        products = {f"matrices, {dtype}": partial(multiplication, dtype) for dtype in DTYPES}
        measured = turns.measure(steps | products, rounds)
        rates = {
            dtype: MULTIPLICATION / measured.pop(f"matrices, {dtype}").median for dtype in DTYPES
        }
        operations = operations_per_image(variant, shape)
        print(f"## {variant}\n\n{operations / 1e9:.1f} GFLOP per image; matrices are multiplied at")
        print(", ".join(f"{rate / 1e9:.0f} GFLOP/s in {dtype}" for dtype, rate in rates.items()))
        shares = matrix_shares(measured, batch_size * operations, rates)
        more = {"share of the matrix rate": shares}
        table = turns.table(measured, chosen, batch_size, more)
        print(f"\n{table}\n", flush=True)


DTYPES = ("float32", "bfloat16")
SIDE, TIMES = 2048, 5  # of the matrices, and how often they are multiplied in a turn
MULTIPLICATION = TIMES * 2 * SIDE**3  # operations


def methods(variant: str) -> dict[str, Callable]:
    """Return the methods to compare; stock Keras differs only if there are normalizations."""
    keras_too = [FusedBatchNormalization]
    model = network_of(variant).model
    if any(isinstance(layer, FusedBatchNormalization) for layer in model.layers):
        keras_too.append(layers.BatchNormalization)
    steps_by_name: dict[str, Callable] = {
        f"{name}, {policy}": partial(keras_step, policy, normalization)
        for name, normalization in zip((OURS, STOCK), keras_too, strict=False)
        for policy in ("float32", "mixed_bfloat16")
    }
    steps_by_name["PyTorch, float32"] = partial(torch_step, torch.float32, in_one_graph=False)
    steps_by_name["PyTorch, bfloat16"] = partial(torch_step, torch.bfloat16, in_one_graph=False)
    steps_by_name["PyTorch, bfloat16, compiled"] = partial(
        torch_step, torch.bfloat16, in_one_graph=True
    )
    return steps_by_name


def network_of(variant: str) -> Network:
    return build_network(variant, all_variants.load(variant), 1, colors=COLORS)


def keras_step(
    policy: str, normalization: type, variant: str, shape: tuple[int, int]
) -> turns.Step:
    blocks.FusedBatchNormalization = normalization  # type: ignore[misc, assignment]
    model = compiled(variant, policy)
    inputs, target = batch(variant, shape, embedding=takes_embedding(model))
    return lambda: model.train_on_batch(inputs, target)


def torch_step(
    dtype: torch.dtype, variant: str, shape: tuple[int, int], *, in_one_graph: bool
) -> turns.Step:
    network, given, truth = prepared(variant, shape)
    optimizer = torch.optim.Adam(
        [parameter for parameter in network.parameters() if parameter.requires_grad], fused=True
    )
    forward = torch.compile(network) if in_one_graph else network
    loss_of = LOSSES[variant]() if variant in LOSSES else squared_error

    def step() -> float:
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
            predicted = forward(*given)
        loss = loss_of(predicted.float(), truth)
        (loss + penalty(network, 0.01) if variant == "l2" else loss).backward()
        optimizer.step()
        return loss.item()

    return step


def operations_per_image(variant: str, shape: tuple[int, int]) -> float:
    """Count the floating-point operations of a step in TensorFlow's graph."""
    training_model, loss_of = (
        network_of(variant).training_model,
        all_variants.load(variant).objective_for(COLORS).loss,
    )
    given, truth = batch(variant, (1, shape[1]), embedding=takes_embedding(training_model))

    @tf.function
    def gradients(inputs: list[tf.Tensor], target: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(loss_of(target, training_model(inputs, training=True)))
        return tape.gradient(loss, [weight.value for weight in training_model.trainable_weights])

    graph = gradients.get_concrete_function([tf.constant(x) for x in given], tf.constant(truth))
    tf.get_logger().setLevel("ERROR")  # the profiler is an API of TensorFlow 1
    options = tf.compat.v1.profiler.ProfileOptionBuilder(
        tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    ).with_empty_output()
    return tf.compat.v1.profiler.profile(graph.graph, options=options.build()).total_float_ops


def multiplication(dtype: str) -> turns.Step:
    """Multiply two matrices several times."""
    matrix = tf.cast(tf.random.normal((SIDE, SIDE)), dtype)
    product = tf.function(lambda: tf.matmul(matrix, matrix))
    return lambda: [product().numpy() for _ in range(TIMES)]


def matrix_shares(
    measured: dict[str, turns.Measured], operations: float, rates: dict[str, float]
) -> dict[str, str]:
    """Return each method's share of the rate of its precision."""
    dtypes = {name: "bfloat16" if "bfloat16" in name else "float32" for name in measured}
    return {
        name: f"{operations / result.median / rates[dtypes[name]]:.0%}"
        for name, result in measured.items()
    }


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--variants", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--image_size", type=int, default=224)
    parser.add_argument("--batch_size", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    main(**vars(parser.parse_args()))
