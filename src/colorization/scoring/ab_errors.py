"""Measures of the error in ab."""

import numpy as np

AUC_THRESHOLD = 150.0  # CIE ab; Zhang et al. (2016), section 3.1


def auc_ab_percent(error: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Compute the area under the curve of the share of pixels with an error of at most a threshold.

    The threshold runs over 0..150. A pixel with error e adds to the curve from e on, so the area
    is the mean of max(0, 1 - e / 150), and no thresholds need to be sampled.

    Parameters
    ----------
    error : (H, W) float array
        Distance in CIE ab.
    weights : (H, W) float array, optional
        Weights of the pixels, for the class-rebalanced area.

    Returns
    -------
    float
        In [0, 100].

    References
    ----------
    Zhang, Isola, Efros: Colorful Image Colorization. ECCV 2016, section 3.1, "raw accuracy (AuC)".
    """
    areas = np.clip(1 - error / AUC_THRESHOLD, 0, None)
    return float(100 * np.average(areas, weights=weights))
