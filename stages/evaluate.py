"""Stage `evaluate`: a trained model and the test split -> scores and sample images.

metrics.json                means and standard errors, of the model and of the trivial baselines
test_images.csv             a row per test image
chroma.csv                  histograms of the pixels' chroma, predicted and true
evenly_spaced.npy, .json    sample images in gray, colorized and true; their indices
best.npy, .json             the same for the images that the model's colors improve most
worst.npy, .json            the same for the images that they improve least
history.csv                 the training's history, a row per epoch
training.json               the settings of the training, and its best epoch
vividness.csv, .npy, .json  scores and sample images by vividness, if it is adjustable
"""

import shutil

from _paths import COLORS, EVALUATIONS, INPUTS, LAB, MODELS, PARAMS, TRIVIAL
from _stage import run
from colorization.color.statistics import ColorStatistics
from colorization.core.files import atomic_folder
from colorization.core.settings import Evaluate
from colorization.core.tables import write_table
from colorization.dataset.examples import evenly_spaced, read_examples
from colorization.networks.inputs import VariantInputs
from colorization.networks.saving import load_model
from colorization.networks.vividness import AdjustableModel
from colorization.scoring import scorer
from colorization.scoring.samples import write_samples
from colorization.scoring.summary import summarize
from colorization.scoring.trivial import read_trivial
from colorization.scoring.vividness import VividnessSweep, write_sweep
from colorization.scoring.vividness_sweep import decode_samples, sweep_vividness


def main(variant: str, seed: int) -> None:
    name = f"{variant}-{seed}"
    settings = Evaluate.load(PARAMS)
    batch_size = settings.batch_size
    test = read_examples(LAB, VariantInputs.read(INPUTS / variant).embeddings, "test")
    trivial = read_trivial(TRIVIAL, ColorStatistics.read(COLORS))
    network = load_model(MODELS / name)
    scored = scorer.evaluate(network, test, trivial, batch_size)
    best, worst = scorer.best_and_worst(scored.rows, settings.num_best_worst)
    samples = {
        "evenly_spaced": evenly_spaced(len(test), settings.num_samples),
        "best": best,
        "worst": worst,
    }
    adjustable = AdjustableModel.of(network)
    with atomic_folder(EVALUATIONS / name) as folder:
        if adjustable:
            scores = sweep_vividness(adjustable, test, trivial, batch_size)
            decoded = decode_samples(adjustable, test, samples["evenly_spaced"], batch_size)
            write_sweep(VividnessSweep(scores, decoded, adjustable.default), folder)
        write_table(scored.rows, folder / "test_images.csv")
        write_table(scored.chroma, folder / "chroma.csv")
        summarize(scored.rows).write(folder / "metrics.json")
        for kind, indices in samples.items():
            images = scorer.colorize(network, test, indices, batch_size)
            write_samples(folder, kind, indices, images)
        for file in ("history.csv", "training.json"):
            shutil.copyfile(MODELS / name / file, folder / file)


if __name__ == "__main__":
    run(main)
