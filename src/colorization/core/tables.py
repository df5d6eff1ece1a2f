"""Writes and reads tables as CSV files, safely whatever the names of the photographs."""

import csv
from pathlib import Path
from typing import Any

import pandas as pd

# The columns that hold text, in every table. In them "NA" is a name, not a missing value.
TEXT = ("name", "training", "split", "mode", "sha256", "near_duplicate", "reason")

# A spreadsheet runs a cell that begins with one of these as a formula; see OWASP, CSV Injection.
# An apostrophe marks a cell as text, so a text that begins with an apostrophe is marked too.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "'")


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, without its index.

    Texts and titles are quoted, so that a name may hold a line break. A text that a spreadsheet
    would take for a formula gets an apostrophe before it.

    Parameters
    ----------
    table : DataFrame
        Columns named in `TEXT` hold texts, all others numbers.
    path : Path
        If it ends in ".gz", the file is compressed, to the same bytes each time.
    """
    texts = [name for name in TEXT if name in table]
    marked = table.assign(**{name: table[name].map(_marked) for name in texts})
    compression: Any = {"method": "gzip", "mtime": 0} if path.suffix == ".gz" else None
    marked.to_csv(
        path,
        index=False,
        quoting=csv.QUOTE_NONNUMERIC,
        lineterminator="\n",
        compression=compression,
    )


def read_table(path: Path) -> pd.DataFrame:
    """Read a table that `write_table` wrote: the same texts, and NaN where a number is missing."""
    titles = [str(title) for title in pd.read_csv(path, nrows=0)]
    texts = [title for title in titles if title in TEXT]
    table = pd.read_csv(
        path,
        dtype=dict.fromkeys(texts, str),
        keep_default_na=False,
        na_values={title: [""] for title in titles if title not in TEXT},
    )
    return table.assign(**{name: table[name].map(_plain) for name in texts})


def _marked(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULAS) else text


def _plain(cell: str) -> str:
    return cell.removeprefix("'")
