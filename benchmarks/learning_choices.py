"""Compare choices for `train`: short trainings with one change each.

Trains variants on some of the cached arrays with the settings of params.yaml, except the epochs and
the number of training images. Prints the validation MSE in a Markdown table. The learning rate is
scheduled over the short training as over the full one.

    dvc repro colors experiments/dvc.yaml:inputs
    python benchmarks/learning_choices.py --images 1800 --epochs 4
"""

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

import turns
from arguments import build_parser
from cached import settings_and_data, train
from colorization.core.settings import Train
from colorization.core.tables import read_table


def choices(settings: Train) -> dict[str, dict[str, Any]]:
    """Return the changes of `train` by their name."""
    rate, batch = settings.learning_rate, settings.batch_size
    return {
        "as params.yaml says": {},
        "learning rate over 3": {"learning_rate": rate / 3},
        "learning rate times 3": {"learning_rate": rate * 3},
        "batches of half the size": {"batch_size": batch // 2},
        "a rate that does not fall": {"decay_rate": 1.0},
    }


def shortened(settings: Train, whole: int, images: int, epochs: int) -> Train:
    """Return the settings of a short training, with its schedule compressed."""
    fewer = images * epochs / (whole * settings.epochs)
    steps = max(1, round(settings.decay_steps * fewer))
    return settings.model_copy(update={"epochs": epochs, "decay_steps": steps})


def main(images: int, epochs: int, seed: int, variants: list[str]) -> None:
    prepared = {variant: settings_and_data(variant, images) for variant in variants}
    settings, data = prepared[variants[0]]
    short = shortened(settings, len(replace(data, images=None).examples("train")), images, epochs)
    print(f"{turns.machine()}\n\n{images} training images, {epochs} epochs, seed {seed}\n")
    rows = []
    for name, changed in choices(short).items():
        row: dict[str, Any] = {"": name}
        for variant in variants:
            started = time.perf_counter()
            with tempfile.TemporaryDirectory() as folder:
                settings = short.model_copy(update=changed)
                model = train(variant, seed, settings, prepared[variant][1], Path(folder))
                history = read_table(model / "history.csv")
            row |= {
                f"{variant}: lowest validation MSE": f"{history['val_mse'].min():.5f}",
                f"{variant}: minutes": f"{(time.perf_counter() - started) / 60:.1f}",
            }
        rows.append(row)
        print(rows[-1], flush=True)
    print(f"\n{pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True)}")


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument("--images", type=int, default=1800)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--variants", nargs="+", default=["bn_maxpool", "baseline"])
    main(**vars(parser.parse_args()))
