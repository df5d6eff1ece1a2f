"""Stage `report`: one evaluation, the split and the timings -> results and the pages on them."""

import shutil
from pathlib import Path

import pandas as pd

from _stage import run
from colorization.core import provenance
from colorization.pages import pictures, report
from colorization.params import ENCODER_OF, load_params
from colorization.scoring.evaluation import read_evaluation, read_json

COPIED = ("metrics.json", "history.csv", "test_images.csv", "chroma.csv")
SHEETS = {"evenly_spaced": "samples.png", "best": "best.png", "worst": "worst.png"}


def main(
    params: Path, split: Path, floors: Path, evaluation: Path, timings: Path, results: Path
) -> None:
    settings = load_params(params)
    chosen = read_evaluation(evaluation)
    files = {
        stage: timings / f"{stage}.json" for stage in ("download", "split", "preprocess", "floors")
    }
    embedded = timings / "embed.json"  # no declared dependency, so a clone may lack it
    if settings.model.variant not in ENCODER_OF and embedded.exists():
        files["embed"] = embedded
    files |= {stage: timings / stage / f"{evaluation.name}.json" for stage in ("train", "evaluate")}
    what_ran = report.Run(
        evaluation=chosen,
        split=pd.read_csv(split, keep_default_na=False),
        timings={stage: read_json(file) for stage, file in files.items()},
        params=params.read_text(encoding="utf-8").strip(),
        source=settings.download.source,
        commit=provenance.commit(Path.cwd(), results),
        versions=provenance.versions(),
    )
    results.mkdir(exist_ok=True)
    for name in COPIED:
        shutil.copyfile(evaluation / name, results / name)
    shutil.copyfile(floors / "ab_bins.csv", results / "ab_bins.csv")
    for name, sheet in SHEETS.items():
        pictures.sheet(pictures.triptychs(chosen.shown[name].images), results / sheet)
    pictures.curves(chosen.history, chosen.floors(), results / "curves.png")
    pictures.chroma(chosen.chroma, results / "chroma.png")
    (results / "report.md").write_text(report.markdown(what_ran), encoding="utf-8")
    page = report.html(
        what_ran,
        (results / "curves.png").read_bytes(),
        (results / "chroma.png").read_bytes(),
    )
    (results / "report.html").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    run(main)
