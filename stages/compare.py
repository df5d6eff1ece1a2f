"""Stage `compare`: the evaluations of all trainings of the study -> tables, claims and one page."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from _stage import run
from colorization.core import provenance
from colorization.pages import pictures
from colorization.params import THINNED, load_params
from colorization.scoring.evaluation import Evaluation, read_evaluation, read_json
from colorization.study import claims, comparison
from colorization.study.experiments import Experiments


def main(params: Path, evaluations: Path, timings: Path, results: Path) -> None:
    settings = load_params(params)
    trainings = {
        (variant, seed): f"{variant}-{seed}" for variant, seed in settings.study.trainings()
    }
    thinned = {
        (one_in, seed): f"{THINNED}-{seed}-one_in_{one_in}"
        for one_in in settings.study.one_in
        for seed in settings.study.seeds
    }
    experiments = Experiments(
        {key: read_evaluation(evaluations / folder) for key, folder in trainings.items()},
        {key: read_evaluation(evaluations / folder) for key, folder in thinned.items()},
        settings.download.source,
    )
    every = comparison.all_by_name(experiments)
    folders = [*trainings.values(), *thinned.values()]
    study = comparison.Study(
        experiments=experiments,
        timings={
            name: read_json(timings / f"{folder}.json")
            for name, folder in zip(every, folders, strict=True)
        },
        params=params.read_text(encoding="utf-8").strip(),
        commit=provenance.commit(Path.cwd(), results.parent),
        versions=provenance.versions(),
    )
    results.mkdir(parents=True, exist_ok=True)
    _write_json(comparison.metrics(experiments), results / "metrics.json")
    _write_json(study.timings, results / "timings.json")
    judged = [claim.as_json() for claim in claims.judge(experiments)]
    _write_json(judged, results / "claims.json")
    histories = pd.concat(
        {name: found.history for name, found in every.items()}, names=["training"]
    )
    histories.reset_index("training").to_csv(results / "history.csv", index=False)
    _draw(comparison.variants_by_name(experiments), results)
    (results / "study.md").write_text(comparison.markdown(study), encoding="utf-8")
    page = comparison.html(
        study, *((results / f"{name}.png").read_bytes() for name in comparison.PICTURES)
    )
    (results / "study.html").write_text(page, encoding="utf-8")


def _draw(variants: dict[str, Evaluation], results: Path) -> None:
    histories = {name: found.history for name, found in variants.items()}
    first = next(iter(variants.values()))
    pictures.compared_curves(histories, first.floors(), results / "curves.png")
    pictures.variant_curves(histories, first.floors(), results / "variants.png")
    columns = {"grey": first.shown["evenly_spaced"].images["grey"]}
    columns |= {
        name: found.shown["evenly_spaced"].images["colorized"] for name, found in variants.items()
    }
    columns |= {"truth": first.shown["evenly_spaced"].images["truth"]}
    pictures.compared_samples(columns, results / "samples.png")


def _write_json(content: Any, path: Path) -> None:
    text = json.dumps(content, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    run(main)
