"""Summarizes the images of the archive and the splits, in a few lines for the report."""

import pandas as pd

from colorization.core.splits import EXCLUDED, SPLITS

NEAR_GRAY = 2.0  # mean CIE Lab chroma; a photograph below it is considered black and white
MAX_VALUES = 6  # listed by name
UNUSABLE = "unusable"


def summarize(split: pd.DataFrame) -> dict[str, str]:
    """Summarize the images and their splits.

    Parameters
    ----------
    split : DataFrame
        Returned by `split.split_archive`.

    Returns
    -------
    dict of str to str
        A phrase for each topic, by the topic's name, in the report's order. Images that cannot be
        decoded are counted as excluded, and in no other phrase.
    """
    reasons = split["reason"].str.partition(":")[0]
    decoded = split[reasons != UNUSABLE]
    return {
        "splits": ", ".join(f"{(split['split'] == name).sum():,} {name}" for name in SPLITS),
        "excluded": _counts(reasons[split["split"] == EXCLUDED]) or "none",
        "sizes": _sizes(decoded),
        "modes": _counts(decoded["mode"]),
        "near gray": _near_gray(decoded),
        "near duplicates": _duplicates(decoded),
    }


def _counts(values: pd.Series) -> str:
    counts = values.value_counts()
    phrases = [f"{count:,} {value}" for value, count in counts.head(MAX_VALUES).items()]
    if len(counts) > MAX_VALUES:
        phrases.append(f"{counts.iloc[MAX_VALUES:].sum():,} other")
    return ", ".join(phrases)


def _sizes(decoded: pd.DataFrame) -> str:
    shorter = decoded[["width", "height"]].min(axis=1)
    sizes = decoded["width"].astype(str) + " x " + decoded["height"].astype(str)
    counts = sizes.value_counts()
    return (
        f"shorter side {shorter.min():,} to {shorter.max():,} px, median {shorter.median():,.0f}; "
        f"{counts.iloc[0]:,} of {counts.index[0]}"
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
