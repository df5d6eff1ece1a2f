"""Stages `evaluate` and `evaluate_vgg`: a trained model on the test split -> its scores, a row per
image, and a few colorized images.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from _stage import Figures, run
from colorization import arrays, evaluation
from colorization.examples import read_examples
from colorization.files import whole_folder
from colorization.models.directory import load_model
from colorization.params import load_params
from colorization.scores import GRAY, MODEL, summarize


def main(
    params: Path, arrays_folder: Path, model: Path, out: Path, embeddings: Path | None = None
) -> Figures:
    settings = load_params(params).evaluate
    test = read_examples(arrays_folder, embeddings, "test")
    mean_ab = evaluation.mean_ab(arrays.read(arrays_folder / "train").ab)
    shown = evaluation.evenly_spaced(len(test), settings.sample_images)
    samples: dict[str, list[np.ndarray]] = {"grey": [], "colorized": [], "truth": []}
    rows = []
    with whole_folder(out) as folder:
        scored = evaluation.evaluate(load_model(model), test, mean_ab, settings.batch_size)
        for index, (row, colorized) in enumerate(scored):
            rows.append(row)
            if index in shown:
                samples["grey"].append(colorized[GRAY].rgb)
                samples["colorized"].append(colorized[MODEL].rgb)
                samples["truth"].append(np.array(test.images.rgb[index]))
        table = pd.DataFrame(rows)
        table.to_csv(folder / "test_images.csv", index=False)
        summary = json.dumps(summarize(table), indent=1, allow_nan=False)
        (folder / "metrics.json").write_text(summary + "\n", encoding="utf-8")
        for name, images in samples.items():
            np.save(folder / f"{name}.npy", np.stack(images))
        for name in ("history.csv", "training.json"):
            shutil.copyfile(model / name, folder / name)
    return {"images": len(test)}


if __name__ == "__main__":
    run(main)
