"""Stage `report`: metrics, history, split and timings -> the pages that people read."""

import json
from pathlib import Path

import pandas as pd

from _stage import run
from colorization import pictures, provenance, report
from colorization.metrics import FLOORS
from colorization.params import load_params

TIMED = ("download", "split", "preprocess", "embed", "train", "evaluate")


def main(
    params: Path,
    split: Path,
    model: Path,
    timings: Path,
    training_timing: Path,
    results: Path,
) -> None:
    settings = load_params(params)
    files = {stage: timings / f"{stage}.json" for stage in TIMED} | {"train": training_timing}
    metrics = _read_json(results / "metrics.json")
    what_ran = report.Run(
        metrics=metrics,
        training=_read_json(model / "training.json"),
        split=pd.read_csv(split, keep_default_na=False),
        timings={stage: _read_json(file) for stage, file in files.items()},
        params=params.read_text(encoding="utf-8").strip(),
        source=settings.download.source,
        commit=provenance.commit(Path.cwd(), results),
        versions=provenance.versions(),
    )
    floors = {name: metrics[name]["mse_ab"] for name in FLOORS}
    pictures.curves(pd.read_csv(results / "history.csv"), floors, results / "curves.png")
    (results / "report.md").write_text(report.markdown(what_ran), encoding="utf-8")
    html = report.html(
        what_ran,
        (results / "curves.png").read_bytes(),
        (results / "samples.png").read_bytes(),
    )
    (results / "report.html").write_text(html, encoding="utf-8")


def _read_json(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    run(main)
