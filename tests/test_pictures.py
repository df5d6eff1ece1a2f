"""Pictures for people: what stands where, and always the same bytes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from colorization.pages import pictures
from colorization.study import plots
from colorization.study.plots import Interval
from samples import scene

HISTORY = pd.DataFrame({"epoch": [1, 2], "train_mse": [0.02, 0.01], "val_mse": [0.03, 0.02]})
TRIVIAL = {"gray": 0.04, "constant": 0.035}


@pytest.mark.parametrize(("side", "factor"), [(32, 4), (64, 2), (96, 1), (128, 1)])
def test_a_triptych_is_gray_colorized_and_truth_enlarged_by_whole_pixels(
    side: int, factor: int
) -> None:
    names = ("gray", "colorized", "truth")
    samples = {
        name: np.stack([scene(10 * column + row, side, side) for row in range(2)])
        for column, name in enumerate(names)
    }
    triptychs = pictures.triptychs(samples)
    assert len(triptychs) == 2
    for row, triptych in enumerate(triptychs):
        assert triptych.shape == (side * factor, 3 * side * factor, 3)
        small = triptych[::factor, ::factor]
        for column, name in enumerate(names):
            tile = small[:, column * side : (column + 1) * side]
            np.testing.assert_array_equal(tile, samples[name][row])
        np.testing.assert_array_equal(triptych[0::factor], triptych[factor - 1 :: factor])


def test_large_images_are_reduced_to_a_tile() -> None:
    samples = {name: np.full((1, 224, 224, 3), 90, np.uint8) for name in ("gray", "colorized")}
    samples["truth"] = scene(1, 224, 224)[None]
    (triptych,) = pictures.triptychs(samples)
    assert triptych.shape == (pictures.TILE, 3 * pictures.TILE, 3)
    reduced = Image.fromarray(samples["truth"][0]).resize(
        (pictures.TILE,) * 2, Image.Resampling.BOX
    )
    tile = triptych[:, 2 * pictures.TILE :].astype(float)
    assert np.abs(tile - np.asarray(reduced)).mean() < 4


def test_compared_samples_have_a_column_per_title_and_a_row_per_image(tmp_path: Path) -> None:
    columns = {
        title: np.stack([scene(10 * column + row, 64, 64) for row in range(2)])
        for column, title in enumerate(("gray", "baseline", "truth"))
    }
    pictures.compared_samples(columns, tmp_path / "sheet.png")
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    # Doubled, and one white pixel, doubled, after each.
    head, pixels = sheet[: pictures.TITLE_HEIGHT], sheet[pictures.TITLE_HEIGHT :: 2, ::2]
    assert pixels.shape == (2 * 65, 3 * 65, 3)
    for column, images in enumerate(columns.values()):
        for row, image in enumerate(images):
            tile = pixels[row * 65 : row * 65 + 64, column * 65 : column * 65 + 64]
            np.testing.assert_array_equal(tile, image)
        title = head[:, column * 130 : (column + 1) * 130]
        assert (title < 128).any()


def test_long_titles_take_several_lines_and_stay_above_their_column(tmp_path: Path) -> None:
    names = ("a", "bn_maxpool_another_photograph", "b")
    pictures.compared_samples(
        {name: np.full((1, 64, 64, 3), 255, np.uint8) for name in names}, tmp_path / "sheet.png"
    )
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    lines = pictures.in_lines(names[1], pictures.LONGEST_TITLE).split("\n")
    assert lines == ["bn_maxpool_", "another_", "photograph"]
    head = sheet[: pictures.TITLE_HEIGHT * len(lines)]
    assert sheet.shape[0] == len(head) + 2 * 65
    for edge in (130, 260):
        assert (head[:, edge - 2 : edge + 2] == 255).all()


ROWS = (
    Interval("deeper", 3.0, 1.0, 5.0, "the paper's"),
    Interval("constant color", 0.0, 0.0, 0.0),
    Interval("gray", -12.0, -14.0, -10.0),
)


def test_a_forest_plot_shades_what_is_worse_than_the_constant_color(tmp_path: Path) -> None:
    kinds = ("the paper's", "control")
    plots.forest(ROWS, kinds, tmp_path / "a.png")
    plots.forest(ROWS, kinds, tmp_path / "b.png")
    other = (ROWS[0], ROWS[1], replace(ROWS[2], low=-20.0))
    plots.forest(other, kinds, tmp_path / "c.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "c.png").read_bytes()
    pixels = np.asarray(Image.open(tmp_path / "a.png").convert("RGB")).astype(int)[:80]
    shaded = (pixels == 240).all(axis=-1).mean(axis=0) > 0.5
    blue = ((pixels[..., 2] > 150) & (pixels[..., 0] < 80)).any(axis=0)
    assert np.flatnonzero(shaded).max() < np.flatnonzero(blue).min()


def test_a_forest_plot_of_better_rows_alone_has_the_constant_color_too(tmp_path: Path) -> None:
    better = [replace(ROWS[0], low=40.0, value=45.0, high=50.0)]
    plots.forest(better, ("the paper's",), tmp_path / "a.png")
    pixels = np.asarray(Image.open(tmp_path / "a.png").convert("RGB"))[:40]
    shaded = (pixels == 240).all(axis=-1).mean(axis=0) > 0.5
    assert 1 < shaded.sum() < 40  # what is left of the line at 0


def test_a_figure_has_a_row_per_colorization_and_a_column_per_photograph(tmp_path: Path) -> None:
    rows = {
        title: np.stack([scene(10 * row + column, 64, 64) for column in range(3)])
        for row, title in enumerate(("gray", "bn_maxpool", "photograph"))
    }
    blocks = [pictures.Block("nature only", rows), pictures.Block("", rows)]
    pictures.figure(blocks, tmp_path / "figure.png")
    sheet = np.asarray(Image.open(tmp_path / "figure.png")).astype(int)
    side = pictures.TILE + pictures.GAP
    left = sheet.shape[1] - 3 * side
    tops = (pictures.TITLE_HEIGHT, pictures.TITLE_HEIGHT + 3 * side + pictures.GAP)
    assert sheet.shape[0] == tops[1] + 3 * side
    assert left > 0
    for top in tops:
        for row, images in enumerate(rows.values()):
            for column, image in enumerate(images):
                y, x = top + row * side, left + column * side
                tile = sheet[y : y + pictures.TILE, x : x + pictures.TILE]
                # Averaged by twos, the enlarged photograph is nearly the photograph again.
                reduced = tile.reshape(64, 2, 64, 2, 3).mean(axis=(1, 3))
                assert np.abs(reduced - image).mean() < 4


def test_compared_curves_show_every_training(tmp_path: Path) -> None:
    other = HISTORY.assign(val_mse=[0.03, 0.05])
    both = {"a": [HISTORY], "b": [other, HISTORY]}
    plots.compared_curves(both, TRIVIAL, tmp_path / "both.png")
    plots.compared_curves(both, TRIVIAL, tmp_path / "again.png")
    plots.compared_curves({"a": [HISTORY]}, TRIVIAL, tmp_path / "one.png")
    assert (tmp_path / "both.png").read_bytes() == (tmp_path / "again.png").read_bytes()
    assert (tmp_path / "both.png").read_bytes() != (tmp_path / "one.png").read_bytes()


@pytest.mark.parametrize("characters", [3, 30])
def test_the_legend_of_many_curves_is_not_cut_off(tmp_path: Path, characters: int) -> None:
    histories = {f"{index:0{characters}}": [HISTORY] for index in range(19)}
    plots.compared_curves(histories, TRIVIAL, tmp_path / "curves.png")
    legend = np.asarray(Image.open(tmp_path / "curves.png").convert("L"))[-60:]
    assert (legend < 255).any()
    assert (legend[:, [0, -1]] == 255).all()


def test_a_curve_with_an_endless_name_has_a_legend_all_the_same(tmp_path: Path) -> None:
    for name in ("n" * 300, "m" * 300):
        plots.compared_curves({name: [HISTORY]}, TRIVIAL, tmp_path / f"{name[0]}.png")
    assert (tmp_path / "n.png").read_bytes() != (tmp_path / "m.png").read_bytes()


@pytest.mark.parametrize("count", [1, 3, 8])
def test_each_variant_has_a_panel_of_its_own(tmp_path: Path, count: int) -> None:
    histories = {str(index): [HISTORY, HISTORY] for index in range(count)}
    plots.variant_curves(histories, TRIVIAL, tmp_path / "panels.png")
    panels = np.asarray(Image.open(tmp_path / "panels.png").convert("L"))
    across = min(count, plots.PANELS_ACROSS)
    down = -(-count // across)
    assert panels.shape[1] == pytest.approx(120 * 2.8 * across, abs=1)
    cells = [
        cell
        for line in np.array_split(panels[: -int(0.4 * 120)], down)
        for cell in np.array_split(line, across, axis=1)
    ]
    drawn = [(cell < 200).mean() > 0.01 for cell in cells]
    assert drawn == [index < count for index in range(down * across)]


def test_predicted_and_true_chroma_are_drawn(tmp_path: Path) -> None:
    histogram = pd.DataFrame({"chroma": [0.0, 2, 4], "truth": [5, 3, 2], "model": [9, 1, 0]})
    pictures.chroma(histogram, tmp_path / "a.png")
    pictures.chroma(histogram, tmp_path / "b.png")
    pictures.chroma(histogram.assign(model=histogram["truth"]), tmp_path / "c.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "c.png").read_bytes()


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


def test_a_sheet_without_samples_is_blank(tmp_path: Path) -> None:
    none = {name: np.empty((0, 32, 32, 3), np.uint8) for name in ("gray", "colorized", "truth")}
    pictures.sheet(pictures.triptychs(none), tmp_path / "sheet.png")
    assert (np.asarray(Image.open(tmp_path / "sheet.png")) == 255).all()


def test_curves_show_what_is_in_the_history(tmp_path: Path) -> None:
    other = HISTORY.assign(val_mse=[0.03, 0.05])
    for name, history in (("a", HISTORY), ("b", HISTORY), ("c", other)):
        pictures.curves(history, TRIVIAL, tmp_path / name)
    assert (tmp_path / "a").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes() != (tmp_path / "c").read_bytes()


def test_a_training_of_one_epoch_has_curves_too(tmp_path: Path) -> None:
    pictures.curves(HISTORY[:1], TRIVIAL, tmp_path / "curves.png")
    assert np.asarray(Image.open(tmp_path / "curves.png")).std() > 5
