"""Writes the results of one variant: files for DVC and git, and a page for people."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from colorization.core.files import atomic_write
from colorization.core.provenance import Provenance
from colorization.pages import pictures, rendering, report
from colorization.pages.report import SHEETS, Content
from colorization.pages.vividness import write_sweeps

COPIED = ("metrics.json", "history.csv", "test_images.csv", "chroma.csv")
PAGE = "report.html"


@dataclass(frozen=True)
class Folders:
    """The folders that results are copied from.

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
    folders: Folders, content: Content, provenance: Provenance, results: Path
) -> None:
    """Write metrics, tables, pictures and pages.

    All files but PAGE have the same bytes for the same results. PAGE also reports times, hardware
    and commit; neither DVC nor git tracks it.
    """
    results.mkdir(exist_ok=True)
    copied = dict.fromkeys(COPIED, folders.evaluation) | {"ab_bins.csv": folders.colors}
    for name, folder in copied.items():
        with atomic_write(results / name) as partial:
            shutil.copyfile(folder / name, partial)
    evaluation = content.evaluation
    for name, sheet in SHEETS.items():
        pictures.sheet(pictures.triptychs(evaluation.samples[name].images), results / sheet)
    pictures.curves(evaluation.history, evaluation.baseline_mse(), results / "curves.png")
    pictures.chroma(evaluation.chroma, results / "chroma.png")
    figures = write_sweeps({evaluation.training.variant: evaluation}, results)
    for name in ("curves.png", "chroma.png"):
        figures[name] = rendering.picture_url((results / name).read_bytes())
    page = report.html(content, provenance, figures)
    for name, text in (("report.md", report.markdown(content)), (PAGE, page)):
        with atomic_write(results / name) as partial:
            partial.write_text(text, encoding="utf-8")
