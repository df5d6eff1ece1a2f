"""Sheets of photographs, colorized by several models, to be looked at."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import side_by_side
from colorization.colorizing.colorizer import load
from samples import encoded, scene

STEP = 132  # px, from a tile to the next


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(1, 5):
        (folder / f"im{number}.png").write_bytes(encoded(scene(number, 160, 128)))
    return folder


def sheet(photos: Path, out: Path, **options: Any) -> np.ndarray:
    defaults: dict[str, Any] = {
        "split": None,
        "labels": None,
        "label": "",
        "count": 4,
        "aged": False,
        "models": [("released", load())],
    }
    side_by_side.main(photos=photos, out=out, **(defaults | options))
    (path,) = out.iterdir()
    return np.asarray(Image.open(path)).astype(int)


def tiles(pixels: np.ndarray, rows: int) -> np.ndarray:
    """The last column's tiles, from the top."""
    left = pixels.shape[1] - STEP
    tops = (4 + STEP * row for row in range(rows))
    return np.stack([pixels[top : top + 128, left : left + 128] for top in tops])


def test_a_sheet_shows_gray_each_model_by_vividness_and_the_photographs(
    photos: Path, tmp_path: Path
) -> None:
    pixels = sheet(photos, tmp_path / "out", models=[("released", load()), ("same", load())])
    assert len(pixels) == 4 + 8 * STEP
    gray, *colorized, truth = tiles(pixels, 8)
    assert np.ptp(gray, axis=-1).max() <= 1  # rounded
    assert (truth == scene(4, 160, 128)[:, 16:144]).all()
    assert (np.array(colorized[:3]) == colorized[3:]).all()
    assert np.ptp(colorized[0], axis=-1).mean() < np.ptp(colorized[2], axis=-1).mean()


def test_aged_photographs_differ_and_are_the_same_each_time(photos: Path, tmp_path: Path) -> None:
    new, old, again = (
        sheet(photos, tmp_path / str(run), aged=aged, count=1)
        for run, aged in enumerate((False, True, True))
    )
    assert (old == again).all()
    assert np.abs(tiles(new, 1) - tiles(old, 1)).mean() > 5
    assert (tiles(new, 5)[-1] == tiles(old, 5)[-1]).all()


def test_only_test_photographs_of_a_label_are_shown(photos: Path, tmp_path: Path) -> None:
    split = pd.DataFrame(
        {"name": [f"im{n}.png" for n in range(1, 5)], "split": ["test", "train", "test", "test"]}
    )
    split.to_csv(tmp_path / "split.csv", index=False)
    labels = tmp_path / "labels"
    labels.mkdir()
    (labels / "portrait_r1.txt").write_text("2\n3\n")
    pixels = sheet(
        photos, tmp_path / "out", split=tmp_path / "split.csv", labels=labels, label="portrait_r1"
    )
    assert (tiles(pixels, 5)[-1] == scene(3, 160, 128)[:, 16:144]).all()
