"""Scores of a model on a test split."""

import dataclasses
import json
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from colorization.color import lab
from colorization.color.statistics import count_colors
from colorization.dataset import arrays
from colorization.dataset.examples import Examples, evenly_spaced
from colorization.scoring import scorer
from colorization.scoring.metrics import score
from colorization.scoring.predictions import is_constant, read_predictions
from colorization.scoring.reference import Colorized, Reference
from colorization.scoring.sample_choice import best_and_worst, representative
from colorization.scoring.samples import STATES, Choice, read_samples, write_samples
from colorization.scoring.summary import summarize
from colorization.scoring.trivial import TrivialScores, score_trivial
from samples import cache, examples, scene


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    return examples(tmp_path_factory.mktemp("evaluation") / "test", 5)


def nowhere(_: str, rgb: np.ndarray) -> np.ndarray:
    return np.zeros(rgb.shape[:2], bool)


def trivial_of(test: Examples) -> TrivialScores:
    return score_trivial(test.images, count_colors(test.images.ab), nowhere)


@pytest.fixture(scope="module")
def trivial(few: Examples) -> TrivialScores:
    return trivial_of(few)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    """Gives a = tanh(L) and b = tanh of the embedding's first value."""
    L = keras.Input((None, None, 1))
    embedding = keras.Input((1000,))
    b = keras.ops.zeros_like(L) + embedding[:, None, None, :1]
    return keras.Model([L, embedding], keras.ops.tanh(keras.ops.concatenate([L, b], axis=-1)))


class Oracle:
    """Predicts the true colors."""

    inputs = ("L",)
    layers = ()

    def __init__(self, rgb: np.ndarray) -> None:
        self._ab = lab.rgb_to_lab(np.asarray(rgb))[1]
        self._next = 0

    def predict_on_batch(self, inputs: list[np.ndarray]) -> np.ndarray:
        start, self._next = self._next, self._next + len(inputs[0])
        return self._ab[start : self._next]


def test_each_row_is_its_photograph_compared_with_its_prediction(
    few: Examples, model: keras.Model, trivial: TrivialScores
) -> None:
    actual = scorer.evaluate(model, few, trivial, 2)
    assert actual.rows["name"].tolist() == few.images.names
    predicted = model.predict_on_batch(few.inputs(slice(None)))
    references = [
        Reference(np.array(rgb), trivial.colors, small)
        for rgb, small in zip(few.images.rgb, trivial.small, strict=True)
    ]
    expected = pd.DataFrame(
        [score(Colorized(*compared)) for compared in zip(references, predicted, strict=True)]
    )
    scored = actual.rows.filter(like="model_").rename(columns=lambda name: name[len("model_") :])
    pd.testing.assert_frame_equal(scored, expected, rtol=1e-4)
    pd.testing.assert_frame_equal(actual.rows[trivial.rows.columns], trivial.rows)


def test_the_histogram_counts_the_pixels_by_chroma(
    few: Examples, model: keras.Model, trivial: TrivialScores
) -> None:
    chroma = scorer.evaluate(model, few, trivial, 2).chroma.set_index("chroma")
    true = np.hypot(*np.moveaxis(lab.rgb_to_lab(np.array(few.images.rgb))[1], -1, 0)) * 128
    for lower, pixels in zip(chroma.index.to_numpy(), chroma["truth"], strict=True):
        assert pixels == ((true >= lower) & (true < lower + 2)).sum()
    assert chroma["model"].sum() == true.size


def test_predictions_are_kept_as_the_means_of_blocks(
    few: Examples, model: keras.Model, trivial: TrivialScores, tmp_path: Path
) -> None:
    actual = scorer.evaluate(model, few, trivial, 2).predictions
    ab = 128 * model.predict_on_batch(few.inputs(slice(None)))
    expected = (ab[:, ::2, ::2] + ab[:, 1::2, ::2] + ab[:, ::2, 1::2] + ab[:, 1::2, 1::2]) / 4
    assert (actual.ab.shape, actual.ab.dtype) == ((5, 16, 16, 2), np.float16)
    np.testing.assert_allclose(actual.ab, expected, rtol=0, atol=0.07)
    assert actual.entropy is None
    assert read_predictions(tmp_path) is None
    actual.write(tmp_path)
    read = read_predictions(tmp_path)
    assert read is not None
    np.testing.assert_array_equal(read.ab, actual.ab)
    assert read.entropy is None


@pytest.mark.parametrize(("spread", "constant"), [(0.0, True), (0.49, True), (0.51, False)])
def test_a_constant_color_deviates_little_over_pixels_and_photographs(
    few: Examples, trivial: TrivialScores, spread: float, constant: bool
) -> None:
    oracle = Oracle(few.images.rgb)
    # Half of all pixels are as far above the mean as the others below: that is the deviation.
    signs = np.where(np.arange(oracle._ab[..., 0].size) % 2, 1, -1).reshape(oracle._ab.shape[:3])
    oracle._ab = np.stack([np.full(signs.shape, 0.3), -0.2 + signs * spread / 128], axis=-1)
    deviation = scorer.evaluate(oracle, few, trivial, 2).deviation
    assert deviation == pytest.approx(spread, abs=1e-4)
    assert is_constant(deviation) is constant


def test_different_constant_colors_of_photographs_are_not_one(
    few: Examples, trivial: TrivialScores
) -> None:
    oracle = Oracle(few.images.rgb)
    oracle._ab = np.ones_like(oracle._ab) * np.linspace(-0.1, 0.1, 5)[:, None, None, None]
    assert not is_constant(scorer.evaluate(oracle, few, trivial, 2).deviation)


def test_the_histogram_reaches_beyond_srgb(few: Examples, trivial: TrivialScores) -> None:
    oracle = Oracle(few.images.rgb)
    oracle._ab = np.ones_like(oracle._ab)
    chroma = scorer.evaluate(oracle, few, trivial, 2).chroma.set_index("chroma")["model"]
    assert chroma.to_dict() == {lower: 5 * 32 * 32 * (lower == 180) for lower in chroma.index}


def test_baselines_of_other_images_are_refused(
    few: Examples, model: keras.Model, trivial: TrivialScores
) -> None:
    twice = dataclasses.replace(trivial, rows=trivial.rows.iloc[[0, 0, 1, 2, 3]])
    with pytest.raises(pd.errors.MergeError):
        scorer.evaluate(model, few, twice, 2)


def test_predictions_are_compared_with_exact_pixels(few: Examples, trivial: TrivialScores) -> None:
    cached = np.array(few.images.ab, np.float32)
    exact = lab.rgb_to_lab(np.array(few.images.rgb))[1]
    assert np.abs(cached - exact).max() > 0
    rows = scorer.evaluate(Oracle(few.images.rgb), few, trivial, 2).rows
    assert (rows["model_mse_ab"] == 0).all()
    assert rows["model_psnr_rgb_db"].isna().all()  # met exactly


def test_gray_black_and_exact_images_are_counted_without_nan(tmp_path: Path) -> None:
    gray = np.repeat(scene(1, 32, 32)[..., :1], 3, axis=-1)
    squares = [gray, np.zeros((32, 32, 3), np.uint8), scene(2, 32, 32)]
    tmp_path.joinpath("test").mkdir()
    cache(tmp_path / "test", ["gray", "black", "exact"], squares)
    test = Examples(arrays.read(tmp_path / "test"), None)
    for count in (1, 3):
        part = test.subset(slice(count))
        rows = scorer.evaluate(Oracle(part.images.rgb), part, trivial_of(part), 2).rows
        summary = json.loads(json.dumps(summarize(rows, 0.0).as_json(), allow_nan=False))
        assert summary["model"]["psnr_rgb_db_excluded"] == count
        assert summary["gray"]["psnr_rgb_db_excluded"] == min(count, 2)
        assert summary["gray"]["psnr_vs_gray_db_excluded"] == count
        assert "inf" not in rows.to_csv(index=False)


def test_sample_images_are_gray_colorized_and_true(
    few: Examples, model: keras.Model, tmp_path: Path
) -> None:
    images = scorer.colorize(model, few, [3, 1], 1)
    L = lab.rgb_to_lab(np.array(few.images.rgb))[0]
    for place, index in enumerate([3, 1]):
        np.testing.assert_array_equal(images["truth"][place], few.images.rgb[index])
        np.testing.assert_array_equal(images["gray"][place], lab.lab_to_rgb(L[index], np.zeros(2)))
        ab = model.predict_on_batch(few.inputs(np.array([index])))[0]
        np.testing.assert_array_equal(images["colorized"][place], lab.lab_to_rgb(L[index], ab))
    assert all(len(images) == 0 for images in scorer.colorize(model, few, [], 2).values())
    write_samples(tmp_path, "best", Choice([3, 1]), images)
    assert np.load(tmp_path / "best.npy").shape == (len(STATES), 2, 32, 32, 3)
    read = read_samples(tmp_path, "best", pd.DataFrame({"name": few.images.names}))
    assert read.rows["name"].tolist() == [few.images.names[3], few.images.names[1]]
    for state in STATES:
        np.testing.assert_array_equal(read.images[state], images[state])


@pytest.mark.parametrize(
    ("total", "count", "expected"),
    [(10, 3, [0, 4, 9]), (10, 1, [0]), (3, 12, [0, 1, 2]), (1, 1, [0]), (5, 5, [0, 1, 2, 3, 4])],
)
def test_samples_are_evenly_spaced(total: int, count: int, expected: list[int]) -> None:
    assert evenly_spaced(total, count) == expected


def test_there_are_as_many_samples_as_asked_for() -> None:
    for total in range(1, 60):
        for count in range(1, total + 1):
            chosen = evenly_spaced(total, count)
            assert len(chosen) == count
            gaps = np.diff(chosen)
            assert count < 2 or gaps.max() - gaps.min() <= 1


def test_representative_photographs_are_of_the_more_colorful_half() -> None:
    """Of ten photographs, the first two are nearly gray; the half of the others is 6 to 9."""
    rows = pd.DataFrame(
        {
            "name": [f"im{index}.jpg" for index in range(10)],
            "mean_chroma": [1.0, 1.9, *range(2, 10)],
            "colorfulness": [90.0, 90.0, *range(8)],
        }
    )
    assert representative(rows, 2.0, 3, {}) == Choice([6, 8, 9])
    assert representative(rows, 2.0, 12, {}) == Choice([6, 7, 8, 9])
    # With labels, half are of nature and half of objects, each as evenly spaced.
    subsets = {
        "nature only": frozenset({"im0.jpg", "im7.jpg", "im9.jpg"}),
        "objects only": frozenset({"im3.jpg", "im6.jpg", "im8.jpg"}),
        "sky": frozenset({"im6.jpg"}),
    }
    kinds = ["nature only", "nature only", "objects only", "objects only"]
    assert representative(rows, 2.0, 4, subsets) == Choice([7, 9, 6, 8], kinds)
    assert representative(rows, 2.0, 3, subsets) == Choice([7, 9, 6], kinds[:3])
    # If none of them is of objects, they are chosen as without labels.
    nature = {"nature only": frozenset({"im9.jpg"})}
    assert representative(rows, 2.0, 3, nature) == Choice([6, 8, 9])
    # If all are nearly gray, so are those that are shown.
    assert representative(rows, 50.0, 2, {}) == Choice([0, 9])


def test_samples_keep_what_they_are_of(tmp_path: Path) -> None:
    images = {state: np.zeros((2, 32, 32, 3), np.uint8) for state in STATES}
    table = pd.DataFrame({"name": ["a", "b", "c"]})
    choice = Choice([2, 0], ["nature only", "objects only"])
    write_samples(tmp_path, "evenly_spaced", choice, images)
    read = read_samples(tmp_path, "evenly_spaced", table)
    assert read.rows["name"].tolist() == ["c", "a"]
    assert read.kinds == choice.kinds
    write_samples(tmp_path, "best", Choice([1, 2]), images)
    assert read_samples(tmp_path, "best", table).kinds == []


def test_best_and_worst_are_ranked_by_improvement() -> None:
    # Gains 5, 1, -2, 8, 0: the third looks nearly right, and was made worse.
    rows = pd.DataFrame(
        {
            "mean_chroma": [9.0, 9.0, 9.0, 9.0, 9.0],
            "gray_ciede2000_mean": [12.0, 20.0, 1.0, 18.0, 9.0],
            "model_ciede2000_mean": [7.0, 19.0, 3.0, 10.0, 9.0],
        }
    )
    assert best_and_worst(rows, 2.0, 2) == (Choice([3, 0]), Choice([2, 4]))


def test_nearly_gray_photographs_are_neither_best_nor_worst() -> None:
    # Gains -9, 1, -2, 8, 0; any color makes the first, an exactly gray photograph, worse.
    rows = pd.DataFrame(
        {
            "mean_chroma": [0.0, 9.0, 9.0, 1.9, 2.0],
            "gray_ciede2000_mean": [0.0, 20.0, 1.0, 18.0, 9.0],
            "model_ciede2000_mean": [9.0, 19.0, 3.0, 10.0, 9.0],
        },
        index=[7, 5, 3, 1, 0],
    )
    assert best_and_worst(rows, 2.0, 2) == (Choice([1, 4]), Choice([2]))
    # If all are nearly gray, so are those that are shown.
    assert best_and_worst(rows, 50.0, 1) == (Choice([3]), Choice([0]))


@pytest.mark.parametrize("images", [1, 2, 3, 8])
def test_no_image_is_both_best_and_worst(images: int) -> None:
    rows = pd.DataFrame(
        {
            "mean_chroma": 9.0,
            "gray_ciede2000_mean": np.arange(images),
            "model_ciede2000_mean": np.zeros(images),
        }
    )
    for count in range(1, 10):
        best, worst = (choice.indices for choice in best_and_worst(rows, 2.0, count))
        assert not set(best) & set(worst)
        assert len(best) + len(worst) == min(images, 2 * count)
