"""Split the images of an archive into training, validation and test."""

from pathlib import Path

import numpy as np
import pandas as pd

from colorization.core.errors import ColorizationError
from colorization.core.parallel import imap_unordered
from colorization.core.progress import progress
from colorization.core.settings import Split
from colorization.core.splits import EXCLUDED, SPLITS
from colorization.photos import examining, near_duplicates
from colorization.sources import archives


def split_archive(archive: Path, params: Split) -> pd.DataFrame:
    """Examine every image of an archive and assign it to a split.

    Parameters
    ----------
    archive : Path
        A zip.
    params : Split

    Returns
    -------
    DataFrame
        A row per image, sorted by name: name; split, one of `SPLITS` or "excluded"; width and
        height (px, upright); mode (Pillow's); sha256 (of the file); mean_chroma (CIE Lab);
        near_duplicate, the name of the most similar image if it shows the same picture, else
        empty; reason, "kind: details" for excluded images, else empty.

    Raises
    ------
    ColorizationError
        If no image is usable, or a split would be empty.
    """
    names = archives.image_names(archive)
    tasks = [(archive, params, name) for name in names]
    examined = imap_unordered(examining.examine, tasks)
    rows = dict(progress(examined, "examining images", len(names)))
    table = pd.DataFrame([_row(rows[index]) for index in range(len(names))])
    table.insert(0, "name", names)
    _exclude_near_duplicates(table, params)
    _check_splits(table, archive, params)
    return table.drop(columns="hash")


def _row(examined: dict | ColorizationError) -> dict:
    return examining.unusable(examined) if isinstance(examined, ColorizationError) else examined


def _exclude_near_duplicates(table: pd.DataFrame, params: Split) -> None:
    """Exclude images with a near duplicate in a smaller split; none moves to another split."""
    used = table.index[(table["split"] != EXCLUDED) & table["hash"].notna()].to_numpy()
    if not len(used):
        return
    hashes = np.stack(table.loc[used, "hash"].to_list())
    splits = table.loc[used, "split"].to_numpy()
    for index, other in enumerate(near_duplicates.near_duplicates(hashes, np.arange(len(used)))):
        if other >= 0:
            table.loc[used[index], "near_duplicate"] = table["name"][used[other]]
    by_size = sorted(SPLITS, key=lambda split: -params.ratios[SPLITS.index(split)])
    for rank, split in enumerate(by_size[:-1]):
        smaller = np.flatnonzero(np.isin(splits, by_size[rank + 1 :]))
        for index, other in enumerate(near_duplicates.near_duplicates(hashes, smaller)):
            if other >= 0 and splits[index] == split:
                name = table["name"][used[other]]
                table.loc[used[index], ["split", "reason"]] = [
                    EXCLUDED,
                    f"near duplicate: of {name} in {splits[other]}",
                ]


def _check_splits(table: pd.DataFrame, archive: Path, params: Split) -> None:
    used = table[table["split"] != EXCLUDED]
    if used.empty:
        first = table.iloc[0]
        raise ColorizationError(
            f"{archive}: none of its {len(table)} images is usable; "
            f"for example {first['name']}: {first['reason']}"
        )
    for split in SPLITS:
        if split not in set(used["split"]):
            raise ColorizationError(
                f"{len(used)} images at split.ratios {list(params.ratios)} leave the "
                f"{split} split empty; use more images, other ratios or another split.seed"
            )
