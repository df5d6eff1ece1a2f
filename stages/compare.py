"""Stage `compare`: the evaluations of all trainings of the study -> one table and one page."""

import json
from pathlib import Path

import pandas as pd

from _stage import run
from colorization import comparison, pictures, provenance
from colorization.evaluations import read_evaluation, read_json
from colorization.params import load_params


def main(params: Path, evaluations: Path, timings: Path, results: Path) -> None:
    names = comparison.training_names(load_params(params).study.trainings())
    folders = {name: f"{variant}-{seed}" for (variant, seed), name in names.items()}
    study = comparison.Study(
        evaluations={
            name: read_evaluation(evaluations / folder) for name, folder in folders.items()
        },
        timings={name: read_json(timings / f"{folder}.json") for name, folder in folders.items()},
        params=params.read_text(encoding="utf-8").strip(),
        commit=provenance.commit(Path.cwd(), results.parent),
        versions=provenance.versions(),
    )
    results.mkdir(parents=True, exist_ok=True)
    _write_json(comparison.metrics(study.evaluations), results / "metrics.json")
    _write_json(study.timings, results / "timings.json")
    histories = {name: evaluation.history for name, evaluation in study.evaluations.items()}
    pd.concat(histories, names=["training"]).reset_index("training").to_csv(
        results / "history.csv", index=False
    )
    first = next(iter(study.evaluations.values()))
    pictures.compared_curves(histories, first.floors(), results / "curves.png")
    columns = {"grey": first.samples["grey"]}
    columns |= {name: one.samples["colorized"] for name, one in study.evaluations.items()}
    columns |= {"truth": first.samples["truth"]}
    pictures.compared_samples(columns, results / "samples.png")
    (results / "study.md").write_text(comparison.markdown(study), encoding="utf-8")
    page = comparison.html(
        study,
        (results / "curves.png").read_bytes(),
        (results / "samples.png").read_bytes(),
    )
    (results / "study.html").write_text(page, encoding="utf-8")


def _write_json(content: dict, path: Path) -> None:
    text = json.dumps(content, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    run(main)
