"""Metrics of a colorized image's similarity to the photograph; higher is better unless noted."""

import numpy as np
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

DATA_RANGE = 255  # 8-bit sRGB
SSIM_SIGMA = 1.5  # with scikit-image's truncation at 3.5 sigma: an 11x11 window
SSIM_K1, SSIM_K2 = 0.01, 0.03


def psnr_rgb_db(truth: np.ndarray, image: np.ndarray) -> float:
    """Compute the peak signal-to-noise ratio of two sRGB images.

    Parameters
    ----------
    truth, image : (H, W, 3) uint8 arrays

    Returns
    -------
    float
        dB; infinite where the images are equal.

    References
    ----------
    Equation 1 of the paper, R = 255.
    """
    if np.array_equal(truth, image):
        return float("inf")
    return float(peak_signal_noise_ratio(truth, image, data_range=DATA_RANGE))


def ssim_rgb(truth: np.ndarray, image: np.ndarray) -> float:
    """Compute the structural similarity of two sRGB images, averaged over channels.

    Parameters
    ----------
    truth, image : (H, W, 3) uint8 or float arrays
        0..255, at least 11 px on each side. Computed in single precision for float32, else in
        double.

    Returns
    -------
    float
        In [-1, 1]; 1 where the images are equal.

    References
    ----------
    Wang, Bovik, Sheikh, Simoncelli: Image Quality Assessment: From Error Visibility to Structural
    Similarity. IEEE TIP 13 (2004): 11x11 Gaussian of sigma 1.5, K1 = 0.01, K2 = 0.03.
    """
    return float(
        structural_similarity(
            truth,
            image,
            data_range=DATA_RANGE,
            channel_axis=-1,
            gaussian_weights=True,
            sigma=SSIM_SIGMA,
            use_sample_covariance=False,
            K1=SSIM_K1,
            K2=SSIM_K2,
        )
    )
