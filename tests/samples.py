"""Small images, archives and settings that several tests use."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from colorization import arrays, scenes
from colorization.examples import Examples
from colorization.params import Params, load_params

ROOT = Path(__file__).resolve().parent.parent
PARAMS: Params = load_params(ROOT / "profiles" / "quick.yaml")


def scene(seed: int, width: int = 48, height: int = 40) -> np.ndarray:
    """A landscape, (height, width, 3) uint8."""
    return scenes.draw(np.random.default_rng(seed), width, height)


def encoded(image: Image.Image | np.ndarray, kind: str = "PNG", **options: Any) -> bytes:
    """The content of an image file."""
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def examples(folder: Path, count: int, side: int = 32, first_seed: int = 0) -> Examples:
    """Cached arrays of square scenes, with embeddings drawn from a seed."""
    folder.mkdir(parents=True)
    names = [f"{index}.png" for index in range(count)]
    images = (arrays.encode(scene(first_seed + index, side, side)) for index in range(count))
    arrays.write(folder, names, images)
    embeddings = np.random.default_rng(first_seed).normal(size=(count, 1000)).astype(np.float32)
    return Examples(arrays.read(folder), embeddings)
