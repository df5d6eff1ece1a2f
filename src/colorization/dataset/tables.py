"""Tables as CSV files: written and read in one way, whatever photographs are called."""

import csv
from pathlib import Path
from typing import Any

import pandas as pd

# The columns that hold text, in every table: "NA" is a name there, and nothing is missing.
TEXT = ("name", "training", "split", "mode", "sha256", "twin", "reason")

# A spreadsheet takes a cell that begins so for a formula, and runs it; see OWASP, CSV Injection.
# The apostrophe is what marks a text in a spreadsheet, and so is itself marked.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "'")


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, without its index.

    Texts and titles are quoted, so that a name may hold a line break, and a text that a spreadsheet
    would take for a formula has an apostrophe before it.

    Parameters
    ----------
    table : DataFrame
        Of numbers, and texts in columns of `TEXT`.
    path : Path
        One that ends in ".gz" is compressed, to the same bytes each time.
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
    """Read what `write_table` wrote: the same texts, and NaN where a number is missing."""
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
