"""How logits become embeddings: each is standardised, or left as it is; needs no Keras."""

import io
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from colorization.core.errors import ColorizationError

CLASSES = 1000  # of ImageNet
SHAPE = (2, CLASSES)  # mean and deviation of each


def normalization(logits: np.ndarray, weights: str) -> np.ndarray:
    """Mean and deviation by which embeddings are standardised before they are used.

    Parameters
    ----------
    logits : (N, 1000) float32 array
        Of the training split.
    weights : str
        `embed.weights`. Random networks give logits of any magnitude, down to 1e-12, so theirs are
        standardised; real weights keep their raw logits, as in the paper.

    Returns
    -------
    (2, 1000) float32 array
        Mean and deviation; zeros and ones where nothing is standardised.
    """
    mean, deviation = np.zeros(logits.shape[1]), np.ones(logits.shape[1])
    if weights == "random":
        mean = logits.mean(axis=0, dtype=np.float64)
        deviation = logits.std(axis=0, dtype=np.float64)
        deviation[deviation == 0] = 1
    return np.stack([mean, deviation]).astype(np.float32)


def normalize(logits: np.ndarray, mean_and_deviation: np.ndarray) -> np.ndarray:
    """Standardise logits: the embedding as the models take it, (N, 1000) float32."""
    mean, deviation = mean_and_deviation
    return (logits - mean) / deviation


def read_normalization(path: Path) -> np.ndarray:
    """Read what `normalization` returned, from a file that may hold anything.

    Returns
    -------
    (2, 1000) float32 array
        Mean and deviation.

    Raises
    ------
    ColorizationError
        If the file is anything but what NumPy writes of such an array.
    """
    header = _header()
    expected = len(header) + np.prod(SHAPE) * np.dtype(np.float32).itemsize
    try:
        # A pipe or a device would never end.
        content = path.read_bytes() if path.is_file() and path.stat().st_size == expected else b""
    except OSError as error:
        raise ColorizationError(f"{path}: {error.strerror}") from error
    # Compared, not parsed: a header is Python to evaluate, and says how much to allocate.
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
