"""Splits the images of an archive into training, validation and test."""

import hashlib
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from colorization.core.errors import ColorizationError
from colorization.core.progress import progress
from colorization.dataset import near_duplicates
from colorization.dataset.cores import Postponed, on_all_cores
from colorization.dataset.parts import LEFT_OUT, PARTS
from colorization.imaging import decoding, lab
from colorization.settings.split import Split
from colorization.sources import archives

SMALL_SIDE = 64  # px; a copy this small suffices to detect grey images and twins


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
        A row per image, sorted by name: name, split (a part, or "left out"), width and height
        (px, upright), mode (Pillow's), sha256 (of the file), mean_chroma (CIE Lab), twin (the name
        of the most similar image if it shows the same picture, else empty), reason (why the image
        was left out, else empty; the text before its colon is one of a few kinds).

    Raises
    ------
    ColorizationError
        If no image can be used, or a part would be empty.
    """
    names = archives.image_names(archive)
    examined = on_all_cores(partial(_examine, archive, params), names)
    rows = dict(progress(examined, "examining images", len(names)))
    table = pd.DataFrame([rows[index] for index in range(len(names))])
    table.insert(0, "name", names)
    _leave_out_twins(table, params)
    _check_parts(table, archive, params)
    return table.drop(columns="hash")


def part_of(sha256: str, params: Split) -> str:
    """Choose the part of an image from its content and the seed alone.

    Parameters
    ----------
    sha256 : str
        Of the image file. Hashed together with the seed, it gives a number in [0, 1), and the
        ratios divide that interval. Adding images thus moves none of the others.
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


def _examine(archive: Path, params: Split, name: str, most_pixels: int) -> dict | Postponed:
    row: dict = {
        "split": LEFT_OUT,
        "width": 0,
        "height": 0,
        "mode": "",
        "sha256": "",
        "mean_chroma": 0.0,
        "twin": "",
        "hash": None,
    }
    try:
        content = archives.read_member(archive, name)
        row["sha256"] = hashlib.sha256(content).hexdigest()
        image = decoding.open_image(content)
        pixels = decoding.pixels_to_decode(image, SMALL_SIDE)
        if pixels > most_pixels:
            return Postponed(pixels)
        row["width"], row["height"] = decoding.upright_size(image)
        row["mode"] = image.mode
        rgb = decoding.to_srgb(image, least_side=SMALL_SIDE)
    except ColorizationError as error:
        return row | {"reason": f"unusable: {error}"}
    row["hash"] = near_duplicates.perceptual_hash(rgb)
    rgb.thumbnail((SMALL_SIDE, SMALL_SIDE))
    _, ab = lab.rgb_to_lab(np.asarray(rgb))
    row["mean_chroma"] = round(float(np.hypot(ab[..., 0], ab[..., 1]).mean() * lab.AB_SCALE), 3)
    shorter, longer = sorted((row["width"], row["height"]))
    if shorter < params.min_side:
        return row | {"reason": f"too small: shorter side under {params.min_side} px"}
    if longer > params.max_aspect * shorter:
        return row | {"reason": f"too long: over {params.max_aspect:g} times the shorter side"}
    if row["mean_chroma"] < params.min_chroma:
        return row | {"reason": f"near grey: mean chroma under {params.min_chroma:g}"}
    return row | {"split": part_of(row["sha256"], params), "reason": ""}


def _leave_out_twins(table: pd.DataFrame, params: Split) -> None:
    """Leave out each picture that recurs in a smaller part; no picture moves to another part."""
    used = table.index[(table["split"] != LEFT_OUT) & table["hash"].notna()].to_numpy()
    if not len(used):
        return
    hashes = np.stack(table.loc[used, "hash"].to_list())
    parts = table.loc[used, "split"].to_numpy()
    everything = np.arange(len(used))
    for index, twin in enumerate(near_duplicates.twins(hashes, everything)):
        if twin >= 0:
            table.loc[used[index], "twin"] = table["name"][used[twin]]
    from_large_to_small = sorted(PARTS, key=lambda part: -params.ratios[PARTS.index(part)])
    for position, part in enumerate(from_large_to_small[:-1]):
        smaller = np.flatnonzero(np.isin(parts, from_large_to_small[position + 1 :]))
        for index, twin in enumerate(near_duplicates.twins(hashes, smaller)):
            if twin >= 0 and parts[index] == part:
                other = table["name"][used[twin]]
                table.loc[used[index], ["split", "reason"]] = [
                    LEFT_OUT,
                    f"near duplicate: of {other} in {parts[twin]}",
                ]


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
