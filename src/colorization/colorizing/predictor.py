"""Predict ab with a packaged model, without decoding photographs."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from colorization.colorizing import palette
from colorization.colorizing.accepted import MOST_SATURATION, checked_number
from colorization.colorizing.hints import Hint, patch_at
from colorization.colorizing.onnx_network import OnnxNetwork, Shape
from colorization.colorizing.prepared import Prepared
from colorization.colorizing.spread import Distances, log_likelihood
from colorization.core.errors import ColorizationError
from colorization.core.hashing import sha256_of
from colorization.embedding.standardization import CLASSES, normalize, read_normalization
from colorization.packaging import manifest as packaged

# Such as OnnxNetwork: takes an array per input, and returns one per output.
Network = Callable[..., Sequence[np.ndarray]]

CERTAIN = 1e6  # a logit that makes one color certain, whatever the others' weights


@dataclass(frozen=True)
class Embedder:
    """The network whose logits a model takes as embedding, and their standardization.

    Attributes
    ----------
    network : Network
    image_size : int
        Side of its square input, px.
    mean_and_deviation : (2, 1000) float32 array
        See `standardization.normalize`.
    """

    network: Network
    image_size: int
    mean_and_deviation: np.ndarray

    def embed(self, squares: np.ndarray) -> np.ndarray:
        """Return the embeddings, (N, 1000) float32, of N squares, (N, S, S, 1) float32."""
        (logits,) = self.network(squares)
        return normalize(logits, self.mean_and_deviation)


@dataclass(frozen=True)
class Decoder:
    """The network that decodes a distribution over colors to one color.

    Attributes
    ----------
    network : Network
        Maps logits and vividness to ab.
    default : float
        Default vividness, in [0, 1].
    bins : int
        Number of colors.
    """

    network: Network
    default: float
    bins: int

    def decode(self, logits: np.ndarray, vividness: float) -> np.ndarray:
        """Return ab, (N, 2 H, 2 W, 2) float32, of logits, (N, H, W, bins) float32."""
        (ab,) = self.network(logits, np.full((len(logits), 1), vividness, np.float32))
        return ab

    @functools.cached_property
    def centers(self) -> np.ndarray:
        """The colors of the bins, (bins, 2) float32, CIE a*, b* / AB_SCALE."""
        certain = np.eye(self.bins, dtype=np.float32) * np.float32(CERTAIN)
        return self.decode(certain[:, None, None], self.default)[:, 0, 0]


class Predictor:
    """Predicts ab of prepared photographs.

    Attributes
    ----------
    image_size : int
        Shorter side of the network's input, px.
    embedder_size : int or None
        Side of the embedding network's square input, px; None for a model without one.
    vividness : float or None
        Default vividness, in [0, 1]; None for a model without one.
    takes_hints : bool
        Whether the model predicts a distribution over colors.
    sha256 : str
        The sha256 of the package's manifest, which lists the sha256 of each file.

    Parameters
    ----------
    network : Network
        Maps L, and an embedding if there is an embedder, to ab, or to logits if there is a decoder.
    image_size : int
    embedder : Embedder or None
        None for a model that takes no embedding.
    decoder : Decoder or None
        None for a model that predicts ab directly.
    sha256 : str
    """

    def __init__(
        self,
        network: Network,
        image_size: int,
        embedder: Embedder | None,
        decoder: Decoder | None,
        sha256: str,
    ) -> None:
        self.image_size = image_size
        self.embedder_size = embedder.image_size if embedder else None
        self.sha256 = sha256
        self.vividness = decoder.default if decoder else None
        self.takes_hints = decoder is not None
        self._network = network
        self._embedder = embedder
        self._decoder = decoder

    @classmethod
    def load(cls, model: str | Path | None = None) -> Self:
        """Load a packaged model.

        Parameters
        ----------
        model : path, optional
            A folder written by the stage `package`. Default: the released model.

        Raises
        ------
        ColorizationError
            If the package is incomplete, or a file in it is not the one that was packaged.
        """
        folder = packaged.RELEASED if model is None else Path(model)
        manifest = packaged.read_manifest(folder)
        inputs: dict[str, Shape] = {"L": (None, None, None, 1)}
        embedder, decoder = None, None
        if side := manifest.embedder_size:
            network = OnnxNetwork(
                folder / packaged.EMBEDDER,
                {"L": (None, side, side, 1)},
                {"logits": (None, CLASSES)},
            )
            normalization = read_normalization(folder / packaged.STANDARDIZATION)
            embedder = Embedder(network, side, normalization)
            inputs["embedding"] = (None, CLASSES)
        outputs: dict[str, Shape] = {"ab": (None, None, None, 2)}
        if manifest.vividness:
            bins = manifest.vividness.bins
            logits: dict[str, Shape] = {"logits": (None, None, None, bins)}
            decode = OnnxNetwork(
                folder / packaged.DECODE, logits | {"vividness": (None, 1)}, outputs
            )
            decoder = Decoder(decode, manifest.vividness.default, bins)
            outputs = logits
        network = OnnxNetwork(folder / packaged.MODEL, inputs, outputs)
        sha256 = sha256_of(folder / packaged.NAME)
        return cls(network, manifest.image_size, embedder, decoder, sha256)

    def predict(
        self, photographs: Sequence[Prepared], hints: Sequence[Sequence[Hint]] | None = None
    ) -> list[np.ndarray]:
        """Run the networks, which takes most of the time; `decode` converts their outputs to ab.

        Parameters
        ----------
        photographs : sequence of Prepared
            Returned by `Colorizer.prepare_input`, of any shapes.
        hints : sequence of sequences of Hint, optional
            Of each photograph. Default: no hints.

        Returns
        -------
        list of float32 arrays
            For a model with vividness, logits, (H / 2, W / 2, bins); else ab, (H, W, 2).

        Raises
        ------
        ColorizationError
            If there are hints and the model takes none, or one is outside its photograph.
        """
        hints = hints or [()] * len(photographs)
        return [
            self.apply_hints(self._predict(photograph), photograph, given)
            for photograph, given in zip(photographs, hints, strict=True)
        ]

    def _predict(self, photograph: Prepared) -> np.ndarray:
        # One at a time: a batch would take as long in one thread, and far more memory.
        inputs = [photograph.L[np.newaxis]]
        if self._embedder is not None and photograph.square is not None:
            inputs.append(self._embedder.embed(photograph.square[np.newaxis]))
        (outputs,) = self._network(*inputs)
        return outputs[0].copy()  # ONNX Runtime's memory is limited

    def apply_hints(
        self,
        predicted: np.ndarray,
        photograph: Prepared,
        hints: Sequence[Hint],
        distances: Distances | None = None,
    ) -> np.ndarray:
        """Add hints to a prediction, without running the networks; see `spread`.

        Parameters
        ----------
        predicted : (H / 2, W / 2, bins) float32 array
            Returned by `predict` without hints.
        photograph : Prepared
        hints : sequence of Hint
            If there are none, `predicted` may be of any kind.
        distances : Distances, optional
            See `log_likelihood`.

        Returns
        -------
        float32 array
            Like `predicted`.

        Raises
        ------
        ColorizationError
            As `predict`.
        """
        if not hints:
            return predicted
        if self._decoder is None:
            raise ColorizationError("this model takes no hints")
        centers = self._decoder.centers
        return predicted + log_likelihood(hints, photograph, predicted, centers, distances)

    def decode(
        self, predicted: np.ndarray, vividness: float | None = None, saturation: float = 1.0
    ) -> np.ndarray:
        """Convert an output of the network to ab.

        Parameters
        ----------
        predicted : float32 array
            One of the arrays returned by `predict`.
        vividness : float, optional
            From 0, the mean of the likely colors, to 1, as colorful as photographs.
            Default: the model's own.
        saturation : float
            Factor on a and b, from 0 to 100.

        Returns
        -------
        (H, W, 2) float32 array
            CIE a*, b* / AB_SCALE.

        Raises
        ------
        ColorizationError
            If `vividness` is given and the model has none, or a number is out of range.
        """
        saturation = checked_number("saturation", saturation, MOST_SATURATION)
        vividness = self.checked_vividness(vividness)
        if self._decoder is None or vividness is None:
            return saturation * predicted
        (ab,) = self._decoder.decode(predicted[None], vividness)
        return saturation * ab

    def likely_colors(
        self, predicted: np.ndarray, photograph: Prepared, x: float, y: float, count: int
    ) -> list[str]:
        """Choose the likeliest colors of a place that look different; see `palette`.

        Parameters
        ----------
        predicted : (H / 2, W / 2, bins) float32 array
            Returned by `predict`.
        photograph : Prepared
        x, y : float
            Distance from the left and the upper edge of the upright photograph, px.
        count : int

        Returns
        -------
        list of str
            "#rrggbb", sRGB at the L of the place, the likeliest first; `count` or fewer.

        Raises
        ------
        ColorizationError
            If the model predicts no distribution, or the place is outside the photograph.
        """
        if self._decoder is None:
            raise ColorizationError("this model predicts one color for a place, not several")
        logits, L = (
            array[patch_at(x, y, photograph.size, array.shape, photograph.picture)]
            for array in (predicted, photograph.L)
        )
        shares = palette.softmax(logits).mean(axis=(0, 1))
        return palette.likely_colors(shares, self._decoder.centers, float(L.mean()), count)

    def checked_vividness(self, vividness: float | None = None) -> float | None:
        """Return the vividness to use; None for a model without one. Raises as `decode`."""
        if vividness is None:
            return self.vividness
        if self._decoder is None:
            raise ColorizationError("this model has no vividness; use saturation")
        return checked_number("vividness", vividness, 1)
