"""Tables are read as they were written, whatever the names of photographs."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from colorization.core.tables import read_table, write_table

NAMES = [
    "im1.jpg",
    "a\rb.jpg",
    "a\nb.jpg",
    "a\r\nb.jpg",
    "\rb.jpg",
    "\n",
    'a "b", c.jpg',
    "NA",
    "nan",
    "",
    "1.0",
    " padded ",
    "'quoted'.jpg",
    "''twice",
    "=HYPERLINK(1).jpg",
    "+1.jpg",
    "-1.jpg",
    "@SUM(1).jpg",
    "\t=1.jpg",
    "\x1b[31mred.jpg",
    "été ☃.jpg",
]


def test_every_name_is_read_as_written(tmp_path: Path) -> None:
    table = pd.DataFrame({"name": NAMES, "value": np.arange(len(NAMES)) / 7})
    write_table(table, tmp_path / "a.csv")
    pd.testing.assert_frame_equal(read_table(tmp_path / "a.csv"), table, check_exact=True)


def test_a_missing_number_is_read_as_missing(tmp_path: Path) -> None:
    table = pd.DataFrame({"name": ["a", "b"], "value": [np.nan, 1.5]})
    write_table(table, tmp_path / "a.csv")
    pd.testing.assert_frame_equal(read_table(tmp_path / "a.csv"), table)


@pytest.mark.parametrize("name", NAMES)
def test_no_name_is_a_formula_to_a_spreadsheet(tmp_path: Path, name: str) -> None:
    write_table(pd.DataFrame({"name": [name]}), tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        _, (cell,) = csv.reader(file)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_numbers_are_not_quoted(tmp_path: Path) -> None:
    write_table(pd.DataFrame({"name": ["a"], "loss": [-0.25], "epoch": [3]}), tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == b'"name","loss","epoch"\n"a",-0.25,3\n'


def test_a_compressed_table_has_the_same_content_and_bytes_each_time(tmp_path: Path) -> None:
    table = pd.DataFrame({"name": ["NA", "=1+1"], "mse": [0.1 + 0.2, np.nan]})
    path = tmp_path / "table.csv.gz"
    write_table(table, path)
    once = path.read_bytes()
    write_table(table, path)
    assert path.read_bytes() == once
    write_table(table, tmp_path / "table.csv")
    assert gzip.decompress(once) == (tmp_path / "table.csv").read_bytes()
    pd.testing.assert_frame_equal(read_table(path), table)
