"""How far hints reach: to what looks alike, and not beyond edges.

A hint is an observation of the color of its place. By Bayes' rule, the predicted probability of
each color is multiplied by the likelihood of the hint given this color: a Gaussian around the
hint's color. Away from its place a hint counts for less: the logarithm of its likelihood is
multiplied by exp(-d). The geodesic distance d is the least sum of steps and of squared changes of
color over all paths to the hint: squared, one edge counts for more than much shading. Colors are
the photograph's L and the mean of the predicted distribution, so that what the network recognizes
has edges, too. Networks need no training for it.

References
----------
Yatziv, Sapiro: Fast Image and Video Colorization Using Chrominance Blending. IEEE Transactions on
Image Processing, 2006: blends given colors by their geodesic distances in luminance.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from colorization.color import lab
from colorization.color.lab import AB_SCALE
from colorization.colorizing.hints import Color, Hint, pixel_at
from colorization.colorizing.palette import softmax
from colorization.colorizing.prepared import Prepared

ERROR = 5.0  # of a hint, in CIE ab: the standard deviation of the Gaussian
# At each of these the weight of a hint has fallen to 1 / e.
REACH = 0.8  # of the shorter side of the photograph, in one color
CONTRAST = 4.0  # from one pixel to the next: CIE76, the distance of their colors in CIE Lab
BLENDING = 4  # power of the distances by which the colors of several hints are blended

Index = tuple[slice, slice]
Step = tuple[Index, Index, np.ndarray]
Place = frozenset[tuple[int, int]]  # rows and columns of pixels


class Distances:
    """Each pixel's geodesic distances from the places of hints, in one photograph.

    Those of the last hints are kept, so that one more hint costs one computation. They take as
    much memory as a channel of the prediction for each color. Several threads may use them.
    """

    def __init__(self) -> None:
        self._kept: dict[Place, np.ndarray] = {}

    @property
    def nbytes(self) -> int:
        """Bytes of memory used."""
        return sum(distances.nbytes for distances in self._kept.values())

    def from_places(
        self,
        places: Sequence[Place],
        photograph: Prepared,
        predicted: np.ndarray,
        centers: np.ndarray,
    ) -> np.ndarray:
        """Return the distances from each place, (places, H, W) float32.

        Parameters
        ----------
        places : sequence of Place
        photograph, predicted, centers
            See `log_likelihood`; the same ones in each call.
        """
        kept = self._kept  # another thread may replace it
        new = [place for place in places if place not in kept]
        if new:
            image = _expected_lab(photograph.L, predicted, centers)
            steps = list(_steps(image))
            shape = image.shape[:2]
            kept = kept | {place: _geodesic_distances(place, shape, steps) for place in new}
        self._kept = {place: kept[place] for place in places}
        return np.stack([kept[place] for place in places])


def log_likelihood(
    hints: Sequence[Hint],
    photograph: Prepared,
    predicted: np.ndarray,
    centers: np.ndarray,
    distances: Distances | None = None,
) -> np.ndarray:
    """Compute the weighted logarithm of the likelihood of hints, given each color.

    Parameters
    ----------
    hints : sequence of Hint
        At least one.
    photograph : Prepared
    predicted : (H, W, bins) float32 array
        Logits.
    centers : (bins, 2) float32 array
        The colors, CIE a*, b* / AB_SCALE.
    distances : Distances, optional
        Of former hints of this prediction. They save time and do not change the result.

    Returns
    -------
    (H, W, bins) float32 array
        To be added to the logits; but for a summand that all colors of a pixel share.

    Raises
    ------
    ColorizationError
        If a hint is outside the photograph, or on its border.
    """
    places = _places(hints, photograph, predicted.shape)
    distances = Distances() if distances is None else distances
    by_color = distances.from_places(list(places.values()), photograph, predicted, centers)
    nearest = by_color.min(axis=0)
    with np.errstate(invalid="ignore"):
        shares = np.nan_to_num(nearest / by_color, nan=1.0) ** BLENDING  # 0 / 0 at a hint's place
    _, colors = lab.rgb_to_lab(np.array([[*places]], np.uint8))
    blended = np.tensordot(shares / shares.sum(axis=0), colors[0], axes=(0, 0))
    precision = np.exp(-nearest) / np.float32(ERROR / AB_SCALE) ** 2
    return precision[..., None] * (blended @ centers.T - np.square(centers).sum(axis=1) / 2)


def _places(
    hints: Sequence[Hint], photograph: Prepared, shape: tuple[int, ...]
) -> dict[Color, Place]:
    """Return the pixels of each color. Of two hints of one pixel, the later one counts."""
    colors = {
        pixel_at(hint.x, hint.y, photograph.size, shape, photograph.picture): hint.color
        for hint in hints
    }
    places: dict[Color, set[tuple[int, int]]] = {hint.color: set() for hint in hints}
    for pixel, color in colors.items():
        places[color].add(pixel)
    return {color: frozenset(pixels) for color, pixels in places.items() if pixels}


def _expected_lab(L: np.ndarray, logits: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """Return the photograph in the mean colors of the distributions, (H, W, 3), CIE Lab."""
    height, width, _ = logits.shape
    reduced = L.reshape(height, len(L) // height, width, -1).mean(axis=(1, 3))
    return lab.to_cie(reduced[..., None], softmax(logits) @ centers)


def _steps(image: np.ndarray) -> Iterator[Step]:
    """Yield the indices of neighbors in each of four directions, and how far they are apart."""
    step = 1 / (REACH * min(image.shape[:2]))
    whole, first, last = slice(None), slice(None, -1), slice(1, None)
    for one, other, steps in (
        ((whole, first), (whole, last), 1),
        ((first, whole), (last, whole), 1),
        ((first, first), (last, last), 2**0.5),
        ((first, last), (last, first), 2**0.5),
    ):
        change = np.square((image[one] - image[other]) / CONTRAST).sum(axis=-1)
        yield one, other, (steps * step + change).astype(np.float32)


def _geodesic_distances(place: Place, shape: tuple[int, ...], steps: Sequence[Step]) -> np.ndarray:
    """Compute each pixel's distance from the nearest pixel of a place; (H, W) float32.

    By relaxation: each pixel's distance is at most that of a neighbor and the way from there.
    """
    distances = np.full(shape, np.inf, np.float32)
    for pixel in place:
        distances[pixel] = 0
    neighbors = [(distances[one], distances[other], length) for one, other, length in steps]
    changed = True
    while changed:
        before = distances.copy()
        for one, other, length in neighbors:
            np.minimum(other, one + length, out=other)
            np.minimum(one, other + length, out=one)
        changed = not np.array_equal(distances, before)
    return distances
