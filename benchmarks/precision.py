"""Compare the final validation MSE of trainings in float32 and in mixed_bfloat16.

Trains on the cached arrays and embeddings, with the settings of params.yaml, from several seeds.
Prints a Markdown table.

    dvc repro colors experiments/dvc.yaml:inputs
    python benchmarks/precision.py --variants baseline bn_maxpool --seeds 1 2 3
"""

import tempfile
from pathlib import Path

import pandas as pd

import turns
from arguments import build_parser
from cached import PARAMS, FewData, settings_and_data, train
from colorization.core.settings import NONE, Params, Train
from colorization.core.tables import read_table

PRECISIONS = ("float32", "mixed_bfloat16")


def main(variants: list[str], seeds: list[int]) -> None:
    rows = []
    for variant in variants:
        settings, data = settings_and_data(variant)
        for precision in PRECISIONS:
            changed = settings.model_copy(update={"precision": precision})
            errors = [final_error(variant, seed, changed, data) for seed in seeds]
            rows.append(
                {"variant": variant, "precision": precision}
                | {f"seed {seed}": error for seed, error in zip(seeds, errors, strict=True)}
                | {"lowest": min(errors), "highest": max(errors)}
            )
    print(f"{turns.machine()}\n\n{len(data.examples('train'))} images, {settings.epochs} epochs\n")
    print(pd.DataFrame(rows).to_markdown(index=False, floatfmt=".5f"))


def final_error(variant: str, seed: int, settings: Train, data: FewData) -> float:
    """Train, and return the validation MSE after the last epoch."""
    with tempfile.TemporaryDirectory() as folder:
        model = train(variant, seed, settings, data, Path(folder))
        return float(read_table(model / "history.csv")["val_mse"].iloc[-1])


if __name__ == "__main__":
    parser = build_parser(__doc__)
    parser.add_argument(
        "--variants",
        nargs="+",
        choices=[k for k, line in Params.load(PARAMS).variants.items() if line.encoder == NONE],
        default=["baseline", "bn_maxpool"],
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    main(**vars(parser.parse_args()))
