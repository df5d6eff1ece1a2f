"""Which image serves for training, validation and test."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from colorization import archives, images, lab
from colorization.errors import ColorizationError
from colorization.params import Split
from colorization.parts import LEFT_OUT, PARTS
from colorization.progress import progress

CHROMA_SIDE = 64  # px; a copy reduced to this tells grey from coloured just as well


def split_archive(archive: Path, params: Split) -> pd.DataFrame:
    """Examine every image of an archive and give it a part.

    Parameters
    ----------
    archive : Path
        A zip.
    params : Split

    Returns
    -------
    DataFrame
        A row per image, sorted by name: name, split (a part, or "left out"), width and height
        (px, upright), mode (Pillow's), sha256 (of the file), mean_chroma (CIE Lab), reason (why it
        was left out, else empty).

    Raises
    ------
    ColorizationError
        If no image can be used, or a part would be empty.
    """
    names = archives.image_names(archive)
    contents = progress(archives.read_members(archive, names), "examining images", len(names))
    rows = Parallel(n_jobs=-1)(delayed(_examine)(content, params) for content in contents)
    table = pd.DataFrame(rows)
    table.insert(0, "name", names)
    _check_parts(table, archive, params)
    return table


def part_of(sha256: str, params: Split) -> str:
    """The part of an image, from its content and the seed alone.

    Parameters
    ----------
    sha256 : str
        Of the image file. Its hash together with the seed is a number in [0, 1), and the ratios
        divide that interval: adding images moves none of the others.
    params : Split

    Returns
    -------
    str
        "train", "validation" or "test".
    """
    digest = hashlib.sha256(f"{params.seed}:{sha256}".encode()).digest()
    position = int.from_bytes(digest[:8]) / 2**64
    ends = np.cumsum(params.ratios)
    return PARTS[min(int(np.searchsorted(ends, position, side="right")), len(PARTS) - 1)]


def _examine(content: bytes | None, params: Split) -> dict:
    row: dict = {
        "split": LEFT_OUT,
        "width": 0,
        "height": 0,
        "mode": "",
        "sha256": "",
        "mean_chroma": 0.0,
    }
    if content is None:
        return row | {"reason": "corrupt: damaged in the archive"}
    row["sha256"] = hashlib.sha256(content).hexdigest()
    try:
        image = images.open_image(content)
    except ColorizationError as error:
        return row | {"reason": f"corrupt: {error}"}
    rgb = images.to_srgb(image)
    row |= {"width": rgb.width, "height": rgb.height, "mode": image.mode}
    if min(rgb.size) < params.min_side:
        return row | {"reason": f"too small: shorter side under {params.min_side} px"}
    rgb.thumbnail((CHROMA_SIDE, CHROMA_SIDE))
    _, ab = lab.rgb_to_lab(np.asarray(rgb))
    row["mean_chroma"] = round(float(np.hypot(ab[..., 0], ab[..., 1]).mean() * lab.AB_SCALE), 3)
    if row["mean_chroma"] < params.min_chroma:
        return row | {"reason": f"near grey: mean chroma under {params.min_chroma:g}"}
    return row | {"split": part_of(row["sha256"], params), "reason": ""}


def _check_parts(table: pd.DataFrame, archive: Path, params: Split) -> None:
    used = table[table["split"] != LEFT_OUT]
    if used.empty:
        first = table.iloc[0]
        raise ColorizationError(
            f"{archive}: none of its {len(table)} images can be used; "
            f"{first['name']}, for one: {first['reason']}"
        )
    for part in PARTS:
        if part not in set(used["split"]):
            raise ColorizationError(
                f"{len(used)} images at split.ratios {list(params.ratios)} leave the "
                f"{part} part empty; use more images, other ratios or another split.seed"
            )
