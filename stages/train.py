"""Stage `train`: cached arrays -> a variant, trained from a seed."""

from _paths import COLORS, HASH_CACHE, INPUTS, LAB, MODELS, PARAMS, TRAINING_CHECKPOINTS
from _stage import Measurements, run
from colorization.core.settings import Encoders, Train
from colorization.core.tables import read_table
from colorization.networks.inputs import VariantInputs
from colorization.training.training import Data, train_variant


def main(variant: str, seed: int) -> Measurements:
    data = Data(LAB, COLORS, VariantInputs.read(INPUTS / variant))
    name = f"{variant}-{seed}"
    trained = train_variant(
        variant,
        seed,
        Train.load(PARAMS),
        Encoders.load(PARAMS),
        data,
        MODELS / name,
        TRAINING_CHECKPOINTS / name,
        HASH_CACHE,
    )
    history = read_table(MODELS / name / "history.csv")
    return Measurements(
        images_per_second=round(trained.outcome.images_per_second, 2),
        devices=tuple(trained.devices),
        train_mse=float(history["train_mse"].iloc[-1]),
        earlier_seconds=trained.outcome.earlier_seconds,
    )


if __name__ == "__main__":
    run(main)
