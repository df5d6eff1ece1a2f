"""Stage `evaluate`: a trained model and the test split -> scores and sample images.

metrics.json                means and standard errors, of the model and of the trivial baselines
test_images.csv             a row per test image
predictions.npz             the predictions for each test image, reduced to 16x16
gap.csv                     the error of each test image, and of as many training images, with the
                            best and with the last weights
chroma.csv                  histograms of the pixels' chroma, predicted and true
evenly_spaced.npy, .json    sample images in gray, colorized and true, evenly spaced among the
                            more colorful half; their indices and, with labels, what they are of
best.npy, .json             the same for the images that the model's colors improve most, of those
                            that are not nearly gray
worst.npy, .json            the same for the images that they improve least
history.csv                 the training's history, a row per epoch, and the trivial baselines'
                            validation MSE
training.json               the settings of the training, and its best epoch
vividness.csv, .npy, .json  scores and sample images by vividness, if it is adjustable
"""

import json
import shutil

import numpy as np

from _paths import COLORS, EVALUATIONS, INPUTS, LAB, LABELS, MODELS, PARAMS, TRIVIAL
from _stage import run
from colorization.color.statistics import ColorStatistics
from colorization.core.files import atomic_folder
from colorization.core.model_records import TRAINING
from colorization.core.settings import Evaluate
from colorization.core.tables import read_table, write_table
from colorization.dataset.examples import evenly_spaced, read_examples
from colorization.labels.subsets import subsets
from colorization.networks.inputs import VariantInputs
from colorization.networks.saving import LAST, TRAINING_IMAGES, load_model
from colorization.networks.vividness import AdjustableModel
from colorization.scoring import scorer
from colorization.scoring.gap import GAP, summarize_gap
from colorization.scoring.gap_rows import score_gap
from colorization.scoring.predictions import is_constant
from colorization.scoring.sample_choice import choose_samples
from colorization.scoring.samples import EVENLY_SPACED, write_samples
from colorization.scoring.summary import colorful, summarize
from colorization.scoring.trivial import VALIDATION, read_trivial
from colorization.scoring.vividness import VividnessSweep, write_sweep
from colorization.scoring.vividness_sweep import decode_samples, sweep_vividness


def main(variant: str, seed: int) -> None:
    name = f"{variant}-{seed}"
    settings = Evaluate.load(PARAMS)
    batch_size = settings.batch_size
    model = MODELS / name
    embeddings = VariantInputs.read(INPUTS / variant).embeddings
    test = read_examples(LAB, embeddings, "test")
    trained_on = np.load(model / TRAINING_IMAGES, allow_pickle=False)
    training = trained_on[evenly_spaced(len(trained_on), len(test))]
    trivial = read_trivial(TRIVIAL, ColorStatistics.read(COLORS))
    network = load_model(model)
    adjustable = AdjustableModel.of(network)
    scored = scorer.evaluate(network, test, trivial, batch_size)
    gap = score_gap(
        {"best": network, "last": load_model(model, LAST)},
        {
            "train": (read_examples(LAB, embeddings, "train"), training),
            "test": (test, range(len(test))),
        },
        batch_size,
    )
    validation_mse = json.loads((TRIVIAL / VALIDATION).read_text(encoding="utf-8"))
    history = read_table(model / "history.csv").assign(
        **{f"val_mse_{baseline}": mse for baseline, mse in validation_mse.items()}
    )
    choices = choose_samples(scored.rows, settings, subsets(read_table(LABELS)))
    with atomic_folder(EVALUATIONS / name) as folder:
        if adjustable:
            scores = sweep_vividness(adjustable, test, trivial, batch_size, settings.min_chroma)
            decoded = decode_samples(adjustable, test, choices[EVENLY_SPACED].indices, batch_size)
            write_sweep(VividnessSweep(scores, decoded, adjustable.default), folder)
        write_table(scored.rows, folder / "test_images.csv")
        write_table(scored.chroma, folder / "chroma.csv")
        write_table(gap, folder / GAP)
        write_table(history, folder / "history.csv")
        scored.predictions.write(folder)
        summarize(
            scored.rows,
            settings.min_chroma,
            constant_output=is_constant(scored.deviation),
            gap=summarize_gap(colorful(gap, settings.min_chroma)),
        ).write(folder / "metrics.json")
        for kind, choice in choices.items():
            images = scorer.colorize(network, test, choice.indices, batch_size)
            write_samples(folder, kind, choice, images)
        shutil.copyfile(model / TRAINING, folder / TRAINING)


if __name__ == "__main__":
    run(main)
