"""Does precision do harm: final validation MSE of trainings in float32 and in mixed_bfloat16.

Trains on the cached arrays and embeddings that `dvc repro` has made, with the settings of
params.yaml, from several seeds. Prints a Markdown table.

    python benchmarks/precision.py --variants baseline bn_maxpool --seeds 1 2 3
"""

import argparse
import tempfile
from pathlib import Path

import pandas as pd

import turns
from colorization.core.settings import Encoders, Study, Train
from colorization.core.tables import read_table
from colorization.training.training import Inputs, train_variant

ROOT = Path(__file__).resolve().parent.parent
PARAMS = ROOT / "params.yaml"
PRECISIONS = ("float32", "mixed_bfloat16")


def main(variants: list[str], seeds: list[int]) -> None:
    params = Train.load(PARAMS)
    data = ROOT / "data"
    inputs = Inputs(data / "lab", data / "embeddings", None, Encoders.load(PARAMS))
    rows = []
    for variant in variants:
        for precision in PRECISIONS:
            settings = params.model_copy(update={"precision": precision})
            errors = [final_error(variant, seed, settings, inputs) for seed in seeds]
            rows.append(
                {"variant": variant, "precision": precision}
                | {f"seed {seed}": error for seed, error in zip(seeds, errors, strict=True)}
                | {"lowest": min(errors), "highest": max(errors)}
            )
    print(f"{turns.machine()}\n\n{len(inputs.examples('train'))} images, {params.epochs} epochs\n")
    print(pd.DataFrame(rows).to_markdown(index=False, floatfmt=".5f"))


def final_error(variant: str, seed: int, settings: Train, inputs: Inputs) -> float:
    """Validation MSE after the last epoch."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        train_variant(
            variant,
            seed,
            settings,
            inputs,
            folder / "model",
            folder / "unfinished",
            folder / "memory.json",
        )
        return float(read_table(folder / "model" / "history.csv")["val_mse"].iloc[-1])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--variants",
        nargs="+",
        choices=Study.load(PARAMS).with_embedding,
        default=["baseline", "bn_maxpool"],
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    main(**vars(parser.parse_args()))
