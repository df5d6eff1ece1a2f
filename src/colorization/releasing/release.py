"""Make the released model: a package in half precision, with a card that scripts write."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from colorization.colorizing.colorizer import Colorizer, load
from colorization.core.errors import ColorizationError
from colorization.core.files import atomic_folder
from colorization.core.hashing import sha256_of
from colorization.core.provenance import Run, commit
from colorization.core.tables import write_table
from colorization.dataset.arrays import LabArrays
from colorization.dataset.examples import evenly_spaced
from colorization.labels.subsets import Subsets
from colorization.packaging.manifest import (
    CARD,
    MODEL,
    NAME,
    Manifest,
    read_manifest,
    write_manifest,
)
from colorization.pages import rendering
from colorization.pages.rendering import Table
from colorization.releasing.agreement import largest_difference
from colorization.releasing.arrays import mse_of_photographs
from colorization.releasing.flat_gray import LEVELS, flat_gray_chroma
from colorization.releasing.half_weights import halve_weights
from colorization.releasing.licenses import write_license
from colorization.releasing.photographs import largest_change, score_photographs
from colorization.releasing.scores import failures, labels_table, seeds_table
from colorization.scoring.evaluation import Evaluation
from colorization.sources import archives
from colorization.training.calibration import DEFAULTS, MAX_STAINS

MOST_CHANGED = 1.0  # of 255, mean over a photograph's pixels
MOST_DIFFERENT = 1e-4  # ab of ONNX Runtime and of Keras, in the network's units
MOST_CHROMA = 15.0  # CIE, on flat gray squares, up to the default vividness
LARGEST = 20_000_000  # bytes of all files together
SWEEP = (0.0, 0.5, 1.0)  # the vividness of results on other photographs, beside the default
COMPARED = 16  # test photographs, in ONNX Runtime and in Keras


@dataclass(frozen=True)
class TrainedModel:
    """A trained, evaluated and packaged model.

    Attributes
    ----------
    package : Path
        Output of the stage `package`.
    model : Path
        The model's directory.
    evaluations : sequence of Evaluation
        Of the variant's trainings, one for each seed: the packaged one first.
    test : LabArrays
        The test photographs.
    subsets : dict of str to frozenset of str
        As `subsets.subsets` returns it.
    min_chroma : float
        `evaluate.min_chroma`.
    run : Run
        Of the training.
    """

    package: Path
    model: Path
    evaluations: Sequence[Evaluation]
    test: LabArrays
    subsets: Subsets
    min_chroma: float
    run: Run


def release(trained: TrainedModel, photos: Path, notes: Path, licenses: Path, out: Path) -> int:
    """Make the released model, which is installed with this program.

    Parameters
    ----------
    trained : TrainedModel
    photos : Path
        A folder of photographs that the model was not trained on.
    notes : Path
        Notes on the model's data, licenses and weaknesses, in Markdown.
    licenses : Path
        See `licenses.write_license`.
    out : Path
        A folder; replaced.

    Returns
    -------
    int
        Size of all its files, bytes.

    Raises
    ------
    ColorizationError
        If there are no photographs, or test photographs have no labels, the model is of another
        kind, ONNX Runtime computes other colors than Keras, half precision changes a photograph too
        much, flat gray does not stay near gray, or the model is too large.
    """
    manifest, default = _checked_manifest(trained)
    text = notes.read_text(encoding="utf-8").strip()
    paths = [photos / name for name in archives.folder_image_names(photos)]
    if not paths:
        raise ColorizationError(f"{photos}: no photographs")
    original = load(trained.package)
    L = trained.test.L[evenly_spaced(len(trained.test.L), COMPARED)].astype(np.float32)
    difference = largest_difference(original, default, trained.model, L)
    if difference > MOST_DIFFERENT:
        raise ColorizationError(
            f"{trained.package}: ab differ from those of {trained.model} in Keras by "
            f"{difference:.1e}, more than {MOST_DIFFERENT:.0e}"
        )
    with atomic_folder(out) as folder:
        _halve(trained.package, manifest, folder)
        halved = load(folder)
        change = largest_change(original, halved, paths)
        if change > MOST_CHANGED:
            raise ColorizationError(f"half precision changes a photograph by {change:.2f} of 255")
        flat_gray = _flat_gray(halved, default)
        scores = score_photographs(halved, paths, sorted({*SWEEP, default}))
        write_table(scores, folder / "other_photographs.csv")
        first = trained.evaluations[0]
        write_license(first.training, licenses, folder)
        card = rendering.render(
            "released.md.j2",
            card=(trained.package / CARD).read_text(encoding="utf-8"),
            labels=labels_table(
                first,
                mse_of_photographs(halved, trained.test, 0.0),
                trained.subsets,
                trained.min_chroma,
            ),
            seeds=seeds_table(trained.evaluations),
            failures=failures(first, trained.subsets, trained.min_chroma),
            flat_gray=flat_gray,
            levels=len(LEVELS),
            photographs=len(paths),
            collection=photos.resolve().name,
            table=_table(scores),
            run=trained.run,
            megabytes=(folder / MODEL).stat().st_size / 1e6,
            change=change,
            compared=len(L),
            difference=difference,
            # The commit alone: the profile in params.yaml makes the checkout differ from it.
            commit=commit(Path.cwd(), Path("results")).split()[0],
            most_stains=MAX_STAINS,
            others=[
                f"{evaluation.training.variant}-{evaluation.training.seed}"
                for evaluation in trained.evaluations[1:]
            ],
            notes=text,
        )
        (folder / CARD).write_text(card, encoding="utf-8")
        _write_manifest(manifest, folder)
        size = sum(path.stat().st_size for path in folder.iterdir())
        if size > LARGEST:
            raise ColorizationError(f"{size:,} bytes, more than {LARGEST:,}")
    return size


def _checked_manifest(trained: TrainedModel) -> tuple[Manifest, float]:
    """Check that the model can be released; return its manifest and default vividness."""
    manifest = read_manifest(trained.package)
    if manifest.vividness is None or manifest.embedder_size:
        raise ColorizationError(
            f"{trained.package}: a released model has an adjustable vividness and no embedding"
        )
    if not trained.subsets:
        raise ColorizationError("the card needs labels: set download.labels in params.yaml")
    if len(trained.evaluations) < 2:
        raise ColorizationError("the card compares two seeds: set study.seeds in params.yaml")
    return manifest, manifest.vividness.default


def _halve(package: Path, manifest: Manifest, folder: Path) -> None:
    """Copy a package, with the network in half precision."""
    for name in manifest.files:
        if name != MODEL:
            shutil.copyfile(package / name, folder / name)
    halve_weights(package / MODEL, folder / MODEL)
    _write_manifest(manifest, folder)


def _write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write the manifest of a folder's files, apart from their list like another one."""
    names = sorted(path.name for path in folder.iterdir() if path.name != NAME)
    hashes = {name: sha256_of(folder / name) for name in names}
    write_manifest(folder, manifest.model_copy(update={"files": hashes}))


def _flat_gray(colorizer: Colorizer, default: float) -> Table:
    """Tabulate the largest chroma on flat gray squares by vividness.

    Raises
    ------
    ColorizationError
        If it exceeds `MOST_CHROMA` at the default vividness or below.
    """
    rows = []
    positions = DEFAULTS.round(3).tolist()
    below = [vividness for vividness in positions if vividness < default]
    for vividness in sorted({*below, default, 1.0}):
        chroma = flat_gray_chroma(colorizer, vividness)
        if chroma > MOST_CHROMA and vividness <= default:
            raise ColorizationError(
                f"at vividness {vividness:g} a flat gray square gets a chroma of {chroma:.1f}, "
                f"more than {MOST_CHROMA:g}"
            )
        mark = " (default)" if vividness == default else ""
        rows.append([f"{vividness:g}{mark}", f"{chroma:.1f}"])
    return Table(["vividness", "largest CIE chroma"], rows)


def _table(scores: pd.DataFrame) -> Table:
    """Format the table of `score_photographs` for the card."""
    titles = {
        "psnr_gain_over_gray_db": "PSNR gain over gray, dB",
        "ciede2000": "CIEDE2000",
        "colorfulness": "colorfulness",
    }
    rows = [
        [
            row["vividness"],
            *(f"{row[key]:.2f} ± {row[f'{key}_se']:.2f}" for key in titles),
        ]
        for row in scores.to_dict("records")
    ]
    return Table(["vividness", *titles.values()], rows)
