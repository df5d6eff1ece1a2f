"""Stages `evaluate`, `evaluate_alone`: a trained model on the test split -> its scores, a row per
image, and some of the images.

metrics.json              means with their standard errors, of the model and of the floors
test_images.csv           a row per test image
chroma.csv                how many pixels have which chroma, predicted and true
evenly_spaced.npy, .json  some test images grey, colorized and true, and which they are
best.npy, .json           those to which the model's colours bring most
worst.npy, .json          those to which they bring least
history.csv               of the training
training.json             what the model was trained with
dial.csv, .npy, .json     where the model has a dial: scores and some of the images along it
"""

import shutil
from pathlib import Path

from _stage import run
from colorization.core.files import whole_folder
from colorization.dataset.colours import Colours
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
    colours: Path,
    model: Path,
    out: Path,
    embeddings: Path | None = None,
) -> None:
    settings = Evaluate.load(params)
    test = read_examples(arrays_folder, embeddings, "test")
    known = read_floors(floors, Colours.read(colours))
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
