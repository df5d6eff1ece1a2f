"""Writes and reads tables as CSV files that are safe for photographs of any name."""

import csv
import gzip
from pathlib import Path

import pandas as pd

# The text columns of all tables. In them "NA" is a name, not a missing value.
TEXT = (
    "name",
    "training",
    "split",
    "mode",
    "sha256",
    "near_duplicate",
    "reason",
    "label",
    "subset",
)

# A cell that begins with one of these is a formula to a spreadsheet; see OWASP, CSV Injection.
# An apostrophe marks a cell as text, so a text that begins with one gets another.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "'")


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, without its index.

    Texts and column names are quoted, so that a name may contain a line break. A text that a
    spreadsheet would evaluate as a formula is prefixed with an apostrophe.

    Parameters
    ----------
    table : DataFrame
        Columns named in `TEXT` contain strings, all others numbers.
    path : Path
        With a suffix ".gz" the file is compressed, to the same bytes whatever the file is called.
    """
    texts = [name for name in TEXT if name in table]
    escaped = table.assign(**{name: table[name].map(_escaped) for name in texts})
    text = escaped.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    content = text.encode()
    path.write_bytes(gzip.compress(content, mtime=0) if ".gz" in path.suffixes else content)


def read_table(path: Path) -> pd.DataFrame:
    """Read a table written by `write_table`: the same texts, and NaN for missing numbers."""
    columns = [str(column) for column in pd.read_csv(path, nrows=0)]
    texts = [column for column in columns if column in TEXT]
    table = pd.read_csv(
        path,
        dtype=dict.fromkeys(texts, str),
        keep_default_na=False,
        na_values={column: [""] for column in columns if column not in TEXT},
    )
    return table.assign(**{name: table[name].map(_unescaped) for name in texts})


def _escaped(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULAS) else text


def _unescaped(cell: str) -> str:
    return cell.removeprefix("'")
