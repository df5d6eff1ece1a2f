"""Stage `compare`: the evaluations of all trainings of the study -> tables, claims and one page."""

from pathlib import Path

from _stage import run
from colorization.core import provenance
from colorization.core.provenance import Circumstances, read_runs
from colorization.core.settings import Params
from colorization.study.comparison import write_comparison
from colorization.study.experiments import read_experiments


def main(params: Path, evaluations: Path, runs: Path, results: Path) -> None:
    experiments = read_experiments(Params.load(params), evaluations)
    files = {
        name: runs / "train" / f"{variant}-{seed}.json"
        for name, (variant, seed) in zip(experiments.by_name(), experiments.trainings, strict=True)
    }
    circumstances = Circumstances(
        runs=read_runs(files),
        commit=provenance.commit(Path.cwd(), results.parent),
    )
    text = params.read_text(encoding="utf-8").strip()
    write_comparison(experiments, text, circumstances, results)


if __name__ == "__main__":
    run(main)
