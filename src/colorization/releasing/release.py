"""Make the released model: a package in half precision, scored on new photographs."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from colorization.colorizing.colorizer import Colorizer, load
from colorization.core.errors import ColorizationError
from colorization.core.files import atomic_folder
from colorization.core.hashing import sha256_of
from colorization.core.provenance import commit
from colorization.core.tables import write_table
from colorization.packaging.manifest import (
    CARD,
    EMBEDDER,
    MODEL,
    NAME,
    read_manifest,
    write_manifest,
)
from colorization.pages import rendering
from colorization.pages.rendering import Table
from colorization.releasing.half_weights import halve_weights
from colorization.releasing.photographs import score_photographs
from colorization.sources import archives

MOST_CHANGED = 1.0  # of 255, mean over a photograph's pixels
LARGEST = 20_000_000  # bytes of all files together
SWEEP = (0.0, 0.25, 0.5, 0.75, 1.0)  # the vividness at which the model is scored


def release(package: Path, photos: Path, notes: Path, out: Path) -> None:
    """Make the released model, which is installed with this program.

    Parameters
    ----------
    package : Path
        Output of the stage `package`.
    photos : Path
        A folder of photographs that the model was not trained on.
    notes : Path
        Notes on the model's data, licenses and weaknesses, in Markdown.
    out : Path
        A folder; replaced.

    Raises
    ------
    ColorizationError
        If half precision changes a photograph too much, or the model is too large.
    """
    paths = [photos / name for name in archives.folder_image_names(photos)]
    original = load(package)
    with atomic_folder(out) as folder:
        manifest = read_manifest(package)
        for name in (*manifest.files, NAME):
            if name in (MODEL, EMBEDDER):
                halve_weights(package / name, folder / name)
            else:
                shutil.copyfile(package / name, folder / name)
        hashes = {name: sha256_of(folder / name) for name in manifest.files}
        write_manifest(folder, manifest.model_copy(update={"files": hashes}))  # for `load`
        halved = load(folder)
        change = largest_change(original, halved, paths)
        if change > MOST_CHANGED:
            raise ColorizationError(f"half precision changes a photograph by {change:.2f} of 255")
        sweep = [None] if halved.vividness is None else SWEEP
        scores = score_photographs(halved, paths, sweep)
        write_table(scores, folder / "other_photographs.csv")
        card = rendering.render(
            "released.md.j2",
            card=(package / CARD).read_text(encoding="utf-8"),
            photographs=len(paths),
            collection=photos.resolve().name,
            table=_table(scores),
            change=change,
            # The commit alone: the profile in params.yaml makes the checkout differ from it.
            commit=commit(Path.cwd(), Path("results")).split()[0],
            notes=notes.read_text(encoding="utf-8").strip(),
        )
        (folder / CARD).write_text(card, encoding="utf-8")
        names = sorted(path.name for path in folder.iterdir() if path.name != NAME)
        hashes = {name: sha256_of(folder / name) for name in names}
        write_manifest(folder, manifest.model_copy(update={"files": hashes}))
        size = sum(path.stat().st_size for path in folder.iterdir())
        if size > LARGEST:
            raise ColorizationError(f"{size:,} bytes, more than {LARGEST:,}")


def largest_change(one: Colorizer, other: Colorizer, paths: Sequence[Path]) -> float:
    """Return the largest mean absolute difference, of 255, of a photograph's two results."""

    def change(path: Path) -> float:
        results = (np.asarray(colorizer(path)).astype(float) for colorizer in (one, other))
        return float(np.abs(np.subtract(*results)).mean())

    return max(Parallel(n_jobs=-1, prefer="threads")(map(delayed(change), paths)))


def _table(scores: pd.DataFrame) -> Table:
    """Format the table of `score_photographs` for the card."""
    titles = {
        "psnr_gain_over_gray_db": "PSNR over gray, dB",
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
