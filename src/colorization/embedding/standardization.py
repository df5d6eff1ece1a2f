"""Standardizes logits; does not import Keras."""

import io
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from colorization.core.errors import ColorizationError

CLASSES = 1000  # of ImageNet
SHAPE = (2, CLASSES)  # mean and standard deviation of each class


# Mean and deviation that leave logits as they are.
RAW = np.stack([np.zeros(CLASSES, np.float32), np.ones(CLASSES, np.float32)])


def fit_normalization(logits: np.ndarray) -> np.ndarray:
    """Compute the mean and the standard deviation with which logits are standardized.

    Logits of other networks have other magnitudes, those of random ones down to 1e-12; embeddings
    are concatenated with features whose magnitude is about 1.

    Parameters
    ----------
    logits : (N, 1000) float32 array
        The logits of the training split.

    Returns
    -------
    (2, 1000) float32 array
        Mean and standard deviation; a logit that never varies has a deviation of 1.
    """
    mean = logits.mean(axis=0, dtype=np.float64)
    deviation = logits.std(axis=0, dtype=np.float64)
    deviation[deviation == 0] = 1
    return np.stack([mean, deviation]).astype(np.float32)


def normalize(logits: np.ndarray, mean_and_deviation: np.ndarray) -> np.ndarray:
    """Standardize logits, (N, 1000) float32; the result is the models' embeddings."""
    mean, deviation = mean_and_deviation
    return (logits - mean) / deviation


def denormalize(embeddings: np.ndarray, mean_and_deviation: np.ndarray) -> np.ndarray:
    """Return the logits, (N, 1000) float32, of which `normalize` made embeddings."""
    mean, deviation = mean_and_deviation.astype(np.float64)
    return (embeddings * deviation + mean).astype(np.float32)


def read_normalization(path: Path) -> np.ndarray:
    """Read mean and standard deviation from an untrusted file.

    Returns
    -------
    (2, 1000) float32 array
        Mean and standard deviation.

    Raises
    ------
    ColorizationError
        If the file is not such an array in NumPy's format, or a value is invalid.
    """
    header = _header()
    expected = len(header) + np.prod(SHAPE) * np.dtype(np.float32).itemsize
    try:
        # Reading a pipe or a device might never end.
        content = path.read_bytes() if path.is_file() and path.stat().st_size == expected else b""
    except OSError as error:
        raise ColorizationError(f"{path}: {error.strerror}") from error
    # The header is compared, not parsed: NumPy would evaluate it as a Python literal, and allocate
    # as much memory as it says.
    if not content.startswith(header):
        raise ColorizationError(f"{path} is not an array of {SHAPE} float32")
    values = np.frombuffer(content, np.float32, offset=len(header)).reshape(SHAPE)
    if not np.isfinite(values).all() or (values[1] <= 0).any():
        raise ColorizationError(f"{path} does not contain means and standard deviations")
    return values


def _header() -> bytes:
    buffer = io.BytesIO()
    npy.write_array_header_1_0(
        buffer,
        {"descr": np.dtype(np.float32).str, "fortran_order": False, "shape": SHAPE},
    )
    return buffer.getvalue()
