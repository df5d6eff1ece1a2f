"""The trial of a study's settings resumes, and scores the photographs that are not nearly gray."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import study_settings
from colorization.color import lab
from colorization.color.statistics import count_colors
from colorization.core.errors import ColorizationError
from colorization.networks.inputs import VariantInputs
from samples import ROOT, VARIANTS, cache, pack, scene
from study_settings import Training, TrialData

FIRST = Training("baseline", 64, 6000, 0.001)
SECOND = Training("bn_maxpool", 96, 12000, 0.0003)


def rows(training: Training, errors_removed: list[float]) -> pd.DataFrame:
    """The rows of a completed training."""
    return pd.DataFrame(
        {
            "training": training.name,
            **training._asdict(),
            "epoch": range(1, len(errors_removed) + 1),
            "validation_images": 790,
            "error_removed": errors_removed,
            "images_per_second": 80.04,
        }
    )


def test_a_completed_training_is_known_by_its_rows(tmp_path: Path) -> None:
    assert study_settings.epochs_done(FIRST, tmp_path) == 0
    study_settings.record(rows(FIRST, [1.0, 2.0]), tmp_path)
    study_settings.record(rows(SECOND, [3.0]), tmp_path)
    assert study_settings.epochs_done(FIRST, tmp_path) == 2
    assert study_settings.epochs_done(SECOND, tmp_path) == 1
    assert study_settings.epochs_done(FIRST._replace(learning_rate=0.0001), tmp_path) == 0
    study_settings.record(rows(SECOND, [3.0, 4.0, 5.0]), tmp_path)  # more epochs replace fewer
    assert study_settings.epochs_done(SECOND, tmp_path) == 3


def test_the_table_has_a_row_for_each_training_and_a_column_for_each_epoch() -> None:
    table = study_settings.tabulated(pd.concat([rows(SECOND, [3.04, -4.16]), rows(FIRST, [1.0])]))
    heading, _, *lines = table.splitlines()
    assert "on 790 validation photographs" in heading
    titles, _, *body = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    assert titles[:4] == ["variant", "px", "training images", "learning rate"]
    assert titles[4:] == ["images per second", "1", "2"]
    assert [line[0] for line in body] == ["bn_maxpool", "baseline"]
    assert list(map(float, body[0][1:])) == [96, 12000, 0.0003, 80, 3.0, -4.2]
    assert body[1][-1] == "nan"


def test_a_photograph_that_is_nearly_gray_is_not_scored(tmp_path: Path) -> None:
    squares = [scene(1, 32, 32), np.full((32, 32, 3), 90, np.uint8), scene(2, 32, 32)]
    for split in ("train", "validation"):
        (tmp_path / split).mkdir()
        cache(tmp_path / split, ["0.png", "1.png", "2.png"], squares)
    ab = lab.rgb_to_lab(np.stack(squares))[1]
    colors = tmp_path / "colors"
    colors.mkdir()
    count_colors(ab).write(colors)
    inputs = VariantInputs(VARIANTS["bn_maxpool_no_embedding"], encoder=None, embeddings=None)
    data = TrialData(tmp_path, colors, inputs, images=2, min_chroma=2.0)
    validation = data.examples("validation")
    assert validation.images.names == ["0.png", "2.png"]
    assert data.examples("train").images.names == ["0.png", "1.png"]
    colorful = ab[[0, 2]].astype(np.float64)
    expected = np.mean((colorful - ab.mean(axis=(0, 1, 2), dtype=np.float64)) ** 2)
    assert study_settings.constant_mse(validation, colors) == pytest.approx(expected, rel=1e-3)


def test_a_work_folder_is_of_the_same_photographs_and_settings(tmp_path: Path) -> None:
    archives = [pack(tmp_path / f"{name}.zip", {f"{name}.jpg": b"x"}) for name in "ab"]
    work = tmp_path / "work"
    work.mkdir()
    profile = ROOT / "profiles" / "photographs.yaml"
    first, second = (
        study_settings.read_settings(profile, archive, tmp_path / "weights.h5")
        for archive in archives
    )
    study_settings.check_settings(first, "0" * 64, work)
    study_settings.check_settings(first, "0" * 64, work)
    with pytest.raises(ColorizationError, match=r"has other photographs; name another work folder"):
        study_settings.check_settings(second, "0" * 64, work)
    with pytest.raises(ColorizationError, match="has other weights;"):
        study_settings.check_settings(first, "1" * 64, work)
