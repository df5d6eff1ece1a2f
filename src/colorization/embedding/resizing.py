"""Resizes arrays bilinearly, like TensorFlow and JAX."""

import numpy as np


def resize_square(L: np.ndarray, side: int) -> np.ndarray:
    """Resize L to the square that an embedding network takes; the aspect ratio is not kept.

    Parameters
    ----------
    L : (..., H, W, 1) float32 array
    side : int
        Side of the square in px.

    Returns
    -------
    (..., side, side, 1) float32 array
        Bilinear where L is enlarged, antialiased where it is reduced; see `resize_matrix`.
    """
    height, width = L.shape[-3:-1]
    if height == width == side:
        return L
    wide = _resized(L.reshape(-1, height, width), resize_matrix(width, side))
    square = _resized(wide.swapaxes(1, 2), resize_matrix(height, side)).swapaxes(1, 2)
    return square.reshape(*L.shape[:-3], side, side, 1)


def _resized(lines: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Multiply lines, (N, M, from_px), by a matrix with few nonzero weights in each row.

    The sum is computed weight by weight: a dense product would occupy all cores, and add in an
    undefined order.
    """
    first = np.argmax(matrix > 0, axis=1)
    max_weights = int(np.count_nonzero(matrix, axis=1).max())
    resized = np.zeros((*lines.shape[:2], len(matrix)), np.float32)
    for offset in range(max_weights):
        column = np.minimum(first + offset, matrix.shape[1] - 1)
        weight = np.where(
            first + offset < matrix.shape[1], matrix[np.arange(len(matrix)), column], 0
        )
        resized += weight.astype(np.float32) * lines[..., column]
    return resized


def resize_matrix(from_px: int, to_px: int) -> np.ndarray:
    """Compute the matrix that resizes a line of pixels; images are resized along each axis in turn.

    Parameters
    ----------
    from_px, to_px : int
        Length of the input and of the output.

    Returns
    -------
    (to_px, from_px) float32 array
        The weight of each input pixel for each output pixel; rows sum to 1. Weights fall linearly
        from the output pixel's center to 0, at a distance of one input pixel or, where the line is
        reduced, one output pixel.

    Notes
    -----
    `tf.image.resize(..., antialias=True)` and `jax.image.resize(..., "linear")` do the same, with
    half-pixel centers. The weights are computed in float32 like theirs: in double precision some
    would differ from theirs by 2e-5.
    """
    reduction = np.float32(1) / (np.float32(to_px) / np.float32(from_px))
    inputs = np.arange(from_px, dtype=np.float32) + np.float32(0.5)
    outputs = (np.arange(to_px, dtype=np.float32) + np.float32(0.5)) * reduction
    distance = np.abs(inputs - outputs[:, None]) / max(reduction, np.float32(1))
    weights = np.maximum(1 - distance, 0)
    return weights / weights.sum(axis=1, keepdims=True)
