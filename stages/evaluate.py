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
"""

import shutil
from pathlib import Path

from _stage import run
from colorization.core.files import whole_folder
from colorization.dataset.examples import read_examples
from colorization.dataset.tables import write_table
from colorization.networks.directory import load_model
from colorization.scoring import scorer
from colorization.scoring.floors import read_floors
from colorization.scoring.shown import write_shown
from colorization.scoring.summary import summarize
from colorization.settings.evaluate import Evaluate


def main(
    params: Path,
    arrays_folder: Path,
    floors: Path,
    model: Path,
    out: Path,
    embeddings: Path | None = None,
) -> None:
    settings = Evaluate.load(params)
    test = read_examples(arrays_folder, embeddings, "test")
    network = load_model(model)
    scored = scorer.evaluate(network, test, read_floors(floors), settings.batch_size)
    best, worst = scorer.best_and_worst(scored.rows, settings.extreme_images)
    shown = {
        "evenly_spaced": scorer.evenly_spaced(len(test), settings.sample_images),
        "best": best,
        "worst": worst,
    }
    with whole_folder(out) as folder:
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
