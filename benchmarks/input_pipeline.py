"""Measure the cost of the input pipeline: how much longer steps take when they read cached arrays.

For each profile: the time of a step that always gets the same tensors, of one with the input
pipeline of `fitting.fit`, and of reading a batch. Prints a Markdown table of medians. The
difference is the median of the ratios of all turns, with their minimum and maximum in brackets: the
machine's speed changes between turns.

    python benchmarks/input_pipeline.py
"""

import tempfile
import time
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pandas as pd

import turns
from arguments import build_parser
from colorization.backbones.precision import choose_precision
from colorization.core.settings import Preprocess, Train
from colorization.dataset import arrays
from colorization.dataset.examples import Examples
from colorization.networks import catalog
from colorization.networks.objective import Objective
from colorization.training.input_pipeline import Batches, as_dataset
from steps import COLORS, compiled

ROOT = Path(__file__).resolve().parent.parent
# Of a turn: the epochs of one `fit`, so that its start takes a small share of the time.
EPOCHS = {"quick": 6, "paper": 1}
STEPS = {"quick": 68, "paper": 4}  # of an epoch


def main(variant: str, profiles: list[str], rounds: int) -> None:
    print(f"{turns.machine()}\n\n{variant}\n")
    objective = catalog.load(variant).objective_for(COLORS)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for profile in profiles:
            epochs, steps = EPOCHS[profile], STEPS[profile]
            params = ROOT / "profiles" / f"{profile}.yaml"
            train, side = Train.load(params), Preprocess.load(params).image_size
            batch_size = train.batch_size
            cached = Path(folder) / profile
            write(cached, steps * batch_size, side)
            precision = choose_precision(train.precision, float16=True)
            model = compiled(variant, precision)
            data = batches(cached, objective, batch_size, epochs)
            methods = {method.__name__: method(model, data) for method in METHODS}
            measured = in_turns(methods, rounds)
            step, with_feeding, reading = 1000 * measured.median() / (epochs * steps)
            longer = (measured["fed"] / measured["given"] - 1).quantile([0.5, 0, 1])
            rows.append(
                {
                    "profile": f"{profile}: {side} px, {epochs} x {steps} batches of {batch_size}",
                    "step, ms": f"{step:.1f}",
                    "step with feeding, ms": f"{with_feeding:.1f}",
                    "difference": "{:+.1%} ({:+.1%} to {:+.1%})".format(*longer),
                    "reading alone, ms": f"{reading:.1f}",
                    "of the step": f"{reading / step:.1%}",
                }
            )
    print(pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True))


def write(folder: Path, count: int, side: int) -> None:
    """Write cached arrays and embeddings of noise."""
    folder.mkdir()
    rng = np.random.default_rng(1)
    arrays.create(folder, [f"{index}.png" for index in range(count)], side)
    for index in range(count):
        arrays.fill(folder, index, rng.integers(0, 256, (1, side, side, 3), np.uint8))
    np.save(folder / "embeddings.npy", rng.normal(size=(count, 1000)).astype(np.float32))


def batches(folder: Path, objective: Objective, batch_size: int, epochs: int) -> Batches:
    examples = Examples(arrays.read(folder), np.load(folder / "embeddings.npy"))
    return Batches(examples, objective.target, batch_size, epochs, seed=1, flip=True)


def in_turns(methods: dict[str, turns.Step], rounds: int) -> pd.DataFrame:
    """Measure seconds, a row per turn, in this process, after an untimed first turn."""
    seconds: dict[str, list[float]] = {name: [] for name in methods}
    for turn in range(rounds + 1):
        for name, method in methods.items():
            started = time.perf_counter()
            method()
            if turn > 0:
                seconds[name].append(time.perf_counter() - started)
    return pd.DataFrame(seconds)


def given(model: keras.Model, data: Batches) -> turns.Step:
    arrays_of_inputs, target = data[0]
    inputs = [keras.ops.convert_to_tensor(array) for array in arrays_of_inputs]
    truth = keras.ops.convert_to_tensor(target)

    def steps() -> None:
        for _ in range(len(data)):
            model.train_on_batch(inputs, truth)

    return steps


def fed(model: keras.Model, data: Batches) -> turns.Step:
    return partial(
        model.fit,
        as_dataset(data),
        epochs=len(data) // data.per_epoch,
        steps_per_epoch=data.per_epoch,
        shuffle=False,
        verbose=0,
    )


def read(_: keras.Model, data: Batches) -> turns.Step:
    return lambda: [data[index] for index in range(len(data))]


METHODS = (given, fed, read)


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--variant", default="bn_maxpool")
    parser.add_argument("--profiles", nargs="+", choices=STEPS, default=list(STEPS))
    parser.add_argument("--rounds", type=int, default=5)
    main(**vars(parser.parse_args()))
