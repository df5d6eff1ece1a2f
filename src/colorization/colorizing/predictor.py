"""A packaged model without what decodes photographs: it leads from luminance to colors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from colorization.colorizing.accepted import checked_number
from colorization.colorizing.onnx_network import OnnxNetwork
from colorization.core.errors import ColorizationError
from colorization.core.hashing import sha256_of
from colorization.embedding import resizing
from colorization.embedding.standardization import CLASSES, normalize, read_normalization
from colorization.packaging import manifest as packaged

Network = Callable[..., np.ndarray]  # such as OnnxNetwork; takes one array for each input


@dataclass(frozen=True)
class Embedder:
    """The network whose logits a model takes as embedding, and their standardization.

    Attributes
    ----------
    network : Network
    image_size : int
        px, the side of the squares that it sees.
    mean_and_deviation : (2, 1000) float32 array
        See `standardization.normalize`.
    """

    network: Network
    image_size: int
    mean_and_deviation: np.ndarray

    def embed(self, seen: Sequence[np.ndarray]) -> np.ndarray:
        """Give the embeddings, (N, 1000) float32, of N arrays L, each (H, W, 1) of any size."""
        squares = np.stack([resizing.resize_square(L, self.image_size) for L in seen])
        return normalize(self.network(squares), self.mean_and_deviation)


@dataclass(frozen=True)
class Dial:
    """The network that chooses colors among those that a model finds likely.

    Attributes
    ----------
    network : Network
        Maps the model's prediction and the dial's position to ab.
    default : float
        Position unless another is asked for, in [0, 1].
    """

    network: Network
    default: float


class Predictor:
    """Predicts the colors of a photograph from its luminance.

    Attributes
    ----------
    image_size : int
        The shorter side, in px, of the images that the network sees.
    vividness : float or None
        Default position of the model's dial, in [0, 1]; None for a model without a dial.
    sha256 : str
        The sha256 of the package's manifest, which lists the sha256 of each file.

    Parameters
    ----------
    network : Network
        Maps L, and an embedding if there is an embedder, to ab, or to the dial's input.
    image_size : int
    embedder : Embedder or None
        None for a model that takes no embedding.
    dial : Dial or None
        None for a model without a dial.
    sha256 : str
    """

    def __init__(
        self,
        network: Network,
        image_size: int,
        embedder: Embedder | None,
        dial: Dial | None,
        sha256: str,
    ) -> None:
        self.image_size = image_size
        self.sha256 = sha256
        self.vividness = dial.default if dial else None
        self._network = network
        self._embedder = embedder
        self._dial = dial

    @classmethod
    def load(cls, model: str | Path | None = None) -> Self:
        """Load a packaged model.

        Parameters
        ----------
        model : path, optional
            A folder that the stage `package` made, here or elsewhere. By default, the released
            model.

        Raises
        ------
        ColorizationError
            If the package is incomplete, or a file in it is not the one that was packaged.
        """
        folder = packaged.RELEASED if model is None else Path(model)
        manifest = packaged.read_manifest(folder)
        colors = ("ab", (None, None, None, 2))
        inputs: dict[str, tuple] = {"L": (None, None, None, 1)}
        embedder, dial = None, None
        if side := manifest.embedder_size:
            network = OnnxNetwork(
                folder / packaged.EMBEDDER,
                {"L": (None, side, side, 1)},
                ("logits", (None, CLASSES)),
            )
            normalization = read_normalization(folder / packaged.STANDARDIZATION)
            embedder = Embedder(network, side, normalization)
            inputs["embedding"] = (None, CLASSES)
        if manifest.dial is None:
            network = OnnxNetwork(folder / packaged.MODEL, inputs, colors)
        else:
            logits = (None, None, None, manifest.dial.bins)
            network = OnnxNetwork(folder / packaged.MODEL, inputs, ("logits", logits))
            turning = OnnxNetwork(
                folder / packaged.DIAL, {"logits": logits, "vividness": (None, 1)}, colors
            )
            dial = Dial(turning, manifest.dial.default)
        sha256 = sha256_of(folder / packaged.NAME)
        return cls(network, manifest.image_size, embedder, dial, sha256)

    def predict(self, seen: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Run the network, which takes most of the time; `turn` makes ab of its predictions.

        Parameters
        ----------
        seen : sequence of (H, W, 1) float32 arrays
            As `see` gives them, of any shapes.

        Returns
        -------
        list of float32 arrays
            For a model with a dial, how likely each color is, (H / 2, W / 2, bins); else ab.
        """
        embeddings = None if self._embedder is None else self._embedder.embed(seen)
        found: list[np.ndarray] = [np.empty(0)] * len(seen)
        for shape in dict.fromkeys(L.shape for L in seen):
            alike = [index for index, L in enumerate(seen) if L.shape == shape]
            inputs = [np.stack([seen[index] for index in alike])]
            if embeddings is not None:
                inputs.append(embeddings[alike])
            for index, predicted in zip(alike, self._network(*inputs), strict=True):
                found[index] = predicted
        return found

    def turn(self, predicted: np.ndarray, vividness: float | None = None) -> np.ndarray:
        """Give the colors of a photograph at a position of the model's dial.

        Parameters
        ----------
        predicted : float32 array
            As `predict` gives it.
        vividness : float, optional
            From 0, the colors that are closest on average, to 1, as colorful as photographs are.
            By default, the model's own position.

        Returns
        -------
        (H, W, 2) float32 array
            CIE a*, b* / AB_SCALE.

        Raises
        ------
        ColorizationError
            If `vividness` is given and the model has no dial, or it is outside [0, 1].
        """
        position = self.position(vividness)
        if self._dial is None or position is None:
            return predicted
        return self._dial.network(predicted[None], np.full((1, 1), position, np.float32))[0]

    def position(self, vividness: float | None = None) -> float | None:
        """Give the dial's position; None for a model without a dial. Raises as `turn`."""
        if vividness is None:
            return self.vividness
        if self._dial is None:
            raise ColorizationError("this model has no vividness to choose; use saturation")
        return checked_number("vividness", vividness, 1)
