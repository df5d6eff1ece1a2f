"""Stages `evaluate`, `evaluate_alone`: a trained model and the test split -> scores, some images.

metrics.json              means with their standard errors, of the model and the baselines
test_images.csv           a row per test image
chroma.csv                histograms of the pixels' chroma, predicted and true
evenly_spaced.npy, .json  some test images in gray, colorized and true; their indices
best.npy, .json           likewise, the images that the model's colors improve most
worst.npy, .json          likewise, the images that they improve least
history.csv               the training's record, a row per epoch
training.json             the settings of the training, and its best epoch
vividness.csv, .npy, .json  scores and sample images over vividness, if adjustable
"""

import shutil
from pathlib import Path

from _stage import run
from colorization.color.statistics import ColorStatistics
from colorization.core.files import atomic_folder
from colorization.core.settings import Evaluate
from colorization.core.tables import write_table
from colorization.dataset.examples import evenly_spaced, read_examples
from colorization.networks.saving import load_model
from colorization.networks.vividness import AdjustableModel
from colorization.scoring import scorer
from colorization.scoring.samples import write_samples
from colorization.scoring.summary import summarize
from colorization.scoring.trivial import read_trivial
from colorization.scoring.vividness import VividnessSweep, write_sweep
from colorization.scoring.vividness_sweep import sweep_vividness


def main(
    params: Path,
    arrays_folder: Path,
    trivial: Path,
    colors: Path,
    model: Path,
    out: Path,
    embeddings: Path | None = None,
) -> None:
    settings = Evaluate.load(params)
    test = read_examples(arrays_folder, embeddings, "test")
    baselines = read_trivial(trivial, ColorStatistics.read(colors))
    network = load_model(model)
    scored = scorer.evaluate(network, test, baselines, settings.batch_size)
    best, worst = scorer.best_and_worst(scored.rows, settings.num_best_worst)
    samples = {
        "evenly_spaced": evenly_spaced(len(test), settings.num_samples),
        "best": best,
        "worst": worst,
    }
    adjustable = AdjustableModel.of(network)
    with atomic_folder(out) as folder:
        if adjustable:
            scores = sweep_vividness(adjustable, test, baselines, settings.batch_size)
            indices = samples["evenly_spaced"]
            decoded = decode_samples(adjustable, test, indices, settings.batch_size)
            write_sweep(VividnessSweep(scores, decoded, adjustable.default), folder)
        write_table(scored.rows, folder / "test_images.csv")
        write_table(scored.chroma, folder / "chroma.csv")
        summarize(scored.rows).write(folder / "metrics.json")
        for name, chosen in samples.items():
            images = scorer.colorize(network, test, chosen, settings.batch_size)
            write_samples(folder, name, chosen, images)
        for name in ("history.csv", "training.json"):
            shutil.copyfile(model / name, folder / name)


if __name__ == "__main__":
    run(main)
