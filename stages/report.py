"""Stage `report`: one evaluation and the split -> the results and their pages."""

from pathlib import Path

from _stage import run
from colorization.core import provenance
from colorization.core.provenance import Circumstances, read_runs
from colorization.core.settings import Download
from colorization.core.tables import read_table
from colorization.pages.report import Content
from colorization.pages.writing import Folders, write_results
from colorization.scoring.evaluation import read_evaluation

STAGES = ("download", "split", "preprocess", "colors", "trivial", "embed")


def main(
    params: Path, split: Path, colors: Path, evaluation: Path, runs: Path, results: Path
) -> None:
    evaluated = read_evaluation(evaluation)
    files = {stage: runs / f"{stage}.json" for stage in STAGES}
    files |= {stage: runs / stage / f"{evaluation.name}.json" for stage in ("train", "evaluate")}
    if evaluated.training.embedding is None:
        del files["embed"]
    write_results(
        Folders(evaluation, colors),
        Content(
            evaluation=evaluated,
            split=read_table(split),
            params=params.read_text(encoding="utf-8").strip(),
            source=Download.load(params).shown_source,
        ),
        Circumstances(
            runs=read_runs(files),
            commit=provenance.commit(Path.cwd(), results),
        ),
        results,
    )


if __name__ == "__main__":
    run(main)
