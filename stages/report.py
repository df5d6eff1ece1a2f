"""Stage `report`: one evaluation and the split -> the results and their pages."""

from pathlib import Path

from _paths import COLORS, EVALUATIONS, PARAMS, RESULTS, SPLIT
from _stage import run, run_file
from colorization.core.provenance import Provenance, commit, last_runs
from colorization.core.settings import Download, Evaluate
from colorization.core.tables import read_table
from colorization.pages.report import Content
from colorization.pages.writing import Folders, write_results
from colorization.scoring.evaluation import read_evaluation

STAGES = ("download", "split", "preprocess", "colors", "trivial", "embed")


def main(variant: str, seed: int) -> None:
    evaluation = EVALUATIONS / f"{variant}-{seed}"
    evaluated = read_evaluation(evaluation, Evaluate.load(PARAMS).min_chroma)
    files = {stage: run_file(stage) for stage in STAGES}
    files |= {stage: run_file(stage, variant, seed) for stage in ("train", "evaluate")}
    if evaluated.training.embedding is None:
        del files["embed"]
    write_results(
        Folders(evaluation, COLORS),
        Content(
            evaluation=evaluated,
            split=read_table(SPLIT),
            params=PARAMS.read_text(encoding="utf-8").strip(),
            source=Download.load(PARAMS).redacted_source,
        ),
        Provenance(
            runs=last_runs(files, {"train": evaluated.history}),
            commit=commit(Path.cwd(), RESULTS),
        ),
        RESULTS,
    )


if __name__ == "__main__":
    run(main)
