"""Stages `evaluate`, `evaluate_alone`: a trained model and the test split -> scores, some images.

metrics.json              means with their standard errors, of the model and of the floors
test_images.csv           a row per test image
chroma.csv                histograms of the pixels' chroma, predicted and true
evenly_spaced.npy, .json  some test images in gray, colorized and true; their indices
best.npy, .json           likewise, the images that the model's colors improve most
worst.npy, .json          likewise, the images that they improve least
history.csv               the training's record, a row per epoch
training.json             the settings of the training, and its best epoch
dial.csv, .npy, .json     scores and some of the images along the dial, if the model has one
"""

import shutil
from pathlib import Path

from _stage import run
from colorization.core.files import whole_folder
from colorization.dataset.colors import Colors
from colorization.dataset.examples import read_examples
from colorization.dataset.tables import write_table
from colorization.networks.dial import Dialled
from colorization.networks.directory import load_model
from colorization.scoring import scorer
from colorization.scoring.along_dial import evaluate_dial, turn
from colorization.scoring.dial import Dial, write_dial
from colorization.scoring.floors import read_floors
from colorization.scoring.shown import write_shown
from colorization.scoring.summary import summarize
from colorization.settings.evaluate import Evaluate


def main(
    params: Path,
    arrays_folder: Path,
    floors: Path,
    colors: Path,
    model: Path,
    out: Path,
    embeddings: Path | None = None,
) -> None:
    settings = Evaluate.load(params)
    test = read_examples(arrays_folder, embeddings, "test")
    known = read_floors(floors, Colors.read(colors))
    network = load_model(model)
    scored = scorer.evaluate(network, test, known, settings.batch_size)
    best, worst = scorer.best_and_worst(scored.rows, settings.extreme_images)
    shown = {
        "evenly_spaced": scorer.evenly_spaced(len(test), settings.sample_images),
        "best": best,
        "worst": worst,
    }
    dialled = Dialled.of(network)
    with whole_folder(out) as folder:
        if dialled:
            scores = evaluate_dial(dialled, test, known, settings.batch_size)
            turned = turn(dialled, test, shown["evenly_spaced"], settings.batch_size)
            write_dial(Dial(scores, turned, dialled.default), folder)
        write_table(scored.rows, folder / "test_images.csv")
        write_table(scored.chroma, folder / "chroma.csv")
        summarize(scored.rows).write(folder / "metrics.json")
        for name, chosen in shown.items():
            images = scorer.colorize(network, test, chosen, settings.batch_size)
            write_shown(folder, name, chosen, images)
        for name in ("history.csv", "training.json"):
            shutil.copyfile(model / name, folder / name)


if __name__ == "__main__":
    run(main)
