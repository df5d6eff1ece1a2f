"""Stage `evaluate`: a trained model and the test split -> scores, some images.

metrics.json              means with their standard errors, of the model and of the trivial
test_images.csv           a row per test image
chroma.csv                histograms of the pixels' chroma, predicted and true
evenly_spaced.npy, .json  some test images in gray, colorized and true; their indices
best.npy, .json           likewise, the images that the model's colors improve most
worst.npy, .json          likewise, the images that they improve least
history.csv               the training's record, a row per epoch
training.json             the settings of the training, and its best epoch
vividness.csv, .npy, .json     scores and some of the images along the dial, if the model has one
"""

import shutil

from _paths import COLORS, EVALUATIONS, INPUTS, LAB, MODELS, PARAMS, TRIVIAL
from _stage import run
from colorization.color.statistics import ColorStatistics
from colorization.core.files import atomic_folder
from colorization.core.settings import Evaluate
from colorization.core.tables import write_table
from colorization.dataset.examples import read_examples
from colorization.networks.inputs import VariantInputs
from colorization.networks.saving import load_model
from colorization.networks.vividness import AdjustableModel
from colorization.scoring import scorer
from colorization.scoring.samples import write_samples
from colorization.scoring.summary import summarize
from colorization.scoring.trivial import read_trivial
from colorization.scoring.vividness import Dial, write_sweep
from colorization.scoring.vividness_sweep import sweep_vividness, turn


def main(variant: str, seed: int) -> None:
    name = f"{variant}-{seed}"
    settings = Evaluate.load(PARAMS)
    test = read_examples(LAB, VariantInputs.read(INPUTS / variant).embeddings, "test")
    trivial = read_trivial(TRIVIAL, ColorStatistics.read(COLORS))
    network = load_model(MODELS / name)
    scored = scorer.evaluate(network, test, trivial, settings.batch_size)
    best, worst = scorer.best_and_worst(scored.rows, settings.num_best_worst)
    shown = {
        "evenly_spaced": scorer.evenly_spaced(len(test), settings.num_samples),
        "best": best,
        "worst": worst,
    }
    adjustable = AdjustableModel.of(network)
    with atomic_folder(EVALUATIONS / name) as folder:
        if adjustable:
            scores = sweep_vividness(adjustable, test, trivial, settings.batch_size)
            turned = turn(adjustable, test, shown["evenly_spaced"], settings.batch_size)
            write_sweep(Dial(scores, turned, adjustable.default), folder)
        write_table(scored.rows, folder / "test_images.csv")
        write_table(scored.chroma, folder / "chroma.csv")
        summarize(scored.rows).write(folder / "metrics.json")
        for kind, chosen in shown.items():
            images = scorer.colorize(network, test, chosen, settings.batch_size)
            write_samples(folder, kind, chosen, images)
        for file in ("history.csv", "training.json"):
            shutil.copyfile(MODELS / name / file, folder / file)


if __name__ == "__main__":
    run(main)
