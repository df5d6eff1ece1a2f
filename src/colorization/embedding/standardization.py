"""Turns logits into embeddings: standardizes them or leaves them raw; needs no Keras."""

import io
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from colorization.core.errors import ColorizationError

CLASSES = 1000  # of ImageNet
SHAPE = (2, CLASSES)  # mean and standard deviation of each class


def fit_normalization(logits: np.ndarray, weights: str) -> np.ndarray:
    """Compute the mean and the deviation by which logits are standardized.

    Parameters
    ----------
    logits : (N, 1000) float32 array
        The logits of the training split.
    weights : str
        `embed.weights`. Logits of a random network can have any magnitude, down to 1e-12,
        so they are standardized. Logits of any other weights stay raw, as in the paper.

    Returns
    -------
    (2, 1000) float32 array
        Mean and standard deviation; zeros and ones where logits stay raw.
    """
    mean, deviation = np.zeros(logits.shape[1]), np.ones(logits.shape[1])
    if weights == "random":
        mean = logits.mean(axis=0, dtype=np.float64)
        deviation = logits.std(axis=0, dtype=np.float64)
        deviation[deviation == 0] = 1
    return np.stack([mean, deviation]).astype(np.float32)


def normalize(logits: np.ndarray, mean_and_deviation: np.ndarray) -> np.ndarray:
    """Standardize logits; gives the embeddings that the models take, (N, 1000) float32."""
    mean, deviation = mean_and_deviation
    return (logits - mean) / deviation


def read_normalization(path: Path) -> np.ndarray:
    """Read the mean and the deviation from a file, which may hold anything.

    Returns
    -------
    (2, 1000) float32 array
        Mean and deviation.

    Raises
    ------
    ColorizationError
        If the file is not such an array as NumPy writes it, or a value is impossible.
    """
    header = _header()
    expected = len(header) + np.prod(SHAPE) * np.dtype(np.float32).itemsize
    try:
        # Reading a pipe or a device would never end.
        content = path.read_bytes() if path.is_file() and path.stat().st_size == expected else b""
    except OSError as error:
        raise ColorizationError(f"{path}: {error.strerror}") from error
    # The header is compared, not parsed: to parse it is to evaluate it as Python, and it decides
    # how much memory is allocated.
    if not content.startswith(header):
        raise ColorizationError(f"{path} is not an array of {SHAPE} float32")
    values = np.frombuffer(content, np.float32, offset=len(header)).reshape(SHAPE)
    if not np.isfinite(values).all() or (values[1] <= 0).any():
        raise ColorizationError(f"{path} does not hold means and deviations")
    return values


def _header() -> bytes:
    written = io.BytesIO()
    npy.write_array_header_1_0(
        written,
        {"descr": np.dtype(np.float32).str, "fortran_order": False, "shape": SHAPE},
    )
    return written.getvalue()
