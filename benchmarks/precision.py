"""Does precision do harm: final validation MSE of trainings in float32 and in mixed_bfloat16.

Trains on the cached arrays and embeddings that `dvc repro` has made, with the settings of
params.yaml, from several seeds. Prints a Markdown table.

    python benchmarks/precision.py --variants baseline bn_maxpool --seeds 1 2 3
"""

import argparse
import tempfile
from pathlib import Path

import pandas as pd
from colorization.networks.variants import VARIANTS, build_model
from colorization.params import Train, load_params

import turns
from colorization.dataset.examples import Examples, read_examples
from colorization.training.devices import strategy
from colorization.training.fitting import train
from colorization.training.snapshots import Snapshots

ROOT = Path(__file__).resolve().parent.parent
PRECISIONS = ("float32", "mixed_bfloat16")


def main(variants: list[str], seeds: list[int]) -> None:
    params = load_params(ROOT / "params.yaml").train
    training, validation = (
        read_examples(ROOT / "data" / "lab", ROOT / "data" / "embeddings", part)
        for part in ("train", "validation")
    )
    rows = []
    for variant in variants:
        for precision in PRECISIONS:
            errors = [
                final_error(variant, precision, seed, params, training, validation)
                for seed in seeds
            ]
            rows.append(
                {"variant": variant, "precision": precision}
                | {f"seed {seed}": error for seed, error in zip(seeds, errors, strict=True)}
                | {"lowest": min(errors), "highest": max(errors)}
            )
    print(f"{turns.machine()}\n\n{len(training)} images, {params.epochs} epochs\n")
    print(pd.DataFrame(rows).to_markdown(index=False, floatfmt=".5f"))


def final_error(
    variant: str,
    precision: str,
    seed: int,
    params: Train,
    training: Examples,
    validation: Examples,
) -> float:
    """Validation MSE after the last epoch."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "model"
        folder.mkdir()
        with strategy("one").scope():
            model = build_model(variant, seed, precision)
        snapshots = Snapshots(Path(name) / "snapshots", "")
        train(model, training, validation, params, seed, folder, snapshots)
        return float(pd.read_csv(folder / "history.csv")["val_mse"].iloc[-1])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--variants", nargs="+", choices=VARIANTS, default=["baseline", "bn_maxpool"]
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    main(**vars(parser.parse_args()))
