"""Splits the images of an archive into training, validation and test."""

from pathlib import Path

import numpy as np
import pandas as pd

from colorization.core.errors import ColorizationError
from colorization.core.parallel import imap_unordered
from colorization.core.progress import progress
from colorization.core.settings import Split
from colorization.dataset.splits import EXCLUDED, SPLITS
from colorization.photos import examining, near_duplicates
from colorization.sources import archives


def split_archive(archive: Path, params: Split) -> pd.DataFrame:
    """Examine every image of an archive and assign it to a part.

    Parameters
    ----------
    archive : Path
        A zip.
    params : Split

    Returns
    -------
    DataFrame
        A row per image, sorted by name: name, split (a part, or "excluded"), width and height
        (px, upright), mode (Pillow's), sha256 (of the file), mean_chroma (CIE Lab), near_duplicate (the name
        of the most similar image if it shows the same picture, else empty), reason (why the image
        was left out, else empty; the text before its colon is one of a few kinds).

    Raises
    ------
    ColorizationError
        If no image can be used, or a part would be empty.
    """
    names = archives.image_names(archive)
    tasks = [(archive, params, name) for name in names]
    examined = imap_unordered(examining.examine, tasks)
    rows = dict(progress(examined, "examining images", len(names)))
    table = pd.DataFrame([_row(rows[index]) for index in range(len(names))])
    table.insert(0, "name", names)
    _exclude_near_duplicates(table, params)
    _check_parts(table, archive, params)
    return table.drop(columns="hash")


def _row(examined: dict | ColorizationError) -> dict:
    return examining.unusable(examined) if isinstance(examined, ColorizationError) else examined


def _exclude_near_duplicates(table: pd.DataFrame, params: Split) -> None:
    """Leave out each picture that recurs in a smaller part; no picture moves to another part."""
    used = table.index[(table["split"] != EXCLUDED) & table["hash"].notna()].to_numpy()
    if not len(used):
        return
    hashes = np.stack(table.loc[used, "hash"].to_list())
    parts = table.loc[used, "split"].to_numpy()
    everything = np.arange(len(used))
    for index, near_duplicate in enumerate(near_duplicates.near_duplicates(hashes, everything)):
        if near_duplicate >= 0:
            table.loc[used[index], "near_duplicate"] = table["name"][used[near_duplicate]]
    from_large_to_small = sorted(SPLITS, key=lambda part: -params.ratios[SPLITS.index(part)])
    for position, part in enumerate(from_large_to_small[:-1]):
        smaller = np.flatnonzero(np.isin(parts, from_large_to_small[position + 1 :]))
        for index, near_duplicate in enumerate(near_duplicates.near_duplicates(hashes, smaller)):
            if near_duplicate >= 0 and parts[index] == part:
                other = table["name"][used[near_duplicate]]
                table.loc[used[index], ["split", "reason"]] = [
                    EXCLUDED,
                    f"near duplicate: of {other} in {parts[near_duplicate]}",
                ]


def _check_parts(table: pd.DataFrame, archive: Path, params: Split) -> None:
    used = table[table["split"] != EXCLUDED]
    if used.empty:
        first = table.iloc[0]
        raise ColorizationError(
            f"{archive}: none of its {len(table)} images can be used; "
            f"{first['name']}, for one: {first['reason']}"
        )
    for part in SPLITS:
        if part not in set(used["split"]):
            raise ColorizationError(
                f"{len(used)} images at split.ratios {list(params.ratios)} leave the "
                f"{part} part empty; use more images, other ratios or another split.seed"
            )
