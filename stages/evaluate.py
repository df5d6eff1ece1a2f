"""Stage `evaluate`: a trained model on the test split -> metrics, a row per image, pictures."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from _stage import run
from colorization import arrays, evaluation, metrics, pictures
from colorization.models.directory import load_model
from colorization.params import load_params


def main(params: Path, arrays_folder: Path, embeddings: Path, model: Path, out: Path) -> None:
    settings = load_params(params).evaluate
    test = arrays.read(arrays_folder / "test")
    mean_ab = evaluation.mean_ab(arrays.read(arrays_folder / "train").ab)
    shown = set(evaluation.evenly_spaced(len(test.names), settings.sample_images))
    rows, samples = [], []
    scored = evaluation.evaluate(
        load_model(model),
        test,
        np.load(embeddings / "test.npy"),
        mean_ab,
        settings.batch_size,
    )
    for index, (row, colorized) in enumerate(scored):
        rows.append(row)
        if index in shown:
            ours = colorized[metrics.MODEL].rgb
            samples.append(pictures.triptych(test.L[index], ours, test.rgb[index]))

    table = pd.DataFrame(rows)
    out.mkdir(parents=True, exist_ok=True)
    table.to_csv(out / "test_images.csv", index=False)
    summary = json.dumps(metrics.summarize(table), indent=1, allow_nan=False)
    (out / "metrics.json").write_text(summary + "\n", encoding="utf-8")
    pictures.sheet(samples, out / "samples.png")
    shutil.copyfile(model / "history.csv", out / "history.csv")


if __name__ == "__main__":
    run(main)
