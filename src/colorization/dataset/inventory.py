"""Summarizes the images of the archive and their split, in a few lines for the report."""

import pandas as pd

from colorization.dataset.splits import EXCLUDED, SPLITS

NEAR_GRAY = 2.0  # mean CIE Lab chroma; a photograph below it counts as black and white
KINDS_SHOWN = 6
UNUSABLE = "unusable"


def summarize(split: pd.DataFrame) -> dict[str, str]:
    """Summarize the images and the parts that they went to.

    Parameters
    ----------
    split : DataFrame
        Returned by `split.split_archive`.

    Returns
    -------
    dict of str to str
        A phrase for each topic, by the topic's name, in the report's order. Images that cannot be
        decoded count as left out, and nowhere else.
    """
    kinds = split["reason"].str.partition(":")[0]
    decoded = split[kinds != UNUSABLE]
    return {
        "splits": ", ".join(f"{(split['split'] == name).sum():,} {name}" for name in SPLITS),
        "excluded": _counts(kinds[split["split"] == EXCLUDED]) or "none",
        "sizes": _sizes(decoded),
        "modes": _counts(decoded["mode"]),
        "near gray": _near_gray(decoded),
        "near duplicates": _duplicates(decoded),
    }


def _counts(values: pd.Series) -> str:
    counts = values.value_counts()
    shown = [f"{count:,} {value}" for value, count in counts.head(KINDS_SHOWN).items()]
    if len(counts) > KINDS_SHOWN:
        shown.append(f"{counts.iloc[KINDS_SHOWN:].sum():,} other")
    return ", ".join(shown)


def _sizes(decoded: pd.DataFrame) -> str:
    shorter = decoded[["width", "height"]].min(axis=1)
    sizes = decoded["width"].astype(str) + " x " + decoded["height"].astype(str)
    commonest = sizes.value_counts()
    return (
        f"shorter side {shorter.min():,} to {shorter.max():,} px, median {shorter.median():,.0f}; "
        f"{commonest.iloc[0]:,} of {commonest.index[0]}"
    )


def _near_gray(decoded: pd.DataFrame) -> str:
    gray = decoded["mean_chroma"] < NEAR_GRAY
    return f"{gray.sum():,} ({gray.mean():.1%}) have a mean chroma under {NEAR_GRAY:g}"


def _duplicates(decoded: pd.DataFrame) -> str:
    copies = decoded["sha256"].duplicated(keep=False)
    near_duplicates = (decoded["near_duplicate"] != "") & ~copies
    return (
        f"{copies.sum():,} are copies of one another, {near_duplicates.sum():,} more look the same"
    )
