"""Writing the results of one variant: the files that DVC and git keep, and a page for people."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from colorization.core.files import atomic_write
from colorization.core.provenance import Circumstances
from colorization.pages import pictures, report
from colorization.pages.report import Content
from colorization.pages.vividness import turned, write_sweeps

COPIED = ("metrics.json", "history.csv", "test_images.csv", "chroma.csv")
SHEETS = {"evenly_spaced": "samples.png", "best": "best.png", "worst": "worst.png"}
PAGE = "report.html"


@dataclass(frozen=True)
class Folders:
    """The folders that the results are taken from.

    Attributes
    ----------
    evaluation : Path
        Output of the stage `evaluate`.
    colors : Path
        Output of the stage `colors`.
    """

    evaluation: Path
    colors: Path


def write_results(
    folders: Folders, content: Content, circumstances: Circumstances, results: Path
) -> None:
    """Write metrics, tables, pictures and pages.

    All files but PAGE have the same bytes for the same results. PAGE also tells times, hardware
    and commit. It is for people: neither DVC nor git tracks it.
    """
    results.mkdir(exist_ok=True)
    copied = dict.fromkeys(COPIED, folders.evaluation) | {"ab_bins.csv": folders.colors}
    for name, folder in copied.items():
        with atomic_write(results / name) as partial:
            shutil.copyfile(folder / name, partial)
    evaluation = content.evaluation
    for name, sheet in SHEETS.items():
        pictures.sheet(pictures.triptychs(evaluation.shown[name].images), results / sheet)
    pictures.curves(evaluation.history, evaluation.trivial(), results / "curves.png")
    pictures.chroma(evaluation.chroma, results / "chroma.png")
    named = {evaluation.training.variant: evaluation}
    write_sweeps(named, results / "vividness")
    page = report.html(
        content,
        circumstances,
        (results / "curves.png").read_bytes(),
        (results / "chroma.png").read_bytes(),
        turned(named, results / "vividness"),
    )
    for name, text in (("report.md", report.markdown(content)), (PAGE, page)):
        with atomic_write(results / name) as partial:
            partial.write_text(text, encoding="utf-8")
