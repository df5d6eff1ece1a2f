"""What reading and feeding costs a training: as much as its steps take longer on cached arrays.

For each profile: the time of a step that is given the same tensors again and again, of one that is
fed by `Batches` through Keras, and of reading a batch alone. Prints a Markdown table.

    python benchmarks/input_pipeline.py
"""

import argparse
import tempfile
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pandas as pd

import turns
from colorization import arrays
from colorization.examples import Examples
from colorization.models.variants import build_model
from colorization.params import load_params
from colorization.precision import choose_precision
from colorization.training import Batches

ROOT = Path(__file__).resolve().parent.parent
PROFILES = ("quick", "paper")


def main(variant: str, steps: int, rounds: int) -> None:
    print(f"{turns.machine()}\n\n{variant}, {steps} steps in each turn\n")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for profile in PROFILES:
            params = load_params(ROOT / "profiles" / f"{profile}.yaml")
            batch_size, side = params.train.batch_size, params.preprocess.image_size
            cached = Path(folder) / profile
            write(cached, steps * batch_size, side)
            told = (variant, params.train.precision, cached, batch_size)
            measured = turns.measure(
                {way.__name__: partial(way, *told) for way in (given, fed, read)}, rounds
            )
            step, with_feeding, reading = (
                1000 * measured[way.__name__].median / steps for way in (given, fed, read)
            )
            rows.append(
                {
                    "profile": f"{profile}: {side} px, batches of {batch_size}",
                    "step, ms": f"{step:.1f}",
                    "step with feeding, ms": f"{with_feeding:.1f}",
                    "difference": f"{with_feeding / step - 1:+.1%}",
                    "reading alone, ms": f"{reading:.1f}",
                    "of the step": f"{reading / step:.1%}",
                }
            )
    print(pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True))


def write(folder: Path, count: int, side: int) -> None:
    """Cached arrays of noise, and embeddings."""
    folder.mkdir()
    rng = np.random.default_rng(1)
    arrays.create(folder, [f"{index}.png" for index in range(count)], side)
    for index in range(count):
        arrays.fill(folder, index, rng.integers(0, 256, (1, side, side, 3), np.uint8))
    np.save(folder / "embeddings.npy", rng.normal(size=(count, 1000)).astype(np.float32))


def batches(folder: Path, batch_size: int) -> Batches:
    examples = Examples(arrays.read(folder), np.load(folder / "embeddings.npy"))
    return Batches(examples, batch_size, seed=1, flip=True)


def compiled(variant: str, precision: str) -> keras.Model:
    model = build_model(variant, 1, choose_precision(precision, float16=True))
    model.compile(optimizer="adam", loss="mse", metrics=["mse"])
    return model


def given(variant: str, precision: str, folder: Path, batch_size: int) -> turns.Step:
    model, data = compiled(variant, precision), batches(folder, batch_size)
    (L, embedding), ab = data[0]
    inputs = [keras.ops.convert_to_tensor(array) for array in (L, embedding)]
    truth = keras.ops.convert_to_tensor(ab)

    def epoch() -> None:
        model.reset_metrics()
        for _ in range(len(data)):
            model.train_on_batch(inputs, truth)

    return epoch


def fed(variant: str, precision: str, folder: Path, batch_size: int) -> turns.Step:
    model, data = compiled(variant, precision), batches(folder, batch_size)
    return lambda: model.fit(data, shuffle=False, verbose=0)


def read(variant: str, precision: str, folder: Path, batch_size: int) -> turns.Step:  # noqa: ARG001
    data = batches(folder, batch_size)
    return lambda: [data[index] for index in range(len(data))]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variant", default="bn_maxpool")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    main(**vars(parser.parse_args()))
