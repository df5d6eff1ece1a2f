"""The network that takes hints is scored, packaged and exported like the others, without any."""

import dataclasses
from pathlib import Path

import keras
import numpy as np
import pytest
from scipy.special import softmax

import colorization
from colorization.color.lab import AB_SCALE, rgb_to_lab
from colorization.networks.hints import takes_hints, without_hints
from colorization.networks.vividness import AdjustableModel
from colorization.packaging.saved_model import from_gray_to_ab
from colorization.scoring.gap_rows import score_gap
from first_party import imported_files
from packaged import SIDE, untrained, write_package
from samples import ROOT, examples, scene

NAME = "efficientnet_unet"


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return untrained(NAME)


@pytest.fixture(scope="module")
def adjustable(model: keras.Model) -> AdjustableModel:
    split = AdjustableModel.of(model)
    assert split is not None
    return split


def luminance(size: int = SIDE) -> np.ndarray:
    return rgb_to_lab(scene(1, size, size))[0][None]


def test_the_mean_color_is_that_of_the_softmax(adjustable: AdjustableModel) -> None:
    logits = adjustable.logits([luminance()])
    decoder = adjustable.decoder
    weighting = float(decoder.rebalancing) * np.array(decoder.log_weights)
    means = softmax(np.array(logits) - weighting, axis=-1) @ np.array(decoder.centers)
    half = adjustable.mean_ab(logits)[:, ::2, ::2]
    assert np.corrcoef(half.ravel(), means.ravel())[0, 1] > 0.9
    decoder.rebalancing.assign(1.0)
    weighted = adjustable.mean_ab(logits)
    decoder.rebalancing.assign(0.0)
    np.testing.assert_allclose(weighted, adjustable.decode_with(logits, 1.0, 1.0))
    assert np.abs(weighted - adjustable.mean_ab(logits)).max() > 0.01


@pytest.mark.parametrize("vividness", [0.0, 0.5, 1.0])
def test_a_hints_place_has_the_color_that_it_asks_for(
    adjustable: AdjustableModel, vividness: float
) -> None:
    centers = np.array(adjustable.decoder.centers)
    hints = np.zeros((1, SIDE // 2, SIDE // 2, 3), np.float32)
    asked = centers[[3, len(centers) // 2]]
    for ab, column in zip(asked, (2, 10), strict=True):
        hints[0, 8:11, column : column + 3] = [*ab, 1]
    logits = adjustable.logits([luminance(), hints])
    ab = adjustable.decode(logits, vividness)[0]
    for expected, column in zip(asked, (3, 11), strict=True):
        place = ab[18:20, 2 * column : 2 * column + 2] * AB_SCALE
        assert np.abs(place - expected * AB_SCALE).max() < 5
    without = adjustable.decode(adjustable.logits([luminance()]), vividness)[0]
    assert np.abs(without[18, 6] - asked[0]).max() > 10 / AB_SCALE


def test_its_gap_is_measured(model: keras.Model, tmp_path: Path) -> None:
    few = dataclasses.replace(examples(tmp_path / "few", 2, SIDE), embeddings=None)
    splits = {"train": (few, [0]), "test": (few, [1])}
    rows = score_gap({"best": model, "last": model}, splits, 2)
    assert rows["mse_ab_best"].gt(0).all()


def test_without_hints_it_gives_what_it_gives_for_none(model: keras.Model) -> None:
    alone = without_hints(model)
    assert takes_hints(model)
    assert not takes_hints(alone)
    vividness = np.full((1, 1), 0.5, np.float32)
    nowhere = np.zeros((1, SIDE // 2, SIDE // 2, 3), np.float32)
    np.testing.assert_allclose(
        alone.predict_on_batch([luminance(), vividness]),
        model.predict_on_batch([luminance(), nowhere, vividness]),
        atol=1e-6,
    )


def test_a_hint_changes_the_colors(model: keras.Model) -> None:
    hints = np.zeros((1, SIDE // 2, SIDE // 2, 3), np.float32)
    hints[0, 4:7, 4:7] = (0.4, 0.3, 1)
    plain, hinted = (model.predict_on_batch([luminance(), given, None]) for given in (None, hints))
    assert np.abs(hinted - plain).max() > 1e-3


def test_the_exported_model_takes_a_gray_image_alone(model: keras.Model) -> None:
    exported = from_gray_to_ab(model, SIDE, None)
    gray = np.arange(SIDE * SIDE, dtype=np.uint8).reshape(1, SIDE, SIDE, 1)
    ab = exported.predict_on_batch([gray])["ab"]
    assert ab.shape == (1, SIDE, SIDE, 2)


@pytest.mark.soak
def test_its_package_colorizes(
    model: keras.Model, adjustable: AdjustableModel, tmp_path: Path
) -> None:
    colorizer = colorization.load(write_package(tmp_path / NAME, model, NAME))
    photograph = scene(1, SIDE, SIDE)
    prepared = colorizer.prepare_input(photograph)
    (logits,) = colorizer.predict([prepared])
    predicted = colorizer.decode(logits, vividness=0.5)
    expected = adjustable.decode(adjustable.logits([prepared.L[None]]), 0.5)[0]
    np.testing.assert_allclose(predicted, expected, atol=1e-3)


def test_the_code_that_loads_models_imports_every_layer() -> None:
    folder = ROOT / "src/colorization/networks"
    defining = {
        path.relative_to(ROOT).as_posix()
        for path in folder.glob("*.py")
        if "register_keras_serializable" in path.read_text()
    }
    assert len(defining) > 2
    assert defining <= imported_files(folder / "saving.py")
