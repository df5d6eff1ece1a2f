"""What files of a package must hold, seen without Keras and before anything loads them."""

import io
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from colorization.backbones.hdf5 import check_weights_file
from colorization.colorizing.manifest import STANDARDIZATION
from colorization.core.errors import ColorizationError, reason

SHAPE = (2, 1000)  # mean and deviation of each of ImageNet's classes


def check_weights(folder: Path) -> None:
    """Refuse a model directory whose weights are damaged, or of a training that diverged.

    Raises
    ------
    ColorizationError
    """
    try:
        check_weights_file(folder / "model.weights.h5")
    except Exception as error:  # HDF5 can end in any where a file is damaged
        raise ColorizationError(f"{folder}: {reason(error)}") from error


def read_standardization(folder: Path) -> np.ndarray:
    """Read by what the logits are standardised, from a package or a model directory.

    Returns
    -------
    (2, 1000) float32 array
        Mean and deviation.

    Raises
    ------
    ColorizationError
        If the file is anything but what NumPy writes of such an array.
    """
    path, header = folder / STANDARDIZATION, _header()
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
