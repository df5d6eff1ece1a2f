"""The model and its floors on a test split."""

import keras
import numpy as np
import pytest

from colorization import evaluation, lab, metrics
from colorization.examples import Examples
from samples import examples


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Examples:
    return examples(tmp_path_factory.mktemp("evaluation") / "test", 5)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    """Gives a = tanh(L) and b = tanh of the embedding's first value."""
    L = keras.Input((None, None, 1))
    embedding = keras.Input((1000,))
    b = keras.ops.zeros_like(L) + embedding[:, None, None, :1]
    return keras.Model([L, embedding], keras.ops.tanh(keras.ops.concatenate([L, b], axis=-1)))


def test_the_mean_ab_is_that_of_numpy(few: Examples) -> None:
    expected = np.asarray(few.images.ab, dtype=np.float64).mean(axis=(0, 1, 2))
    found = evaluation.mean_ab(few.images.ab)
    assert (found.shape, found.dtype) == ((2,), np.float32)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_rows_carry_names_and_scores_and_the_floors_are_what_they_say(
    few: Examples, model: keras.Model
) -> None:
    mean = np.array([0.05, -0.1], np.float32)
    scored = list(evaluation.evaluate(model, few, mean, 2))
    assert [row["name"] for row, _ in scored] == few.images.names
    for index, (row, colorized) in enumerate(scored):
        assert set(row) == {"name"} | {
            f"{colorizer}_{metric}"
            for colorizer in ("model", "gray", "mean_ab")
            for metric in ("psnr_rgb_db", "ssim_rgb", "mse_ab")
        }
        assert (colorized["gray"].ab == 0).all()
        grey = colorized["gray"].rgb
        assert np.ptp(grey.astype(int), axis=-1).max() <= 1  # rounding
        np.testing.assert_array_equal(
            colorized["mean_ab"].ab, np.broadcast_to(mean, (*grey.shape[:2], 2))
        )
        truth = np.asarray(few.images.ab[index], np.float64)
        assert row["gray_mse_ab"] == pytest.approx((truth**2).mean())
        for name, result in colorized.items():
            expected = metrics.psnr_rgb_db(few.images.rgb[index], result.rgb)
            assert row[f"{name}_psnr_rgb_db"] == expected
            np.testing.assert_array_equal(
                result.rgb, lab.lab_to_rgb(few.images.L[index], result.ab)
            )


def test_the_true_colours_score_far_above_the_floors(few: Examples) -> None:
    class Oracle:
        """Knows the test split by heart."""

        def predict_on_batch(self, _: list[np.ndarray]) -> np.ndarray:
            return np.asarray(few.images.ab, np.float32)

    mean = evaluation.mean_ab(few.images.ab)
    for row, _ in evaluation.evaluate(Oracle(), few, mean, 5):
        assert row["model_mse_ab"] == 0
        # The cache's float16 costs at most 1 of 255: 48 dB at the very worst.
        assert row["model_psnr_rgb_db"] > 48
        assert row["model_ssim_rgb"] > 0.99
        assert row["mean_ab_psnr_rgb_db"] < 40


@pytest.mark.parametrize(
    ("total", "count", "expected"),
    [(10, 3, [0, 4, 9]), (10, 1, [0]), (3, 12, [0, 1, 2]), (1, 1, [0]), (5, 5, [0, 1, 2, 3, 4])],
)
def test_samples_are_evenly_spaced(total: int, count: int, expected: list[int]) -> None:
    assert evaluation.evenly_spaced(total, count) == expected


def test_there_are_as_many_samples_as_asked_for() -> None:
    for total in range(1, 60):
        for count in range(1, total + 1):
            chosen = evaluation.evenly_spaced(total, count)
            assert len(chosen) == count
            gaps = np.diff(chosen)
            assert count < 2 or gaps.max() - gaps.min() <= 1
