"""Vividness sweeps: scores and images, also at the default, and their pages."""

import dataclasses
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from colorization.dataset.examples import Examples
from colorization.networks.vividness import AdjustableModel
from colorization.pages.vividness import sweep_table, write_sweeps
from colorization.scoring import scorer
from colorization.scoring.summary import summarize
from colorization.scoring.trivial import TrivialScores, score_trivial
from colorization.scoring.vividness import DISPLAYED, VividnessSweep, read_sweep, write_sweep
from colorization.scoring.vividness_sweep import decode_samples, sweep_vividness
from evaluated import evaluation, files_in
from packaged import adjustable_model
from samples import colors_of_scenes, examples

MIN_CHROMA = 30.0  # two of the scenes are grayer


@pytest.fixture(scope="module")
def model() -> keras.Model:
    """A model with a default vividness of 0.5."""
    return adjustable_model()


@pytest.fixture(scope="module")
def test_images(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    actual = examples(tmp_path_factory.mktemp("sweep") / "test", 5)
    return dataclasses.replace(actual, embeddings=None)


@pytest.fixture(scope="module")
def adjustable(model: keras.Model) -> AdjustableModel:
    actual = AdjustableModel.of(model)
    assert actual is not None
    return actual


@pytest.fixture(scope="module")
def trivial(test_images: Examples) -> TrivialScores:
    return score_trivial(
        test_images.images, colors_of_scenes(), lambda _, rgb: np.zeros(rgb.shape[:2], bool)
    )


@pytest.fixture(scope="module")
def made(
    model: keras.Model, test_images: Examples, adjustable: AdjustableModel, trivial: TrivialScores
) -> tuple[VividnessSweep, dict]:
    """A sweep, and the scores of the model at its default."""
    scores = sweep_vividness(adjustable, test_images, trivial, 2, MIN_CHROMA)
    images = decode_samples(adjustable, test_images, [0, 3, 4], 2)
    rows = scorer.evaluate(model, test_images, trivial, 2).rows
    by_default = summarize(rows, MIN_CHROMA)
    assert 1 < by_default.images_scored < by_default.images
    return VividnessSweep(scores, images, adjustable.default), by_default.as_json()


def test_at_the_default_vividness_the_sweep_has_the_scores_of_the_model(
    made: tuple[VividnessSweep, dict],
) -> None:
    sweep, by_default = made
    (row,) = sweep.scores[np.isclose(sweep.scores["vividness"], 0.5)].to_dict("records")
    for key in ("error_removed_percent", "ciede2000_mean", "colorfulness_ratio"):
        assert row[key] == pytest.approx(by_default["model"][key], rel=1e-5)
        assert row[f"{key}_se"] == pytest.approx(by_default["model"][f"{key}_se"], rel=1e-4)
    for baseline in ("gray", "constant"):
        over = by_default["psnr_gain"][baseline]
        assert row[f"psnr_gain_over_{baseline}_db"] == pytest.approx(over["psnr_rgb_db"], rel=1e-5)
        assert row[f"psnr_gain_over_{baseline}_db_se"] == pytest.approx(
            over["psnr_rgb_db_se"], rel=1e-4
        )
    assert sweep.scores["ciede2000_mean"].nunique() == len(sweep.scores)


def test_a_default_between_two_operating_points_is_scored_too(
    made: tuple[VividnessSweep, dict],
    test_images: Examples,
    adjustable: AdjustableModel,
    trivial: TrivialScores,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(AdjustableModel, "default", 0.45)
    scores = sweep_vividness(adjustable, test_images, trivial, 2, MIN_CHROMA)
    between = scores["vividness"] == 0.45
    pd.testing.assert_frame_equal(scores[~between].reset_index(drop=True), made[0].scores)
    before, at, after = scores["ciede2000_mean"][4:7]
    assert between[5]
    assert min(before, after) < at < max(before, after)
    rows = sweep_table(dataclasses.replace(made[0], scores=scores, default=0.45)).rows
    assert [row[0] for row in rows][4:7] == ["0.4", "0.45 (default)", "0.5"]


def test_images_at_the_default_vividness_are_the_sample_images(
    model: keras.Model, made: tuple[VividnessSweep, dict], test_images: Examples
) -> None:
    images = made[0].images
    assert images.shape == (3, len(DISPLAYED), 32, 32, 3)
    displayed = scorer.colorize(model, test_images, [0, 3, 4], 2)["colorized"]
    assert np.abs(images[:, 2].astype(int) - displayed).max() <= 1
    assert (images[:, 0] != images[:, 4]).any()


def test_what_is_read_is_what_was_written(
    made: tuple[VividnessSweep, dict], tmp_path: Path
) -> None:
    assert read_sweep(tmp_path) is None
    write_sweep(made[0], tmp_path)
    read = read_sweep(tmp_path)
    assert read is not None
    np.testing.assert_array_equal(read.images, made[0].images)
    np.testing.assert_allclose(read.scores, made[0].scores, rtol=0)
    assert read.default == 0.5


def test_tables_have_every_operating_point_and_mark_the_default(
    made: tuple[VividnessSweep, dict], tmp_path: Path
) -> None:
    sweep = made[0]
    table = sweep_table(sweep)
    assert [row[0] for row in table.rows][4:7] == ["0.4", "0.5 (default)", "0.6"]
    assert {len(row) for row in table.rows} == {len(table.titles)} == {7}
    assert table.titles[1] == "error removed, % (higher is better)"
    # As many images as the page shows beside them.
    actual = dataclasses.replace(
        evaluation(), sweep=dataclasses.replace(sweep, images=sweep.images[:1])
    )
    named = {"vivid": actual, "without": evaluation()}
    figures = write_sweeps(named, tmp_path)
    pictures = {"vividness/vivid/curves.png", "vividness/vivid/samples.png"}
    assert files_in(tmp_path) == {"vividness/scores.csv", *pictures}
    assert set(figures) == pictures
    assert all(url.startswith("data:image/") for url in figures.values())


def test_undefined_scores_are_marked_as_such(made: tuple[VividnessSweep, dict]) -> None:
    scores = made[0].scores.assign(
        psnr_gain_over_gray_db=np.nan, psnr_gain_over_gray_db_se=np.nan, ciede2000_mean_se=np.nan
    )
    table = sweep_table(dataclasses.replace(made[0], scores=scores))
    assert not any("nan" in cell for row in table.rows for cell in row)
    assert table.rows[0][5] == "exact"


def test_without_a_sweep_the_table_of_scores_is_empty(tmp_path: Path) -> None:
    assert write_sweeps({"without": evaluation()}, tmp_path) == {}
    assert files_in(tmp_path) == {"vividness/scores.csv"}
