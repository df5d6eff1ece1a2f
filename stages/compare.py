"""Stage `compare`: the evaluations of all trainings of the study -> tables, claims and one page."""

from pathlib import Path

from _paths import EVALUATIONS, LABEL_COLORS, LABELS, PARAMS, RESULTS, TRIVIAL
from _stage import run, run_file
from colorization.core.provenance import Provenance, commit, last_runs
from colorization.core.settings import Params
from colorization.core.tables import read_table
from colorization.labels.subsets import Labels
from colorization.scoring.predictions import TRUTH
from colorization.study.comparison import write_comparison
from colorization.study.experiments import read_experiments


def main() -> None:
    params = Params.load(PARAMS)
    labels = Labels(read_table(LABELS), read_table(LABEL_COLORS))
    experiments = read_experiments(params, EVALUATIONS, truth=TRIVIAL / TRUTH, labels=labels)
    by_name = experiments.by_name()
    files = {
        name: run_file("train", variant, seed)
        for name, (variant, seed) in zip(by_name, experiments.trainings, strict=True)
    }
    histories = {name: training.history for name, training in by_name.items()}
    provenance = Provenance(
        runs=last_runs(files, histories),
        commit=commit(Path.cwd(), RESULTS),
    )
    text = PARAMS.read_text(encoding="utf-8").strip()
    write_comparison(experiments, text, provenance, RESULTS / "study")


if __name__ == "__main__":
    run(main)
