"""Predict ab with a packaged model, without decoding photographs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from colorization.colorizing.accepted import MOST_SATURATION, checked_number
from colorization.colorizing.onnx_network import OnnxNetwork
from colorization.colorizing.prepared import Prepared
from colorization.core.errors import ColorizationError
from colorization.core.hashing import sha256_of
from colorization.embedding.standardization import CLASSES, normalize, read_normalization
from colorization.packaging import manifest as packaged

Network = Callable[..., np.ndarray]  # such as OnnxNetwork; takes one array per input


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
        return normalize(self.network(squares), self.mean_and_deviation)


@dataclass(frozen=True)
class Decoder:
    """The network that decodes a distribution over colors to one color.

    Attributes
    ----------
    network : Network
        Maps logits and vividness to ab.
    default : float
        Default vividness, in [0, 1].
    """

    network: Network
    default: float


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
        ab = ("ab", (None, None, None, 2))
        inputs: dict[str, tuple] = {"L": (None, None, None, 1)}
        embedder, decoder = None, None
        if side := manifest.embedder_size:
            network = OnnxNetwork(
                folder / packaged.EMBEDDER,
                {"L": (None, side, side, 1)},
                ("logits", (None, CLASSES)),
            )
            normalization = read_normalization(folder / packaged.STANDARDIZATION)
            embedder = Embedder(network, side, normalization)
            inputs["embedding"] = (None, CLASSES)
        if manifest.vividness is None:
            network = OnnxNetwork(folder / packaged.MODEL, inputs, ab)
        else:
            logits = (None, None, None, manifest.vividness.bins)
            network = OnnxNetwork(folder / packaged.MODEL, inputs, ("logits", logits))
            decode = OnnxNetwork(
                folder / packaged.DECODE, {"logits": logits, "vividness": (None, 1)}, ab
            )
            decoder = Decoder(decode, manifest.vividness.default)
        sha256 = sha256_of(folder / packaged.NAME)
        return cls(network, manifest.image_size, embedder, decoder, sha256)

    def predict(self, photographs: Sequence[Prepared]) -> list[np.ndarray]:
        """Run the network, which takes most of the time; `decode` converts its outputs to ab.

        Parameters
        ----------
        photographs : sequence of Prepared
            Returned by `Colorizer.prepare_input`, of any shapes.

        Returns
        -------
        list of float32 arrays
            For a model with vividness, logits, (H / 2, W / 2, bins); else ab, (H, W, 2).
        """
        outputs: list[np.ndarray] = [np.empty(0)] * len(photographs)
        for shape in dict.fromkeys(photograph.L.shape for photograph in photographs):
            indices = [
                index for index, photograph in enumerate(photographs) if photograph.L.shape == shape
            ]
            luminances, squares = zip(*(photographs[index] for index in indices), strict=True)
            inputs = [np.stack(luminances)]
            if self._embedder is not None:
                inputs.append(self._embedder.embed(np.stack(squares)))
            for index, output in zip(indices, self._network(*inputs), strict=True):
                outputs[index] = output
        return outputs

    def decode(
        self, predicted: np.ndarray, vividness: float | None = None, saturation: float = 1.0
    ) -> np.ndarray:
        """Convert an output of the network to ab.

        Parameters
        ----------
        predicted : float32 array
            One of the arrays returned by `predict`.
        vividness : float, optional
            From 0, the colors that are closest on average, to 1, as colorful as photographs.
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
        ab = predicted
        if self._decoder is not None:
            ab = self._decoder.network(predicted[None], np.full((1, 1), vividness, np.float32))[0]
        return saturation * ab

    def checked_vividness(self, vividness: float | None = None) -> float | None:
        """Return the vividness to use; None for a model without one. Raises as `decode`."""
        if vividness is None:
            return self.vividness
        if self._decoder is None:
            raise ColorizationError("this model has no vividness; use saturation")
        return checked_number("vividness", vividness, 1)
