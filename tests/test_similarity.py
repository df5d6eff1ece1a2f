"""Similarity metrics against TensorFlow's implementation and manual calculations."""

import numpy as np
import pytest
import tensorflow as tf

from colorization.color import lab, similarity
from samples import scene


def pairs() -> list[tuple[np.ndarray, np.ndarray]]:
    """A photograph with a noisy, a gray, another and a darker one."""
    truth = scene(1, 64, 48)
    noise = np.random.default_rng(1).normal(0, 20, truth.shape)
    noisy = np.clip(truth + noise, 0, 255).astype(np.uint8)
    gray = lab.lab_to_rgb(lab.rgb_to_lab(truth)[0], np.zeros(2))
    return [(truth, noisy), (truth, gray), (truth, scene(2, 64, 48)), (truth, truth // 2)]


@pytest.mark.parametrize("pair", range(4))
def test_psnr_agrees_with_tensorflow(pair: int) -> None:
    truth, image = pairs()[pair]
    expected = float(tf.image.psnr(truth, image, max_val=255))
    # TensorFlow computes in float32: 1e-4 dB is its error.
    assert similarity.psnr_rgb_db(truth, image) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("pair", range(4))
def test_ssim_agrees_with_tensorflow(pair: int) -> None:
    truth, image = pairs()[pair]
    # The same 11 x 11 Gaussian. Both average only where the window lies within the image:
    # TensorFlow by VALID convolution, scikit-image by cropping its map by 5 px.
    expected = float(
        tf.image.ssim(truth, image, max_val=255, filter_size=11, filter_sigma=1.5, k1=0.01, k2=0.03)
    )
    assert similarity.ssim_rgb(truth, image) == pytest.approx(expected, abs=2e-5)  # float32


def test_psnr_by_hand() -> None:
    black = np.zeros((16, 16, 3), np.uint8)
    assert similarity.psnr_rgb_db(black, black + 255) == pytest.approx(0)
    # One of 3 * 256 values is off by 255: 10 log10(768).
    dot = black.copy()
    dot[3, 4, 1] = 255
    assert similarity.psnr_rgb_db(black, dot) == pytest.approx(28.8536, abs=1e-4)
