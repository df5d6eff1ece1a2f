"""Pictures for people: what stands where, and always the same bytes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from colorization import lab, pictures
from samples import scene

HISTORY = pd.DataFrame({"epoch": [1, 2], "train_mse": [0.02, 0.01], "val_mse": [0.03, 0.02]})
FLOORS = {"gray": 0.04, "mean_ab": 0.035}


@pytest.mark.parametrize(("side", "factor"), [(32, 4), (64, 2), (96, 1), (224, 1)])
def test_a_triptych_is_grey_ours_and_truth_enlarged_by_whole_pixels(side: int, factor: int) -> None:
    truth, ours = scene(1, side, side), scene(2, side, side)
    L, _ = lab.rgb_to_lab(truth)
    row = pictures.triptych(L, ours, truth)
    assert row.shape == (side * factor, 3 * side * factor, 3)
    grey, middle, right = (row[::factor, i * side * factor :: factor][:, :side] for i in range(3))
    np.testing.assert_array_equal(middle, ours)
    np.testing.assert_array_equal(right, truth)
    # scikit-image's white point and sRGB matrix differ in the fourth digit: rounding may show it.
    assert np.ptp(grey.astype(int), axis=-1).max() <= 1
    assert np.corrcoef(grey[..., 0].ravel(), L.ravel())[0, 1] > 0.99
    np.testing.assert_array_equal(row[0::factor], row[factor - 1 :: factor])


@pytest.mark.parametrize(("count", "across", "down"), [(1, 1, 1), (2, 2, 1), (3, 2, 2), (6, 2, 3)])
def test_a_sheet_holds_every_sample_on_white(
    tmp_path: Path, count: int, across: int, down: int
) -> None:
    samples = [np.full((20, 30, 3), 10 * (index + 1), np.uint8) for index in range(count)]
    pictures.sheet(samples, tmp_path / "sheet.png")
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    gap = pictures.GAP
    assert sheet.shape == (down * (20 + gap) + gap, across * (30 + gap) + gap, 3)
    for index in range(count):
        y, x = gap + index // 2 * (20 + gap), gap + index % 2 * (30 + gap)
        assert (sheet[y : y + 20, x : x + 30] == 10 * (index + 1)).all()
    assert (sheet == 255).sum() == sheet.size - count * 20 * 30 * 3


def test_curves_show_what_is_in_the_history(tmp_path: Path) -> None:
    other = HISTORY.assign(val_mse=[0.03, 0.05])
    for name, history in (("a", HISTORY), ("b", HISTORY), ("c", other)):
        pictures.curves(history, FLOORS, tmp_path / name)
    assert (tmp_path / "a").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes() != (tmp_path / "c").read_bytes()


def test_a_training_of_one_epoch_has_curves_too(tmp_path: Path) -> None:
    pictures.curves(HISTORY[:1], FLOORS, tmp_path / "curves.png")
    assert np.asarray(Image.open(tmp_path / "curves.png")).std() > 5
